"""Clustering of the reduced vectors with HDBSCAN or KMeans."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from topicloom.clusters.membership import membership_vectors
from topicloom.settings.clusters import HdbscanSettings, KMeansSettings
from topicloom.settings.schema import DEFAULT_SIZE


@dataclass(frozen=True)
class Clustering:
    """Documents in clusters.

    Args:
        clusters: (n,) int64, -1 for outliers.
        probability: (n,) float64, how surely each document belongs to its cluster; None under KMeans.
        model: The fitted HDBSCAN or KMeans.
    """

    clusters: NDArray[np.int64]
    probability: NDArray[np.float64] | None
    model: Any


def cluster_by_hdbscan(
    vectors: NDArray[np.floating[Any]], hdbscan: HdbscanSettings, *, memberships: bool = True
) -> Clustering:
    """Cluster by density with HDBSCAN, which finds the number of clusters and leaves out what is not dense.

    Args:
        vectors: (n, d) reduced vectors, n at least the size of a cluster.
        hdbscan: HDBSCAN's parameters. Where min_cluster_size is left out it is 10.
        memberships: Whether the probability comes from membership vectors, as the notebook has it; else it is HDBSCAN's
            own strength, sooner.

    Returns:
        The clusters, how surely each document belongs to its own, and the fitted hdbscan.HDBSCAN with prediction data.

    Raises:
        ValueError: There are fewer documents than min_samples.

    Example:
        >>> import numpy as np
        >>> from topicloom.settings.clusters import HdbscanSettings
        >>> rng = np.random.default_rng(1)
        >>> points = np.concatenate([rng.normal(centre, 0.1, (30, 2)) for centre in (0, 5)])
        >>> found = cluster_by_hdbscan(points, HdbscanSettings(min_cluster_size=10))
        >>> np.unique(found.clusters).tolist(), found.probability.shape
        ([0, 1], (60,))

    Source: Campello, Moulavi and Sander (2013); McInnes, Healy and Astels (2017), the hdbscan library.
    """
    from hdbscan import HDBSCAN

    from topicloom.clusters.core_distances import searched_in_tree_order

    model = HDBSCAN(
        min_cluster_size=hdbscan.min_cluster_size or DEFAULT_SIZE,
        min_samples=hdbscan.min_samples,
        metric=hdbscan.metric,
        cluster_selection_method=hdbscan.cluster_selection_method,
        cluster_selection_epsilon=hdbscan.cluster_selection_epsilon,
        prediction_data=True,
        core_dist_n_jobs=1,  # the tree searches on every core by itself
    )
    with searched_in_tree_order():
        model.fit(vectors)
    model.core_dist_n_jobs = HDBSCAN().core_dist_n_jobs  # what is saved states the notebook's parameters
    clusters = model.labels_.astype(np.int64)
    probability = _assigned_probability(clusters, membership_vectors(model)) if memberships else model.probabilities_
    return Clustering(clusters, probability, model)


def _assigned_probability(clusters: NDArray[np.int64], rows: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
    """BERTopic's Probability, (n,) float64, from membership vectors in blocks of rows.

    The largest entry of a document's row where it is assigned, and 1 minus the row's sum where it is an outlier;
    0 where there is no cluster at all, as BERTopic has it. Only these two numbers of a row are kept.
    """
    ends = [(block.max(axis=1), block.sum(axis=1)) for block in rows if block.shape[1]]
    if not ends:
        return np.zeros(len(clusters))
    largest, total = (np.concatenate(parts) for parts in zip(*ends, strict=True))
    probability: NDArray[np.float64] = np.where(clusters == -1, 1 - total, largest)
    return probability


def cluster_by_kmeans(vectors: NDArray[np.floating[Any]], topics: int, kmeans: KMeansSettings, seed: int) -> Clustering:
    """Cluster into a number of clusters with KMeans, which leaves no document out.

    Args:
        vectors: (n, d) reduced vectors.
        topics: How many clusters, at most n.
        kmeans: KMeans' parameters.
        seed: Decides the starts. The same seed gives the same clusters, bit for bit, on any number of cores.

    Returns:
        The clusters and the fitted sklearn.cluster.KMeans; there is no probability.

    Raises:
        ValueError: There are fewer documents than clusters.

    Example:
        >>> import numpy as np
        >>> from topicloom.settings.clusters import KMeansSettings
        >>> found = cluster_by_kmeans(np.array([[0.0], [0.1], [9.0]]), 2, KMeansSettings(), seed=100)
        >>> bool(found.clusters[0] == found.clusters[1] != found.clusters[2]), found.probability
        (True, None)

    Source: Lloyd (1982), Arthur and Vassilvitskii (2007); scikit-learn.
    """
    from threadpoolctl import threadpool_limits

    model = KMeans(n_clusters=topics, n_init=kmeans.n_init, max_iter=kmeans.max_iter, random_state=seed)
    # Threads would add up the centres in any order, and the last bits with it.
    with threadpool_limits(limits=1):
        model.fit(vectors)
    return Clustering(model.labels_.astype(np.int64), None, model)
