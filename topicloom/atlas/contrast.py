"""What tells two sets of papers apart: two periods, two countries, two sources."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Contrast:
    """How much commoner each topic is in the second set than in the first, (t,).

    Args:
        log_odds: Natural logarithm of the ratio of its odds, drawn towards 0 by the prior; above 0: commoner in the
            second.
        z: The same over its standard error; beyond 1.96 chance alone would bring it once in twenty times.
    """

    log_odds: NDArray[np.float64]
    z: NDArray[np.float64]


def contrast(first: NDArray[np.int64], second: NDArray[np.int64], prior: float = 10.0) -> Contrast:
    """Compare how papers are spread over topics in two sets, by log-odds with an informative Dirichlet prior.

    The prior is the spread in both sets together, as of `prior` papers a topic on average: a topic of few papers does
    not stand at the top for chance alone.

    Args:
        first: (t,) papers of each topic in the first set.
        second: (t,) in the second one.
        prior: How many papers of a topic the prior counts for, on average.

    Returns:
        The log-odds ratios and their z-scores; 0 for a topic without papers.

    Example:
        >>> found = contrast(np.array([100, 100, 0]), np.array([100, 300, 0]))
        >>> (found.z > 1.96).tolist()
        [False, True, False]

    Source: Monroe, Colaresi and Quinn (2008), Fightin' Words, equations 15 to 22.
    """
    both = first + second
    sum_of_both = int(both.sum())
    present = both > 0
    log_odds, z = np.zeros(len(both)), np.zeros(len(both))
    if not first.sum() or not second.sum() or present.sum() < 2:
        return Contrast(log_odds, z)
    alpha = prior * present.sum() * both[present] / sum_of_both
    odds = []
    for papers in (first[present], second[present]):
        with_prior, rest = papers + alpha, papers.sum() + alpha.sum() - papers - alpha
        odds.append(np.log(with_prior / rest))
    variance = 1 / (first[present] + alpha) + 1 / (second[present] + alpha)
    log_odds[present] = odds[1] - odds[0]
    z[present] = log_odds[present] / np.sqrt(variance)
    return Contrast(log_odds, z)
