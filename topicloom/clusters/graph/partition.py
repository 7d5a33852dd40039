"""What a partition of a weighted graph is worth, and what its topics are to each other.

Source: Newman and Girvan (2004), modularity; its resolution, Reichardt and Bornholdt (2006).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix


def numbered_by_row(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same partition, its topics numbered from 0 by their first row.

    Args:
        labels: (n,) int64, -1 for outliers.

    Returns:
        (n,) int64; -1 stays.

    Example:
        >>> numbered_by_row(np.array([7, -1, 2, 7])).tolist()
        [0, -1, 1, 0]
    """
    assigned = np.flatnonzero(labels >= 0)
    _, first, inverse = np.unique(labels[assigned], return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    numbered = np.full(len(labels), -1, dtype=np.int64)
    numbered[assigned] = rank[inverse.ravel()]
    return numbered


def sizes_of(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Papers of each topic.

    Args:
        labels: (n,) int64, -1 for outliers, which are no topic.

    Returns:
        (t,) int64.

    Example:
        >>> sizes_of(np.array([0, 1, 1, -1])).tolist()
        [1, 2]
    """
    return np.bincount(labels[labels >= 0], minlength=int(labels.max(initial=-1)) + 1)


def degrees_of(graph: csr_matrix) -> NDArray[np.float64]:
    """The weight of all edges of each node.

    Args:
        graph: (n, n) symmetric weights.

    Returns:
        (n,) float64.

    Example:
        >>> degrees_of(csr_matrix([[0, 3, 0], [3, 0, 1], [0, 1, 0]])).tolist()
        [3.0, 4.0, 1.0]
    """
    return np.asarray(graph.astype(np.float64).sum(axis=1)).ravel()


def membership_matrix(labels: NDArray[np.int64], topics: int) -> csr_matrix:
    """Which paper is in which topic, as a matrix.

    Args:
        labels: (n,) int64, -1 for outliers.
        topics: t, above every label.

    Returns:
        Sparse (n, t) float64 with a 1 where a paper is in a topic; outliers have an empty row.

    Example:
        >>> membership_matrix(np.array([1, -1, 0]), 2).toarray().tolist()
        [[0.0, 1.0], [0.0, 0.0], [1.0, 0.0]]
    """
    rows = np.flatnonzero(labels >= 0)
    return csr_matrix((np.ones(len(rows)), (rows, labels[rows])), shape=(len(labels), topics))


def links_between(graph: csr_matrix, labels: NDArray[np.int64]) -> csr_matrix:
    """Edge weight from each topic to each.

    Sums run in the order of rows, so that they are the same to the last bit whatever the number of threads.

    Args:
        graph: (n, n) symmetric weights.
        labels: (n,) int64, -1 for outliers.

    Returns:
        Sparse (t, t) float64, symmetric; the diagonal holds twice what lies within.

    Example:
        >>> path = csr_matrix([[0, 3, 0], [3, 0, 1], [0, 1, 0]])
        >>> links_between(path, np.array([0, 0, 1])).toarray().tolist()
        [[6.0, 1.0], [1.0, 0.0]]
    """
    topics = int(labels.max(initial=-1)) + 1
    members = membership_matrix(labels, topics)
    links = csr_matrix(members.T @ (graph.astype(np.float64) @ members))
    links.sort_indices()
    return links


def modularity(graph: csr_matrix, labels: NDArray[np.int64], resolution: float) -> float:
    """The objective of a partition: share of edge weight within topics, less what chance would put there.

    Args:
        graph: (n, n) symmetric weights.
        labels: (n,) int64; each outlier (-1) counts as a topic of its own.
        resolution: Weight of what chance would give.

    Returns:
        A number below 1; 0 for a graph without edges.

    Example:
        >>> pairs = csr_matrix([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]])
        >>> modularity(pairs, np.array([0, 0, 1, 1]), 1.0), modularity(pairs, np.array([0, 0, 0, 0]), 1.0)
        (0.5, 0.0)
    """
    degrees = degrees_of(graph)
    total = degrees.sum()
    if not total:
        return 0.0
    within = links_between(graph, labels).diagonal().sum()
    of_topics = np.bincount(labels[labels >= 0], weights=degrees[labels >= 0])
    chance = (of_topics**2).sum() + (degrees[labels < 0] ** 2).sum()
    return float(within / total - resolution * chance / total**2)


def conductance(graph: csr_matrix, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of each topic's edge weight that leaves it.

    Args:
        graph: (n, n) symmetric weights.
        labels: (n,) int64, -1 for outliers.

    Returns:
        (t,) float64, 0 to 1; 1 for a topic without edges.

    Example:
        >>> path = csr_matrix([[0, 3, 0], [3, 0, 1], [0, 1, 0]])
        >>> conductance(path, np.array([0, 0, 1])).round(3).tolist()
        [0.143, 1.0]

    Source: Kannan, Vempala and Vetta (2004), On clusterings: good, bad and spectral, with the topic's own weight below.
    """
    degrees = degrees_of(graph)
    topics = int(labels.max(initial=-1)) + 1
    all_weight = np.bincount(labels[labels >= 0], weights=degrees[labels >= 0], minlength=topics)
    within = links_between(graph, labels).diagonal()
    return np.where(all_weight > 0, 1 - within / np.where(all_weight > 0, all_weight, 1), 1.0)
