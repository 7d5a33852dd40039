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


_BLOCK = 4096  # new papers at once


def shared_weights(rows: NDArray[np.int64], near: NDArray[np.integer]) -> NDArray[np.float64]:
    """Weights of the edges that new papers would have: the Jaccard index of their neighbours with a neighbour's own.

    Args:
        rows: (m, k) int64, the fitted papers nearest to each new one.
        near: (n, l), the nearest neighbours of each fitted paper, itself among them; -1 where one is missing.

    Returns:
        (m, k) float64, above 0 to 1; as in the graph, but that no fitted paper has a new one for a neighbour.

    Example:
        >>> shared_weights(np.array([[0, 1]]), np.array([[0, 1], [1, 2], [2, 1]])).round(2).tolist()
        [[0.67, 0.25]]
    """
    weights = np.zeros(rows.shape)
    for start in range(0, len(rows), _BLOCK):
        mine = rows[start : start + _BLOCK]
        theirs = near[mine]  # (block, k, l)
        shared = sum((theirs == mine[:, None, [place]]).any(axis=2) for place in range(rows.shape[1]))
        either = rows.shape[1] + 1 + (theirs >= 0).sum(axis=2) - shared  # the new paper is among its own, too
        weights[start : start + _BLOCK] = shared / either
    return weights


def place_by_neighbours(
    rows: NDArray[np.int64], near: NDArray[np.integer], topics: NDArray[np.int64]
) -> PlacedByNeighbours:
    """Place each new paper in the topic that most of its neighbours' weight has.

    Args:
        rows: (m, k) int64, the fitted papers nearest to each new one.
        near: (n, l), the nearest neighbours of each fitted paper, itself among them; -1 where one is missing.
        topics: (n,) int64 topics of the fitted papers, -1 for outliers.

    Returns:
        Topics and strengths; of equal topics the lowest.

    Example:
        >>> near = np.array([[0, 1], [1, 0], [2, 3], [3, 2]])
        >>> place_by_neighbours(np.array([[0, 1, 2]]), near, np.array([4, 4, 0, 0])).topics.tolist()
        [4]
    """
    m, k = rows.shape
    weights, named = shared_weights(rows, near), topics[rows]
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
