"""The strategic map of a field: how tightly the words of each topic hold together, and how tied they are to others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags

MOTOR: Final = "motor theme"
BASIC: Final = "basic theme"
NICHE: Final = "niche theme"
MARGINAL: Final = "emerging or declining theme"


@dataclass(frozen=True)
class Strategic:
    """Callon's two measures of each topic, (t,), NaN for a topic without words, and the quarter of the map it lies in.

    Args:
        centrality: Ties of its words to those of other topics, times 10.
        density: Ties of its words to each other, times 100, over the number of its words.
        quarter: "motor theme" (central and dense), "basic theme" (central), "niche theme" (dense), "emerging or
            declining theme" (neither), by the medians of all topics; "" without words.
    """

    centrality: NDArray[np.float64]
    density: NDArray[np.float64]
    quarter: list[str]


def strategic(held: csr_matrix, of_topics: list[list[int]]) -> Strategic:
    """Place topics on a strategic map by the words that their papers share.

    The tie of two words that stand together in c of the papers, and in a and b papers alone, is c^2 / (a b). A word of
    several topics counts for the first of them.

    Args:
        held: Sparse (n, m) of ones: which paper holds which word.
        of_topics: For each of the t topics the columns of its words, the best first.

    Returns:
        The measures.

    Example:
        >>> held = csr_matrix([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 1, 1, 0]])
        >>> found = strategic(held, [[0, 1], [2, 3]])
        >>> found.density.round(1).tolist(), found.centrality.round(2).tolist()
        ([33.3, 25.0], [1.67, 1.67])

    Source: Callon, Courtial and Laville (1991), Co-word analysis as a tool for describing the network of interactions
        between basic and technological research.
    """
    columns, owner = _owners(of_topics)
    topics = len(of_topics)
    words = np.bincount(owner, minlength=topics).astype(float)
    sums = np.zeros((topics, topics))
    if len(columns):
        belongs = csr_matrix((np.ones(len(owner)), (owner, np.arange(len(owner)))), shape=(topics, len(owner)))
        sums = np.asarray((belongs @ _ties(held[:, columns]) @ belongs.T).todense())
    within = np.diag(sums)
    known = words > 0
    centrality = np.where(known, 10 * (sums.sum(axis=1) - within), np.nan)
    density = np.full(topics, np.nan)
    density[known] = 100 * within[known] / 2 / words[known]  # each pair stands twice in the sum
    return Strategic(centrality, density, _quarters(centrality, density, known))


def percent_ranks(values: pd.Series[float]) -> NDArray[np.float64]:
    """Ranks by which a strategic map is drawn, since the measures are spread over magnitudes.

    Args:
        values: (n,) of a measure, none missing.

    Returns:
        (n,) float64 from 0 to 100, the median at 50; equal values have one rank.

    Example:
        >>> percent_ranks(pd.Series([0.1, 500.0, 3.0])).tolist()
        [0.0, 100.0, 50.0]
    """
    ranks = values.rank(method="average").to_numpy(dtype=float) - 1
    found: NDArray[np.float64] = 100 * ranks / max(len(ranks) - 1, 1)
    return found


def _owners(of_topics: list[list[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each word once, (m,), and the topic that it counts for, (m,)."""
    owner: dict[int, int] = {}
    for topic, columns in enumerate(of_topics):
        for column in columns:
            owner.setdefault(column, topic)
    return np.array(list(owner), dtype=np.int64), np.array(list(owner.values()), dtype=np.int64)


def _ties(held: csr_matrix) -> csr_matrix:
    """The equivalence index of each pair of words, (m, m), 0 of a word with itself."""
    held = held.astype(np.float64)
    together = (held.T @ held).tocsr()
    alone = together.diagonal()
    together.setdiag(0)
    together.eliminate_zeros()
    together.data **= 2
    share = diags(np.divide(1.0, alone, out=np.zeros_like(alone), where=alone > 0))
    return (share @ together @ share).tocsr()


def _quarters(centrality: NDArray[np.float64], density: NDArray[np.float64], known: NDArray[np.bool_]) -> list[str]:
    if not known.any():
        return [""] * len(known)
    central = centrality >= np.median(centrality[known])
    dense = density >= np.median(density[known])
    named = {(True, True): MOTOR, (True, False): BASIC, (False, True): NICHE, (False, False): MARGINAL}
    return [
        named[bool(here), bool(tight)] if has else "" for here, tight, has in zip(central, dense, known, strict=True)
    ]
