"""Levels above the topics that nest: each topic lies whole in one field, each field in one area.

Topics are joined by what the objective gains at a coarser resolution, down to the fields; fields so to areas; and areas
to one. The whole is a tree, whose cut at any number of groups nests.

Source: agglomeration by modularity, Clauset, Newman and Moore (2004).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicloom.clusters.graph.joining import Joining

AREAS = 8  # groups of the coarsest level, as many as there are colours that all eyes can distinguish
_SCALING = 4 / 3  # on two corpora the number of communities grows with the resolution to the power of 0.75
_LEAST_RISE = 1e-9  # of the tree from join to join, so that a cut gives the very number of groups


def level_sizes(topics: int) -> list[int]:
    """How many areas and fields so many topics have; fewer levels where there are few topics.

    Args:
        topics: How many.

    Returns:
        Areas and fields; areas alone, or nothing, where there are few topics.

    Example:
        >>> level_sizes(430), level_sizes(20), level_sizes(9)
        ([8, 59], [8], [])
    """
    sizes = [AREAS, round(math.sqrt(AREAS * topics))]
    return [size for place, size in enumerate(sizes) if size <= topics / 2 and (not place or size >= 2 * AREAS)]


def graph_tree(graph: csr_matrix, topics: NDArray[np.int64], resolution: float) -> NDArray[np.float64]:
    """Join topics, field by field and area by area, until one is left.

    Args:
        graph: (n, n) symmetric weights.
        topics: (n,) int64, -1 for outliers.
        resolution: That at which the topics were found.

    Returns:
        The tree as scipy's linkage matrix, (t - 1, 4) float64. The height of a join is 1 / (1 + r), r the resolution at
        which the two would just join, or that of the join before where it is higher; 1 where no edge is between them.

    Example:
        >>> from scipy.sparse import csr_matrix
        >>> path = csr_matrix([[0, 9, 0], [9, 0, 1], [0, 1, 0]])
        >>> graph_tree(path, np.array([0, 1, 2]), 1.0)[:, :2].tolist()
        [[0.0, 1.0], [2.0, 3.0]]
    """
    joining = Joining(graph, topics, resolution)
    count = len(joining.links)
    tree, node, height = np.zeros((max(count - 1, 0), 4)), {topic: topic for topic in range(count)}, 0.0
    leaves = dict.fromkeys(range(count), 1)
    for wanted in (*reversed(level_sizes(count)), 1):
        joining.at_resolution(resolution * (wanted / max(count, 1)) ** _SCALING)
        for one, other, would_join_at in joining.joins_down_to(wanted):
            row = count - len(node)
            height = max(height + _LEAST_RISE, 1 / (1 + would_join_at))
            size = leaves[one] + leaves.pop(other)
            tree[row] = *sorted((node[one], node.pop(other))), height, size
            node[one], leaves[one] = count + row, size
    return tree
