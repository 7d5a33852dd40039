"""Topics that are too small, joined to the neighbour that loses the objective least, or given up."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from topicloom.clusters.graph.joining import Joining
from topicloom.clusters.graph.partition import links_between

Small = Literal["join", "outlier"]


@dataclass(frozen=True)
class Settled:
    """Topics none of which is too small.

    Args:
        labels: (n,) int64, numbered by first row, -1 for outliers.
        joined: Topics that were joined to another.
        given_up: Topics that were too small and are none now.
    """

    labels: NDArray[np.int64]
    joined: int
    given_up: int


def settle_small_topics(
    graph: csr_matrix, labels: NDArray[np.int64], resolution: float, least: int, small: Small = "join"
) -> Settled:
    """See to it that no topic has fewer than `least` papers.

    Args:
        graph: (n, n) symmetric weights.
        labels: (n,) int64 topics, -1 for outliers.
        resolution: That of the objective.
        least: Papers.
        small: join: each goes to the neighbour that loses the objective least, the smallest topic first; outlier: its
            papers become outliers. A topic without any neighbour (a piece of the graph of its own) becomes outliers in
            both cases.

    Returns:
        The topics, and how many were joined and given up.

    Example:
        >>> from scipy.sparse import csr_matrix
        >>> path = csr_matrix([[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0]])
        >>> settle_small_topics(path, np.array([0, 0, 0, 1]), 1.0, 2).labels.tolist()
        [0, 0, 0, 0]
    """
    joining = Joining(graph, labels, resolution)
    waiting = [(int(size), topic) for topic, size in enumerate(joining.size) if size < least]
    heapq.heapify(waiting)
    joined, given_up = 0, []
    while waiting:
        size, topic = heapq.heappop(waiting)
        if joining.size[topic] != size:
            continue  # it has been joined, or has grown and waits again
        nearest = joining.nearest(topic) if small == "join" else None
        if nearest is None:
            given_up.append(topic)
            continue
        kept = joining.join(topic, nearest)
        joined += 1
        if joining.size[kept] < least:
            heapq.heappush(waiting, (int(joining.size[kept]), kept))
    return Settled(joining.labels(given_up), joined, len(given_up))


def join_down_to(graph: csr_matrix, labels: NDArray[np.int64], resolution: float, wanted: int) -> NDArray[np.int64]:
    """Join topics, those that lose the objective least first, until few are left, or no two are neighbours.

    Args:
        graph: (n, n) symmetric weights.
        labels: (n,) int64 topics, -1 for outliers.
        resolution: That of the objective.
        wanted: Topics that are left.

    Returns:
        (n,) int64, numbered by first row; each topic lies whole in one of these.

    Example:
        >>> path = csr_matrix([[0, 3, 0, 0], [3, 0, 1, 0], [0, 1, 0, 3], [0, 0, 3, 0]])
        >>> join_down_to(path, np.array([0, 1, 2, 3]), 1.0, 2).tolist()
        [0, 0, 1, 1]
    """
    joining = Joining(graph, labels, resolution)
    pieces = max(wanted, connected_components(links_between(graph, labels), directed=False)[0])
    for _ in joining.joins_down_to(pieces):
        pass
    return joining.labels()
