"""How much more frequent something is among some papers than among all, with an interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_Z = 1.959964  # of a normal distribution: 95 % lie within


class Lift(NamedTuple):
    """Shares over the share in all papers, and the bounds of their 95 % intervals.

    Args:
        lift: (n,) float64; 1 where the share is that of all papers.
        low: (n,) float64, the lower bound.
        high: (n,) float64, the upper bound.
    """

    lift: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def lifts(counts: NDArray[np.int64], papers: NDArray[np.int64], in_all: NDArray[np.int64], all_papers: int) -> Lift:
    """The share of a value in topics over its share in all papers.

    The interval is Wilson's for the topic's share, with the correction for a sample of a finite population: it leaves
    1 out where the topic differs, at the level of 5 %, from as many papers drawn at random from all.

    Args:
        counts: (n,) papers of a topic with a value.
        papers: (n,) papers of that topic, at least 1 each.
        in_all: (n,) papers of all with that value, at least `counts` each.
        all_papers: N, how many there are, at least as many as a topic has.

    Returns:
        The lifts; of a topic that is all papers 1, without a width.

    Example:
        >>> found = lifts(np.array([8, 20]), np.array([10, 100]), np.array([20, 20]), 100)
        >>> [round(float(value), 2) for value in (found.lift[0], found.low[0], found.high[0], found.low[1])]
        [4.0, 2.52, 4.7, 1.0]

    Source: Wilson (1927), Probable inference, the law of succession, and statistical inference; Cochran (1977),
    Sampling techniques, section 2.6.
    """
    share, of_all = counts / papers, in_all / all_papers
    with np.errstate(divide="ignore"):
        drawn = np.where(papers < all_papers, papers * (all_papers - 1) / (all_papers - papers), np.inf)
    square = _Z**2 / drawn
    middle = (share + square / 2) / (1 + square)
    half = np.sqrt(share * (1 - share) * square + square**2 / 4) / (1 + square)
    return Lift(share / of_all, np.clip(middle - half, 0, 1) / of_all, np.clip(middle + half, 0, 1) / of_all)
