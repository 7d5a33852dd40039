"""Soft cluster membership of new points by a fitted HDBSCAN, all at once instead of point by point.

Source: the prediction module of the hdbscan library, whose `membership_vector` gives the same numbers up to
floating-point order (1e-12).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from topicloom.clusters.membership import membership_tree, merge_heights
from topicloom.machine.guards import holds, tell_slower
from topicloom.progress import tell
from topicloom.space.new_papers import Surroundings

_BLOCK_BYTES = 64 << 20  # of one (points, exemplars) table
_NO_ZERO = 1e-8  # what the library puts in the place of a zero


def membership_vector(model: Any, points: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Membership vectors of new points; a fast stand-in for the hdbscan function of that name.

    Args:
        model: A fitted hdbscan.HDBSCAN with prediction_data=True, of metric euclidean or manhattan.
        points: (m, d).

    Returns:
        (m, clusters) float64; with no cluster there are no columns.

    Raises:
        ValueError: The model has another metric.

    Example:
        >>> from hdbscan import HDBSCAN
        >>> points = np.concatenate([np.zeros((20, 2)), np.ones((20, 2))]) + np.arange(40)[:, None] / 1000
        >>> model = HDBSCAN(min_cluster_size=5, prediction_data=True).fit(points)
        >>> bool(membership_vector(model, np.array([[1.02, 1.02]])).argmax() == model.labels_[39])
        True

    Source: Campello, Moulavi and Sander (2013), section 5; the prediction module of the hdbscan library.
    """
    if model.metric not in ("euclidean", "manhattan"):
        raise ValueError(f"the metric is {model.metric!r}; it must be 'euclidean' or 'manhattan'")
    clusters = int(model.labels_.max(initial=-1)) + 1
    if not clusters or not len(points):
        return np.zeros((len(points), clusters))
    wide: NDArray[np.float64] = np.ascontiguousarray(points, dtype=np.float64)
    if _insides_hold():
        return _from_heights(model, wide)
    import hdbscan

    found: NDArray[np.float64] = hdbscan.membership_vector(model, wide)
    return found


@functools.cache
def _insides_hold() -> bool:
    """Whether hdbscan keeps what is read here as it did; one line says so where it does not.

    60 points are clustered, and the membership of others is compared with what hdbscan's own function says.
    """
    known = holds(_equal_on_few_points)
    if not known:
        tell_slower(
            "hdbscan",
            "keeps what prediction needs in another way",
            "Its own, slower function gives the memberships of new papers.",
        )
    return known


def _equal_on_few_points() -> bool:
    import hdbscan

    points = np.sin(np.arange(240.0) ** 2).reshape(80, 3)
    points[::2] += 5
    model = hdbscan.HDBSCAN(min_cluster_size=5, prediction_data=True).fit(points[:60])
    ours = _from_heights(model, points[60:])
    return ours.shape[1] >= 2 and np.allclose(
        ours, hdbscan.membership_vector(model, points[60:].copy()), rtol=0, atol=1e-9
    )


def _from_heights(model: Any, wide: NDArray[np.float64]) -> NDArray[np.float64]:
    """Membership vectors of new points, (m, clusters), by a model that has found clusters. wide: (m, d)."""
    tree = membership_tree(model)
    neighbours, lambdas = _nearest_reachable(model, wide)
    lambdas = np.minimum(lambdas, tree.point_lambda[neighbours])
    node = tree.node[neighbours]
    nodes, of_point = np.unique(node, return_inverse=True)
    heights, within = merge_heights(tree, nodes)
    # The library hands the lambda of a point on in single precision here, and in double below.
    score = _outlier_scores(
        np.where(within[of_point], lambdas.astype(np.float32).astype(np.float64)[:, None], heights[of_point]),
        tree.leaf_lambda[node],
    )
    vectors = np.sqrt(_closeness(model, wide)) * score**2
    vectors /= vectors.sum(axis=1, keepdims=True)
    height = np.where(within[of_point], lambdas[:, None], heights[of_point])
    nearest = tree.leaf_lambda[tree.clusters[height.argmax(axis=1)]]
    some = height.max(axis=1) / (np.maximum(lambdas, nearest) + _NO_ZERO)
    found: NDArray[np.float64] = vectors * some[:, None]
    return found


