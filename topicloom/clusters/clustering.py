"""Clustering of the reduced vectors with HDBSCAN or KMeans."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from topicloom.clusters.membership import membership_vectors
from topicloom.settings.schema import TopicModelSettings


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


def cluster_documents(reduced: NDArray[np.float32], settings: TopicModelSettings, seed: int) -> Clustering:
    """Cluster reduced vectors: HDBSCAN when n_topics is 0, else KMeans with that many clusters.

    Args:
        reduced: (n, d) float32.
        settings: Of the section tmo.
        seed: Of KMeans; HDBSCAN has none.

    Returns:
        The clusters, how surely each document belongs to its own, and the fitted model.
    """
    return _hdbscan(reduced, settings) if settings.method == "hdbscan" else _kmeans(reduced, settings, seed)


def _hdbscan(reduced: NDArray[np.float32], settings: TopicModelSettings) -> Clustering:
    from hdbscan import HDBSCAN

    from topicloom.clusters.core_distances import searched_in_tree_order

    model = HDBSCAN(
        min_cluster_size=settings.min_cluster_size,
        min_samples=settings.hdbscan.min_samples,
        metric=settings.hdbscan.metric,
        cluster_selection_method=settings.hdbscan.cluster_selection_method,
        cluster_selection_epsilon=settings.hdbscan.cluster_selection_epsilon,
        prediction_data=True,
        core_dist_n_jobs=1,  # the tree searches on every core by itself
    )
    with searched_in_tree_order():
        model.fit(reduced)
    model.core_dist_n_jobs = HDBSCAN().core_dist_n_jobs  # what is saved states the notebook's parameters
    clusters = model.labels_.astype(np.int64)
    probability = model.probabilities_
    if settings.represent.calculate_probabilities:
        probability = assigned_probability(clusters, membership_vectors(model))
    return Clustering(clusters, probability, model)


def assigned_probability(clusters: NDArray[np.int64], rows: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
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


def _kmeans(reduced: NDArray[np.float32], settings: TopicModelSettings, seed: int) -> Clustering:
    from threadpoolctl import threadpool_limits

    model = KMeans(
        n_clusters=settings.n_topics,
        n_init=settings.kmeans.n_init,
        max_iter=settings.kmeans.max_iter,
        random_state=seed,
    )
    # Threads would add up the centres in any order, and the last bits with it.
    with threadpool_limits(limits=1):
        model.fit(reduced)
    return Clustering(model.labels_.astype(np.int64), None, model)


def condensed_tree(model: Any) -> NDArray[np.void]:
    """The condensed tree of a fitted HDBSCAN: a structured array of parent, child, lambda_val, child_size."""
    tree: NDArray[np.void] = model.condensed_tree_.to_numpy()
    return tree
