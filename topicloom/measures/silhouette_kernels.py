"""The loop that numba compiles for the silhouette."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from topicloom.machine.jit import njit

Array = Any  # numba compiles for the dtypes that callers state
_ROWS = 256  # points whose distances are made side by side; they stay in the processor's nearest cache


@njit(cache=True, nogil=True)
def silhouettes(columns: Array, bounds: Array) -> Array:
    """The silhouette of each point, (n,) float64; 0 for one that is alone in its cluster.

    columns: (r, n) float64, the points, a column each, cluster by cluster. bounds: (k + 1,) int64, where each begins.
    """
    found = np.empty(columns.shape[1])
    for cluster in range(len(bounds) - 1):
        for first in range(bounds[cluster], bounds[cluster + 1], _ROWS):
            last = min(first + _ROWS, bounds[cluster + 1])
            own, other = np.zeros(last - first), np.full(last - first, np.inf)
            for against in range(len(bounds) - 1):
                size = bounds[against + 1] - bounds[against]
                total = _distances(columns, first, last, bounds[against], bounds[against + 1])
                for at in range(last - first):
                    if against == cluster:
                        own[at] = total[at] / max(size - 1, 1)
                    else:
                        other[at] = min(other[at], total[at] / size)
            for at in range(last - first):
                larger = max(own[at], other[at])
                alone = bounds[cluster + 1] - bounds[cluster] == 1
                found[first + at] = 0.0 if alone or larger == 0.0 else (other[at] - own[at]) / larger
    return found


@njit(cache=True, nogil=True)
def _distances(columns: Array, first: int, last: int, start: int, end: int) -> Array:
    """The sum of the distances of each point from `first` to `last` to all points from `start` to `end`."""
    total, squares = np.zeros(last - first), np.empty(last - first)
    for point in range(start, end):
        squares[:] = 0.0
        for axis in range(len(columns)):
            row, value = columns[axis, first:last], columns[axis, point]
            for at in range(len(row)):
                squares[at] += (row[at] - value) * (row[at] - value)
        for at in range(len(squares)):
            total[at] += math.sqrt(squares[at])
    return total
