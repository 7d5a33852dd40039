"""The loop over all pairs of documents that numba compiles for every core."""

from __future__ import annotations

from typing import Any

import numpy as np

from topicloom.machine.jit import njit, prange

Array = Any


@njit(cache=True, parallel=True)
def fill_all_pairs(distance: Any, vectors: Array, out: Array) -> None:
    """Write the distance of each pair of documents to both of its places, and that of each document to itself.

    distance: a compiled function of two vectors. vectors: (n, d) float32. out: (n, n) float; written.
    """
    n = len(vectors)
    for turn in prange((n + 1) // 2):
        # A long row and a short one at each turn, so that cores have as much to do.
        for half in range(2):
            row = n - 1 - np.int64(turn) if half else np.int64(turn)
            for other in range(row, n):
                out[row, other] = distance(vectors[row], vectors[other])
                out[other, row] = out[row, other]
