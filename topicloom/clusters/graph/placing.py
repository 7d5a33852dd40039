"""New papers placed in topics by the topics of their neighbours, without a new search for communities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class PlacedByNeighbours:
    """Topics of m new papers.

    Args:
        topics: (m,) int64, -1 where all neighbours are outliers.
        strength: (m,) float64, share of the neighbours' weight that has this topic; 0 for outliers.
        second: (m,) int64 and second_strength (m,) float64, the topic after it; -1 and 0 where there is none.
        second_strength: See second.
    """

    topics: NDArray[np.int64]
    strength: NDArray[np.float64]
    second: NDArray[np.int64]
    second_strength: NDArray[np.float64]


def neighbour_weights(distances: NDArray[np.floating]) -> NDArray[np.float64]:
    """Weights of neighbours as in UMAP's graph, (m, k) float64: 1 for the nearest, less with the distance beyond it.

    distances: (m, k), the nearest first.
    """
    beyond = np.asarray(distances, dtype=np.float64) - np.asarray(distances[:, :1], dtype=np.float64)
    width = np.maximum(beyond.mean(axis=1, keepdims=True), 1e-12)
    weights: NDArray[np.float64] = np.exp(-beyond / width)
    return weights


def place_by_neighbours(
    rows: NDArray[np.int64], distances: NDArray[np.floating], topics: NDArray[np.int64]
) -> PlacedByNeighbours:
    """Place each new paper in the topic that most of its neighbours' weight has.

    Args:
        rows: (m, k) int64, the fitted papers nearest to each new one, the nearest first.
        distances: (m, k), how far they are.
        topics: (n,) int64 topics of the fitted papers, -1 for outliers.

    Returns:
        Topics and strengths; of equal topics the lowest.

    Example:
        >>> near = np.array([[0, 1, 2]])
        >>> place_by_neighbours(near, np.array([[0.1, 0.1, 0.3]]), np.array([4, 4, 0])).topics.tolist()
        [4]
    """
    m, k = rows.shape
    weights, named = neighbour_weights(distances), topics[rows]
    known = named >= 0
    of = np.repeat(np.arange(m), k).reshape(m, k)
    count = int(topics.max(initial=-1)) + 1
    votes = csr_matrix((weights[known], (of[known], named[known])), shape=(m, count))
    votes.sum_duplicates()
    voters = np.repeat(np.arange(m), np.diff(votes.indptr))
    order = np.lexsort((votes.indices, -votes.data, voters))
    start = np.searchsorted(voters[order], np.arange(m))
    held = np.diff(votes.indptr)
    total = weights.sum(axis=1)

    def ranked(place: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        at = order[start[held > place] + place]
        found, share = np.full(m, -1, dtype=np.int64), np.zeros(m)
        found[held > place] = votes.indices[at]
        share[held > place] = votes.data[at] / total[held > place]
        return found, share

    return PlacedByNeighbours(*ranked(0), *ranked(1))
