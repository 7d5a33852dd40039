"""A layout of UMAP's graph on every core, the same for any number of them.

UMAP moves the two ends of one edge after another; under a seed it can use one core only. Two edges can be used at the
same time if they have no document in common. So the edges are coloured (edge colouring of a graph): edges of one colour
have no document in common, and all of a colour, a round, are used at once.

    a --1-- b --2-- c --1-- d        round 1: a-b and c-d at once; round 2: b-c

Negative samples push a document away from where others stood when the epoch began, with random numbers of its own. So
the result does not depend on which core does what. Forces and schedule are UMAP's; the layout differs from UMAP's.
Source: McInnes, Healy and Melville (2018), UMAP.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, triu

from topicloom.machine.threads import available_threads
from topicloom.progress import tell
from topicloom.space import parallel_layout_kernels as kernels

_ROUNDS = 512  # edges that fit into none, of documents with more neighbours, are used one after another
_TOLD_EVERY = 20


def parallel_layout(
    graph: csr_matrix,
    start: NDArray[np.float32],
    epochs: int,
    a: float,
    b: float,
    seed: int,
    negatives: float = 5.0,
    threads: int | None = None,
) -> NDArray[np.float32]:
    """Lay out a symmetric graph of n documents on every core.

    Args:
        graph: Sparse (n, n) float32 membership strengths.
        start: (n, d) float32 first positions.
        epochs: Of the layout.
        a: Of UMAP's curve.
        b: Of UMAP's curve.
        seed: Of the negative samples.
        negatives: Documents to move away from for each that is moved to.
        threads: All that the process may use when None; the layout is the same for any.

    Returns:
        (n, d) float32.

    Example:
        >>> pair = csr_matrix(np.array([[0, 1], [1, 0]], dtype=np.float32))
        >>> start = np.array([[0, 0], [9, 0]], dtype=np.float32)
        >>> placed = parallel_layout(pair, start, epochs=10, a=1.6, b=0.9, seed=1)
        >>> placed.shape, bool(np.hypot(*(placed[1] - placed[0])) < 9)
        ((2, 2), True)

    Source: McInnes, Healy and Melville (2018), UMAP; edges of one colour at once.
    """
    edges = _used(graph, epochs)
    rounds = kernels.deal_into_rounds(edges.row, edges.col, len(start), _ROUNDS)
    order = np.argsort(rounds, kind="stable")
    left, right, rounds = edges.row[order], edges.col[order], rounds[order]
    starts = np.flatnonzero(np.append(True, np.diff(rounds) != 0)) if len(rounds) else np.zeros(0, np.int64)
    alone = int(np.searchsorted(rounds[starts], _ROUNDS)) if len(rounds) else 0
    starts = np.append(starts, len(rounds))
    period = edges.data.max(initial=0.0) / edges.data[order].astype(np.float64)
    dealt = kernels.Edges(left, right, period, due=period.copy(), negative_due=period / negatives)
    random = np.random.RandomState(seed).randint(1, np.iinfo(np.int64).max, len(start)).astype(np.uint64)
    place = np.array(start, dtype=np.float32, order="C")
    before_us = numba.get_num_threads()
    numba.set_num_threads(min(threads or available_threads(), numba.config.NUMBA_NUM_THREADS))  # type: ignore[attr-defined]
    try:
        for epoch in range(epochs):
            forces = kernels.Forces(np.float32(a), np.float32(b), np.float32(1.0 - epoch / epochs), negatives)
            kernels.layout_epoch(place, place.copy(), starts, alone, dealt, epoch, forces, random)
            if (epoch + 1) % _TOLD_EVERY == 0 or epoch + 1 == epochs:
                tell("layout", epoch + 1, epochs)
    finally:
        numba.set_num_threads(before_us)
    return place


def _used(graph: csr_matrix, epochs: int) -> Any:
    """One edge for each pair of documents, of those strong enough to be used once in so many epochs."""
    edges = triu(graph, k=1, format="coo")
    strong = edges.data >= graph.data.max(initial=0.0) / max(epochs, 1)
    edges.row, edges.col, edges.data = edges.row[strong], edges.col[strong], edges.data[strong]
    return edges
