"""How much of its topic is in a paper's words, and which topic comes next."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix


class Shares(NamedTuple):
    """How much of topics is in the words of papers.

    Args:
        own: (n,) share of a paper's own topic, NaN for outliers.
        second: (n,) the topic with the largest share but its own, -1 for none; of an outlier the largest.
        second_share: (n,) its share, 0 for none.
    """

    own: NDArray[np.float64]
    second: NDArray[np.int64]
    second_share: NDArray[np.float64]


def shares_of(distribution: csr_matrix, topics: NDArray[np.int64]) -> Shares:
    """The shares of a paper's own topic and of the one after it.

    Args:
        distribution: (n, t) shares of the topics in each paper's words.
        topics: (n,) topic of each paper, -1 for outliers.

    Returns:
        The shares; of topics with equal shares the first is the second one.

    Example:
        >>> found = shares_of(csr_matrix([[0.6, 0.3, 0.1], [0.0, 0.2, 0.8], [0.0, 0.0, 0.0]]), np.array([0, -1, 1]))
        >>> found.own.tolist(), found.second.tolist(), found.second_share.tolist()
        ([0.6, nan, 0.0], [1, 2, -1], [0.3, 0.8, 0.0])
    """
    cells = distribution.tocoo()
    is_own = cells.col == topics[cells.row]
    own = np.where(topics >= 0, 0.0, np.nan)
    own[cells.row[is_own]] = cells.data[is_own]
    others = np.flatnonzero(~is_own & (cells.data > 0))
    order = others[np.lexsort((cells.col[others], -cells.data[others], cells.row[others]))]
    rows, first = np.unique(cells.row[order], return_index=True)
    second = np.full(len(topics), -1, dtype=np.int64)
    second_share = np.zeros(len(topics))
    second[rows], second_share[rows] = cells.col[order[first]], cells.data[order[first]]
    return Shares(own, second, second_share)
