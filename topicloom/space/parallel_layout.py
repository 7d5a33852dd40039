"""A layout of UMAP's graph on every core, the same for any number of them.

UMAP moves the two ends of one edge after another; under a seed it can use one core only. Here each document moves
alone, and those it moves towards and away from stand still meanwhile: documents are taken in blocks, and where others
stand is read before any of the block moves. So the result does not depend on which core does what.

Forces and schedule are UMAP's: an edge of the largest weight is used in each epoch, one of half the weight in every
other, and at each use a document moves twice towards the other end (UMAP uses an edge once from each end, and moves
both) and away from others that are drawn at random, from all of an edge at once.
Source: McInnes, Healy and Melville (2018), UMAP.
"""

from __future__ import annotations

import itertools

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicloom.machine.threads import available_threads
from topicloom.progress import tell
from topicloom.space import parallel_layout_kernels as kernels

_BLOCKS = 16  # of an epoch; more come nearer to UMAP, where nobody stands still, and cost a wait of the cores each
_TOLD_EVERY = 20


def parallel_layout(
    graph: csr_matrix,
    start: NDArray[np.float32],
    epochs: int,
    a: float,
    b: float,
    seed: int,
    negatives: int = 5,
    threads: int | None = None,
) -> NDArray[np.float32]:
    """Lay out a symmetric graph of n documents on every core.

    Args:
        graph: Sparse (n, n) float32 membership strengths.
        start: (n, d) float32 first positions; NaN for documents that have none, as UMAP has it for those without edges.
        epochs: Of the layout.
        a: Of UMAP's curve.
        b: Of UMAP's curve.
        seed: Of the negative samples.
        negatives: Documents to move away from for each edge that is used.
        threads: All that the process may use when None; the layout is the same for any.

    Returns:
        (n, d) float32; NaN for documents that had no first position.

    Example:
        >>> pair = csr_matrix(np.array([[0, 1], [1, 0]], dtype=np.float32))
        >>> start = np.array([[0, 0], [9, 0]], dtype=np.float32)
        >>> placed = parallel_layout(pair, start, epochs=10, a=1.6, b=0.9, seed=1)
        >>> placed.shape, bool(np.hypot(*(placed[1] - placed[0])) < 9)
        ((2, 2), True)

    Source: McInnes, Healy and Melville (2018), UMAP; documents that stand still while a block moves.
    """
    edges = _used(graph, epochs)
    pull_push = kernels.table_of_forces(a, b)
    place = np.array(start, dtype=np.float32, order="C")
    lost = ~np.isfinite(place).all(axis=1)  # who moves away from NaN is nowhere either, and so is all else soon
    place[lost] = 0.0
    moved = place.copy()
    bounds = np.linspace(0, len(place), _BLOCKS + 1).astype(np.int64)
    before_us = numba.get_num_threads()
    numba.set_num_threads(min(threads or available_threads(), numba.config.NUMBA_NUM_THREADS))  # type: ignore[attr-defined]
    try:
        for epoch in range(epochs):
            step = kernels.Step(epoch, np.float32(1.0 - epoch / epochs), negatives, np.uint64(seed))
            for first, last in itertools.pairwise(bounds):
                kernels.move_block(place, moved, edges, pull_push, step, first, last)
                place[first:last] = moved[first:last]
            if (epoch + 1) % _TOLD_EVERY == 0 or epoch + 1 == epochs:
                tell("layout", epoch + 1, epochs)
    finally:
        numba.set_num_threads(before_us)
    place[lost] = np.nan
    return place


def _used(graph: csr_matrix, epochs: int) -> kernels.Edges:
    """The edges of each document, of those strong enough to be used once in so many epochs."""
    strongest = graph.data.max(initial=0.0)
    strong = graph.data >= strongest / max(epochs, 1)
    ends = np.append(0, np.cumsum(strong))[graph.indptr].astype(np.int64)
    share = (graph.data[strong] / strongest).astype(np.float32) if strong.any() else graph.data[:0]
    return kernels.Edges(ends, graph.indices[strong].astype(np.int32), share)
