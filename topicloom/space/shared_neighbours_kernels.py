"""The loop that numba compiles for shared neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np

from topicloom.machine.jit import njit

Array = Any  # numba compiles for the dtypes that callers state


@njit(cache=True, nogil=True)
def jaccard_of_edges(indptr: Array, indices: Array, near: Array) -> Array:
    """Jaccard index of the neighbours of both ends of each edge, (edges,) float32.

    indptr: (n + 1,) int64 and indices: (edges,) int64, the edges of each paper. near: (n, k) int64, the neighbours of
    each paper in rising order; what is below 0 is none.
    """
    k = near.shape[1]
    found = np.zeros(len(indices), dtype=np.float32)
    for one in range(len(indptr) - 1):
        for edge in range(indptr[one], indptr[one + 1]):
            other = indices[edge]
            here, there, shared, all_ = 0, 0, 0, 0
            while here < k and near[one, here] < 0:
                here += 1
            while there < k and near[other, there] < 0:
                there += 1
            all_ = 2 * k - here - there
            while here < k and there < k:
                if near[one, here] == near[other, there]:
                    shared += 1
                    here += 1
                    there += 1
                elif near[one, here] < near[other, there]:
                    here += 1
                else:
                    there += 1
            if all_ > shared:
                found[edge] = shared / (all_ - shared)
    return found
