"""Whether topics come again under another seed.

Sources: Hubert and Arabie (1985), the adjusted Rand index; Hennig (2007), cluster-wise assessment of cluster stability.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score


@dataclass(frozen=True)
class Stability:
    """How alike clusterings of the same papers are.

    Args:
        rand: Mean adjusted Rand index of each two, over the papers that both assign; None for a single one.
        of_topics: (t,) float64, for each topic of the first the mean over the others of the largest Jaccard index that
            one of theirs has with it; None for a single one.
    """

    rand: float | None
    of_topics: NDArray[np.float64] | None

    @property
    def topics(self) -> float | None:
        """Mean stability of the topics of the first."""
        return float(self.of_topics.mean()) if self.of_topics is not None and len(self.of_topics) else None


def stability(clusterings: Sequence[NDArray[np.int64]]) -> Stability:
    """Compare clusterings of the same papers.

    Args:
        clusterings: (n,) int64 each, -1 for outliers; the topics of the first are followed.

    Returns:
        How alike they are.

    Example:
        >>> found = stability([np.array([0, 0, 1, 1]), np.array([1, 1, 0, -1])])
        >>> found.rand, found.of_topics.tolist()
        (1.0, [1.0, 0.5])

    Source: Hubert and Arabie (1985), the adjusted Rand index; Hennig (2007), cluster-wise assessment of cluster
    stability.
    """
    if len(clusterings) < 2:
        return Stability(None, None)
    indices = [_rand(one, other) for one, other in itertools.combinations(clusterings, 2)]
    others = np.array([best_overlap(clusterings[0], other) for other in clusterings[1:]])
    return Stability(float(np.mean(indices)), others.mean(axis=0))


def _rand(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    both = (one >= 0) & (other >= 0)
    return float(adjusted_rand_score(one[both], other[both])) if both.any() else 0.0


def best_overlap(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.float64]:
    """For each topic of one clustering the largest Jaccard index with a topic of another.

    Args:
        one: (n,) int64, t topics; -1 for outliers, which are no topic.
        other: (n,) int64 of the same papers.

    Returns:
        (t,) float64, 0 to 1.

    Example:
        >>> best_overlap(np.array([0, 0, 1, 1]), np.array([1, 1, 0, -1])).tolist()
        [1.0, 0.5]
    """
    best: NDArray[np.float64] = overlaps(one, other).max(axis=1, initial=0.0)
    return best


def overlaps(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.float64]:
    """Jaccard index of each two topics of two clusterings.

    Args:
        one: (n,) int64, -1 for outliers.
        other: (n,) int64, -1 for outliers.

    Returns:
        (t, u) float64, 0 to 1.

    Example:
        >>> overlaps(np.array([0, 0, 1, 1]), np.array([1, 1, 0, -1])).tolist()
        [[0.0, 1.0], [0.5, 0.0]]
    """
    t, u = int(one.max(initial=-1)) + 1, int(other.max(initial=-1)) + 1
    both = (one >= 0) & (other >= 0)
    shared = np.bincount(one[both] * max(u, 1) + other[both], minlength=t * u)[: t * u].reshape(t, u)
    sizes = [np.bincount(c[c >= 0], minlength=k) for c, k in ((one, t), (other, u))]
    found: NDArray[np.float64] = shared / np.maximum(sizes[0][:, None] + sizes[1][None] - shared, 1)
    return found