def _nearest_reachable(model: Any, points: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The fitted point nearest by mutual reachability to each new one, (m,), and the lambda at which it joins."""
    data = model.prediction_data_
    samples = model.min_samples or model.min_cluster_size
    distances, rows = data.tree.query(points, k=2 * samples)
    reach = np.maximum(np.maximum(data.core_distances[rows], distances[:, [samples]]), distances)
    best = reach.argmin(axis=1)
    every = np.arange(len(points))
    nearest = reach[every, best]
    lambdas = np.full(len(points), np.finfo(np.double).max)
    np.divide(1.0, nearest, out=lambdas, where=nearest > 0)
    return rows[every, best].astype(np.int64), lambdas


def _outlier_scores(heights: NDArray[np.float64], largest: NDArray[np.float64]) -> NDArray[np.float64]:
    """How late each cluster merges with a point's node, as shares that sum to 1, (m, clusters)."""
    below = largest[:, None] - heights
    ratio = largest[:, None] / np.where(below <= 0, _NO_ZERO, below)
    score = np.exp(ratio - ratio.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = score / score.sum(axis=1, keepdims=True)
    return shares


def _closeness(model: Any, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """How near each cluster's nearest exemplar is, as shares that sum to 1, (m, clusters)."""
    exemplars = model.prediction_data_.exemplars
    pool = np.concatenate(exemplars).astype(np.float64)
    starts = np.cumsum([0, *(len(of_cluster) for of_cluster in exemplars[:-1])])
    near = np.empty((len(points), len(exemplars)))
    rows = max(_BLOCK_BYTES // (8 * len(pool)), 1)
    metric = "cityblock" if model.metric == "manhattan" else "euclidean"
    for start in range(0, len(points), rows):
        block = slice(start, min(start + rows, len(points)))
        near[block] = np.minimum.reduceat(cdist(points[block], pool, metric), starts, axis=1)
        tell("membership of new papers", block.stop, len(points))
    most = np.finfo(np.float64).max / len(exemplars)
    close = np.full_like(near, most)
    np.divide(1.0, near, out=close, where=near != 0)
    shares: NDArray[np.float64] = close / close.sum(axis=1, keepdims=True)
    return shares


_MAJORITY = 0.5  # share of the neighbours that must agree where prediction finds no cluster


@dataclass(frozen=True)
class Placed:
    """New papers in clusters.

    Args:
        clusters: (m,) int64, -1 for outliers.
        strength: (m,) float64, how strongly each is in its own as HDBSCAN predicts it, 0 for outliers; NaN where the
            neighbours have decided, and under KMeans.
    """

    clusters: NDArray[np.int64]
    strength: NDArray[np.float64]


def place_in_clusters(
    model: Any, reduced: NDArray[np.float32], near: Surroundings, clusters: NDArray[np.int64]
) -> Placed:
    """Find the clusters of new papers.

    Where HDBSCAN's approximate prediction finds no cluster, the one that more than half of the neighbours are in is
    taken: of new papers prediction alone leaves many more out than a fit of all does.

    Args:
        model: A fitted hdbscan.HDBSCAN with prediction_data=True, or KMeans.
        reduced: (m, c) float32 vectors of the new papers.
        near: The fitted papers nearest to each new one.
        clusters: (n,) int64 of the fitted papers.

    Returns:
        Clusters and strengths.

    Raises:
        ValueError: The vectors have another dimension than those the model was fitted to.

    Example:
        >>> from sklearn.cluster import KMeans
        >>> fitted = np.array([[0.0], [0.1], [9.0]])
        >>> model = KMeans(2, n_init=1, random_state=1).fit(fitted)
        >>> near = Surroundings(np.zeros((1, 1), np.int64), np.zeros((1, 1)), np.zeros(1, bool))
        >>> placed = place_in_clusters(model, np.array([[8.8]]), near, model.labels_)
        >>> bool(placed.clusters[0] == model.labels_[2])
        True
    """
    m = len(reduced)
    if not m or (hasattr(model, "prediction_data_") and clusters.max(initial=-1) < 0):
        return Placed(np.full(m, -1, dtype=np.int64), np.zeros(m))
    if not hasattr(model, "prediction_data_"):
        return Placed(model.predict(reduced).astype(np.int64), np.full(m, np.nan))
    from hdbscan import approximate_predict

    predicted, strength = approximate_predict(model, reduced)
    found = np.where(predicted >= 0, predicted, _majority_cluster(clusters[near.rows])).astype(np.int64)
    return Placed(found, np.where((predicted < 0) & (found >= 0), np.nan, strength.astype(np.float64)))


def _majority_cluster(votes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The cluster that more than half of each row names, (m,) int64; -1 where none is. votes: (m, k)."""
    middle = np.sort(votes, axis=1)[:, votes.shape[1] // 2]  # what more than half name stands in the middle
    holds = (votes == middle[:, None]).mean(axis=1) > _MAJORITY
    return np.where(holds, middle, -1)


def placed_probability(model: Any, reduced: NDArray[np.float32], clusters: NDArray[np.int64]) -> NDArray[np.float64]:
    """Membership of new papers in the clusters they were placed in; of outliers 1 minus all of their membership.

    Args:
        model: A fitted hdbscan.HDBSCAN with prediction_data=True.
        reduced: (m, c) float32 vectors of the new papers.
        clusters: (m,) int64, where they were placed, -1 for outliers.

    Returns:
        (m,) float64, 0 to 1; 0 where the model found no cluster.

    Raises:
        ValueError: The model's metric is neither euclidean nor manhattan.

    Example:
        >>> from hdbscan import HDBSCAN
        >>> points = np.concatenate([np.zeros((20, 2)), np.ones((20, 2))]) + np.arange(40)[:, None] / 1000
        >>> model = HDBSCAN(min_cluster_size=5, prediction_data=True).fit(points)
        >>> bool(placed_probability(model, np.array([[1.02, 1.02]]), model.labels_[[39]])[0] > 0.5)
        True
    """
    vectors = membership_vector(model, reduced)
    if not vectors.shape[1]:
        return np.zeros(len(reduced))
    own = vectors[np.arange(len(vectors)), clusters]
    placed: NDArray[np.float64] = np.where(clusters >= 0, own, 1 - vectors.sum(axis=1))
    return placed
