"""Soft cluster membership of all points of a fitted HDBSCAN, from a table of merge heights.

How much a point belongs to a cluster depends on the lowest common ancestor of two nodes of the condensed tree: the
cluster, and the node that the point falls out of.

    root
    +-- a
    |   +-- b        a point falls out of b; seen from cluster c,
    +-- c            the lowest common ancestor is root: they part at the lambda at which a and c were born

All points of one node have the same ancestors. So heights are worked out once a node, not once a point, and rows are
made in blocks of which only one is in memory.
Source: Campello, Moulavi and Sander (2013), section 5; the prediction module of the hdbscan library, whose
`all_points_membership_vectors` gives the same numbers up to floating-point order (1e-12).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topicloom.clusters import membership_kernels as kernels
from topicloom.machine.guards import holds, tell_slower
from topicloom.machine.threads import available_threads

_BLOCK_BYTES = 64 << 20  # of one (rows, clusters) table
_NO_ZERO = 1e-8  # what the library adds to lambdas that it divides by


@dataclass(frozen=True)
class MembershipTree:
    """The part of a condensed tree that membership needs; its nodes are numbered by hdbscan, points first.

    Args:
        node: (n,) int64, the node that each point falls out of.
        point_lambda: (n,) float64, the lambda at which it does, 1 over a distance.
        parent: int64, by node.
        birth: float64, by node, the lambda at which it parts from its parent.
        clusters: (k,) int64, the selected nodes.
        leaf_lambda: float64, by node, the largest lambda within it.
    """

    node: NDArray[np.int64]
    point_lambda: NDArray[np.float64]
    parent: NDArray[np.int64]
    birth: NDArray[np.float64]
    clusters: NDArray[np.int64]
    leaf_lambda: NDArray[np.float64]


def all_points_membership_vectors(model: Any, threads: int | None = None) -> NDArray[np.float64]:
    """Membership vectors of all points; a fast stand-in for the hdbscan function of that name.

    Args:
        model: A fitted hdbscan.HDBSCAN with prediction_data=True, of metric euclidean or manhattan.
        threads: All that the process may use when None; the numbers are the same for any.

    Returns:
        (n, clusters) float64; with no cluster there are no columns.

    Raises:
        ValueError: The model has another metric.

    Example:
        >>> from hdbscan import HDBSCAN
        >>> points = np.concatenate([np.zeros((20, 2)), np.ones((20, 2))]) + np.arange(40)[:, None] / 1000
        >>> model = HDBSCAN(min_cluster_size=5, prediction_data=True).fit(points)
        >>> vectors = all_points_membership_vectors(model)
        >>> vectors.shape, bool((vectors.argmax(axis=1) == model.labels_).all())
        ((40, 2), True)
    """
    blocks = list(membership_vectors(model, threads))
    return np.concatenate(blocks) if blocks else np.zeros((len(model.labels_), 0))


def membership_vectors(model: Any, threads: int | None = None) -> Iterator[NDArray[np.float64]]:
    """Membership vectors in blocks of rows, in row order.

    Args:
        model: A fitted hdbscan.HDBSCAN with prediction_data=True, of metric euclidean or manhattan.
        threads: All that the process may use when None; the numbers are the same for any.

    Yields:
        (rows, clusters) float64; nothing where there is no cluster. A row sums to the point's probability of being in
        some cluster.

    Raises:
        ValueError: The model has another metric.

    Example:
        >>> from hdbscan import HDBSCAN
        >>> points = np.concatenate([np.zeros((20, 2)), np.ones((20, 2))]) + np.arange(40)[:, None] / 1000
        >>> model = HDBSCAN(min_cluster_size=5, prediction_data=True).fit(points)
        >>> sum(len(block) for block in membership_vectors(model))
        40

    Source: Campello, Moulavi and Sander (2013), section 5; the prediction module of the hdbscan library.
    """
    if model.metric not in ("euclidean", "manhattan"):
        raise ValueError(f"the metric is {model.metric!r}; it must be 'euclidean' or 'manhattan'")
    if model.labels_.max(initial=-1) < 0:
        return
    if _insides_hold():
        yield from _from_heights(model, threads)
    else:
        import hdbscan

        yield hdbscan.all_points_membership_vectors(model)


@functools.cache
def _insides_hold() -> bool:
    """Whether hdbscan keeps its trees and exemplars as they are read here; one line says so where it does not.

    60 points are clustered, and their membership is compared with what hdbscan's own function says.
    """
    known = holds(_equal_on_few_points)
    if not known:
        tell_slower(
            "hdbscan", "keeps its trees and exemplars in another way", "Its own, slower functions give the memberships."
        )
    return known


def _equal_on_few_points() -> bool:
    import hdbscan

    points = np.sin(np.arange(180.0) ** 2).reshape(60, 3)
    points[:30] += 5
    model = hdbscan.HDBSCAN(min_cluster_size=5, prediction_data=True).fit(points)
    ours = np.concatenate(list(_from_heights(model, 1)))
    return ours.shape[1] >= 2 and np.allclose(ours, hdbscan.all_points_membership_vectors(model), rtol=0, atol=1e-9)


def _from_heights(model: Any, threads: int | None) -> Iterator[NDArray[np.float64]]:
    """Blocks of membership vectors of a model that has found clusters."""
    tree = membership_tree(model)
    exemplars = model.prediction_data_.exemplars
    starts = np.cumsum([0, *(len(points) for points in exemplars)])
    pool = np.concatenate(exemplars)
    nodes, of_point = np.unique(tree.node, return_inverse=True)
    heights, shared = merge_heights(tree, nodes)
    points = np.ascontiguousarray(model.prediction_data_.raw_data)
    largest = tree.leaf_lambda[tree.node] + _NO_ZERO

    def rows_of(block: slice) -> NDArray[np.float64]:
        out = np.empty((len(points[block]), len(tree.clusters)))
        kernels.membership_rows(
            *(points[block], pool, starts, model.metric == "manhattan"),
            *(tree.point_lambda[block], of_point[block], largest[block], heights, shared),
            *(tree.leaf_lambda[tree.clusters], out),
        )
        return out

    threads = threads or available_threads()
    rows = min(max(_BLOCK_BYTES // (8 * len(tree.clusters)), 1), len(points) // threads + 1)
    blocks = [slice(start, start + rows) for start in range(0, len(points), rows)]
    with ThreadPoolExecutor(max_workers=threads) as pool_of_threads:
        # A few at a time, so that whoever reads slowly does not find all of them in memory.
        for first in range(0, len(blocks), threads):
            yield from pool_of_threads.map(rows_of, blocks[first : first + threads])


def membership_tree(model: Any) -> MembershipTree:
    """Read the part of a condensed tree that membership needs.

    Args:
        model: A fitted hdbscan.HDBSCAN with prediction_data=True.

    Returns:
        The tree, with a selected node for each of the model's clusters.

    Example:
        >>> from hdbscan import HDBSCAN
        >>> points = np.concatenate([np.zeros((20, 2)), np.ones((20, 2))]) + np.arange(40)[:, None] / 1000
        >>> tree = membership_tree(HDBSCAN(min_cluster_size=5, prediction_data=True).fit(points))
        >>> len(tree.node), len(tree.clusters)
        (40, 2)
    """
    raw = model.condensed_tree_.to_numpy()
    clusters = np.array(sorted(model.condensed_tree_._select_clusters()), dtype=np.int64)
    n = int(raw["parent"].min())
    size = int(max(raw["parent"].max(), raw["child"].max())) + 1
    points, inner = raw[raw["child_size"] == 1], raw[raw["child_size"] > 1]
    node, point_lambda = np.zeros(n, dtype=np.int64), np.zeros(n)
    node[points["child"]], point_lambda[points["child"]] = points["parent"], points["lambda_val"]
    parent, birth = np.zeros(size, dtype=np.int64), np.zeros(size)
    parent[inner["child"]], birth[inner["child"]] = inner["parent"], inner["lambda_val"]
    leaf_lambda = np.zeros(size)
    for cluster, largest in model.prediction_data_.leaf_max_lambdas.items():
        leaf_lambda[cluster] = largest
    return MembershipTree(node, point_lambda, parent, birth, clusters, leaf_lambda)


def merge_heights(tree: MembershipTree, nodes: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Where nodes and clusters of a tree part.

    Both climb to their common ancestor, the larger number first, since a node's number is above its parent's.

    Args:
        tree: With k clusters.
        nodes: (m,) int64.

    Returns:
        The lambda at which each node and each cluster part, (m, k) float64, and where one lies within the other, (m, k)
        bool: there the height is the lambda of the point instead.

    Example:
        >>> parent, birth = np.array([0, 0, 2, 2, 2]), np.array([0.0, 0.0, 0.0, 0.5, 0.5])
        >>> tree = MembershipTree(np.array([3, 4]), np.ones(2), parent, birth, np.array([3, 4]), np.ones(5))
        >>> heights, within = merge_heights(tree, np.array([3]))
        >>> heights[0, 1].tolist(), within.tolist()
        (0.5, [[True, False]])
    """
    left, right = (side.ravel() for side in np.meshgrid(nodes, tree.clusters, indexing="ij"))
    left, right = left.copy(), right.copy()
    last = np.zeros(len(left), dtype=np.int64)
    left_climbed, right_climbed = np.zeros(len(left), dtype=bool), np.zeros(len(left), dtype=bool)
    apart = np.flatnonzero(left != right)
    while len(apart):
        climbs_left = left[apart] > right[apart]
        a, b = apart[climbs_left], apart[~climbs_left]
        last[a], last[b] = left[a], right[b]
        left[a], right[b] = tree.parent[left[a]], tree.parent[right[b]]
        left_climbed[a], right_climbed[b] = True, True
        apart = apart[left[apart] != right[apart]]
    shape = (len(nodes), len(tree.clusters))
    return tree.birth[last].reshape(shape), ~(left_climbed & right_climbed).reshape(shape)
