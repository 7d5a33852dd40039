"""How strongly papers belong to their topics, by the weight of their edges; and bridges between topics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicloom.clusters.graph.partition import degrees_of, membership_matrix


@dataclass(frozen=True)
class Strength:
    """The strength of n papers in their topics.

    Args:
        own: (n,) float64, share of a paper's edge weight that goes to papers of its topic, 0 to 1; 0 for outliers.
        second: (n,) int64, the other topic that most of its edge weight goes to; -1 where none of it goes to another.
        second_strength: (n,) float64, the share that goes there.
    """

    own: NDArray[np.float64]
    second: NDArray[np.int64]
    second_strength: NDArray[np.float64]


def _shares_of(graph: csr_matrix, topics: NDArray[np.int64]) -> csr_matrix:
    """Share of each paper's edge weight that goes to each topic, (n, t) float64 sparse; that to outliers is missing."""
    degrees = degrees_of(graph)
    count = int(topics.max(initial=-1)) + 1
    to_topics = csr_matrix(graph.astype(np.float64) @ membership_matrix(topics, count))
    to_topics.sort_indices()
    rows = np.repeat(np.arange(graph.shape[0]), np.diff(to_topics.indptr))
    to_topics.data = np.minimum(to_topics.data / np.where(degrees > 0, degrees, 1)[rows], 1.0)
    return to_topics


def strength_of(graph: csr_matrix, topics: NDArray[np.int64]) -> Strength:
    """Measure how strongly papers belong to their topics.

    Args:
        graph: (n, n) symmetric weights.
        topics: (n,) int64, -1 for outliers.

    Returns:
        The strengths; of topics of equal share the lowest is second.

    Example:
        >>> path = csr_matrix([[0, 3, 0], [3, 0, 1], [0, 1, 0]])
        >>> strength_of(path, np.array([0, 0, 1])).own.tolist()
        [1.0, 0.75, 0.0]
    """
    n = len(topics)
    shares = _shares_of(graph, topics)
    rows = np.repeat(np.arange(n), np.diff(shares.indptr))
    is_own = shares.indices == topics[rows]
    own = np.zeros(n)
    own[rows[is_own]] = shares.data[is_own]
    rows, others, weights = rows[~is_own], shares.indices[~is_own], shares.data[~is_own]
    order = np.lexsort((others, -weights, rows))
    first = order[np.unique(rows[order], return_index=True)[1]]
    second, second_strength = np.full(n, -1, dtype=np.int64), np.zeros(n)
    second[rows[first]], second_strength[rows[first]] = others[first], weights[first]
    return Strength(own, second, second_strength)


def without_weak(topics: NDArray[np.int64], own: NDArray[np.float64], least: float) -> NDArray[np.int64]:
    """Make weakly tied papers outliers.

    Args:
        topics: (n,) int64, -1 for outliers.
        own: (n,) float64, the strength of each paper in its topic, 0 to 1.
        least: Strength below which a paper becomes an outlier; 0 leaves all where they are.

    Returns:
        (n,) int64.

    Example:
        >>> without_weak(np.array([0, 0, 1]), np.array([0.9, 0.2, 0.5]), 0.3).tolist()
        [0, -1, 1]
    """
    return np.where(own < least, -1, topics)
