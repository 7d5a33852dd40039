"""The loops that numba compiles for membership vectors. They release the GIL: blocks of rows run side by side."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from topicloom.machine.jit import njit

Array = Any  # numba compiles for the dtypes that callers state


@njit(cache=True, nogil=True)
def membership_rows(
    points: Array,
    pool: Array,
    starts: Array,
    manhattan: bool,
    point_lambda: Array,
    node: Array,
    largest: Array,
    heights: Array,
    shared: Array,
    cluster_lambda: Array,
    out: Array,
) -> None:
    """Membership vectors of a block of points.

    points: (rows, d). pool: (exemplars, d), those of cluster c from starts[c] to starts[c + 1]. point_lambda: (rows,).
    node: (rows,) row of `heights` and `shared`, (nodes, clusters). largest: (rows,) largest lambda within the point's
    node. cluster_lambda: (clusters,) largest lambda within each. out: (rows, clusters) float64, written.
    """
    clusters = out.shape[1]
    most = np.finfo(np.float64).max / clusters
    score = np.empty(clusters)
    for row in range(len(points)):
        closeness = 0.0
        for cluster in range(clusters):
            distance = _nearest(points, row, pool, starts[cluster], starts[cluster + 1], manhattan)
            out[row, cluster] = 1.0 / distance if distance != 0.0 else most
            closeness += out[row, cluster]
        best, highest, both = 0, -1.0, 0.0
        for cluster in range(clusters):
            within = shared[node[row], cluster]
            height = point_lambda[row] if within else heights[node[row], cluster]
            if height > highest:
                best, highest = cluster, height
            score[cluster] = math.exp(math.exp(-(largest[row] / height))) if height > 0.0 else 1.0
            out[row, cluster] /= closeness
            both += out[row, cluster] * score[cluster]
        some = highest / max(cluster_lambda[best], point_lambda[row])
        for cluster in range(clusters):
            out[row, cluster] *= score[cluster] * (some / both)


@njit(cache=True, nogil=True)
def _nearest(points: Array, row: int, pool: Array, start: int, end: int, manhattan: bool) -> float:
    """Distance of a point to the nearest of some exemplars."""
    nearest = np.inf
    for exemplar in range(start, end):
        distance = 0.0
        for axis in range(points.shape[1]):
            difference = points[row, axis] - pool[exemplar, axis]
            distance += abs(difference) if manhattan else difference * difference
        nearest = min(nearest, distance)
    return nearest if manhattan else math.sqrt(nearest)
