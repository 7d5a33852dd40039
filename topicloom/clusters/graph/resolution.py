"""The resolution that gives a wanted number of topics."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

LEAST, MOST = 1e-4, 1e7  # resolutions between which one is sought
_STEPS = 16
_SCALING = 4 / 3  # on two corpora the number of communities grows with the resolution to the power of 0.75


def resolution_for(wanted: int, count: Callable[[float], int], start: float = 10.0) -> float:
    """Find the lowest resolution tried that gives at least a wanted number of topics.

    Args:
        wanted: Topics, 1 or more.
        count: How many topics a resolution gives; mostly the more the higher it is.
        start: The first that is tried.

    Returns:
        The resolution that gives the wanted number or, where none does, the fewest above it; where even the highest
        gives fewer, the one that gives most.

    Example:
        >>> count = lambda resolution: int(3 * resolution)
        >>> count(resolution_for(50, count))
        50
    """
    low, high, best, best_count, at = LEAST, MOST, start, 0, start
    for _ in range(_STEPS):
        found = count(at)
        if _is_nearer(found, best_count, wanted):
            best, best_count = at, found
        if found == wanted:
            break
        low, high = (at, high) if found < wanted else (low, at)
        if high / low < 1.001:
            break
        guess = at * (wanted / max(found, 1)) ** _SCALING
        # Where the rule of thumb leaves the bracket, or creeps, its middle is tried.
        at = guess if low * 1.02 < guess < high / 1.02 else math.sqrt(low * high)
    return best


def _is_nearer(found: int, best: int, wanted: int) -> bool:
    """Whether a number of topics is better: at least what is wanted, and the nearest to it."""
    if (found >= wanted) != (best >= wanted):
        return found >= wanted
    return abs(found - wanted) < abs(best - wanted)


def enough_topics(
    wanted: int, labels_at: Callable[[float], NDArray[np.int64]], start: float, tries: int = 5
) -> tuple[float, NDArray[np.int64]]:
    """Raise the resolution until it gives enough topics.

    Args:
        wanted: Topics.
        labels_at: The topics at a resolution, (n,) int64.
        start: The first that is tried.
        tries: Of which the one with the most topics is taken where none gives enough.

    Returns:
        The resolution, and its topics.

    Example:
        >>> in_parts = lambda resolution: np.arange(20) * min(int(resolution), 20) // 20
        >>> resolution, labels = enough_topics(4, in_parts, start=2.0)
        >>> resolution > 2.0, bool(labels.max() + 1 >= 4)
        (True, True)
    """
    best, best_labels, at = start, labels_at(start), start
    for _ in range(tries - 1):
        most = int(best_labels.max(initial=-1)) + 1
        if most >= wanted:
            break
        at *= 1.02 * min(wanted / max(most, 1), 2.0) ** _SCALING
        labels = labels_at(at)
        if labels.max(initial=-1) > best_labels.max(initial=-1):
            best, best_labels = at, labels
    return best, best_labels
