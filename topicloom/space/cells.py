"""Papers dealt into cells of neighbours, so that each is compared with some thousands and not with millions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from topicloom.machine.threads import available_threads
from topicloom.progress import tell
from topicloom.space.nearest_in_block import Metric, centres_of, comparable, nearest_in_block

CELL = 1000  # papers of a cell, on average
_SAMPLED = 32  # papers a cell by which centres are found
_BLOCK = 8192  # papers whose cell is found at once
_LISTED = 64  # cells beside each that are looked through
_LEAST, _COMPARED = 4, 8000  # cells that a paper is compared with at the least, and papers from which on no more cells
_TOLD = 50  # times that progress is told
Given = TypeVar("Given")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Cells:
    """Papers dealt into cells.

    Args:
        of: (n,) int32, the cell of each paper.
        papers: (n,) int32, rows of the papers, cell by cell, rising within each.
        ends: (c + 1,) int64, where the papers of each cell begin and end.
        beside: For each cell, the rising numbers of those that its papers are compared with, itself among them.
    """

    of: NDArray[np.int32]
    papers: NDArray[np.int32]
    ends: NDArray[np.int64]
    beside: list[NDArray[np.int64]]

    def members(self, cell: int) -> NDArray[np.int32]:
        """Rows of the papers of a cell, rising."""
        return self.papers[self.ends[cell] : self.ends[cell + 1]]

    def compared(self, cell: int) -> NDArray[np.int32]:
        """Rows of the papers that those of a cell are compared with."""
        return np.concatenate([self.members(int(one)) for one in self.beside[cell]])


def find_cells(vectors: NDArray[np.floating[Any]], metric: Metric, seed: int, size: int = CELL) -> Cells:
    """Deal papers into cells around centres of k-means.

    Args:
        vectors: (n, d) embeddings; may be mapped from a file, of which blocks are read.
        metric: Of their distance.
        seed: Of the sample, and of k-means.
        size: Papers of a cell, on average.

    Returns:
        The cells; the same for any number of threads.

    Raises:
        ImportError: faiss is not installed.

    Example:
        >>> cells = find_cells(np.random.default_rng(1).normal(size=(40, 4)), "cosine", seed=1, size=10)
        >>> len(cells.beside), sorted(cells.papers.tolist()) == list(range(40))
        (4, True)

    Source: Jégou, Douze and Schmid (2011), Product quantization for nearest neighbor search, the inverted file.
    """
    n = len(vectors)
    count = max(n // size, 1)
    sampled = np.sort(np.random.RandomState(seed).permutation(n)[: count * _SAMPLED])
    with one_core_each():
        centres = centres_of(comparable(vectors[sampled], metric), count, metric, seed)

        def cells_of(start: int) -> NDArray[np.int32]:
            block = comparable(vectors[start : start + _BLOCK], metric)
            return nearest_in_block(block, centres, 1, metric)[0][:, 0].astype(np.int32)

        of = np.concatenate(list(on_every_core(cells_of, range(0, n, _BLOCK), "cells")))
        near = nearest_in_block(centres, centres, min(count, _LISTED), metric)[0]
    sizes = np.bincount(of, minlength=count)
    beside = [_beside(cell, near[cell], sizes) for cell in range(count)]
    return Cells(of, np.argsort(of, kind="stable").astype(np.int32), np.append(0, np.cumsum(sizes)), beside)


def _beside(cell: int, near: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The cell and those nearest to it, so many that they hold enough papers."""
    listed = np.append(cell, near[near != cell])
    enough = int(np.searchsorted(np.cumsum(sizes[listed]), _COMPARED)) + 1
    return np.sort(listed[: max(enough, _LEAST)])


@contextmanager
def one_core_each() -> Iterator[None]:
    """Within the block, BLAS computes on the core that calls it: sums come out the same however many there are.

    Yields:
        Nothing.

    Example:
        >>> with one_core_each():
        ...     round(float(np.ones(3) @ np.ones(3)))
        3
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield


def on_every_core(
    work: Callable[[Given], Found], given: Iterable[Given], what: str, threads: int | None = None
) -> Iterator[Found]:
    """Do a piece of work for each that is given, on every core, and tell how far it is.

    Args:
        work: That other threads may do at the same time.
        given: What it is done for.
        what: The work, for a person to read.
        threads: All that the process may use when None.

    Yields:
        What came out, in the order of what was given.

    Example:
        >>> list(on_every_core(abs, [-1, -2], "numbers"))
        [1, 2]
    """
    pieces = list(given)
    every = max(len(pieces) // _TOLD, 1)
    with ThreadPoolExecutor(threads or available_threads()) as pool:
        for done, found in enumerate(pool.map(work, pieces), 1):
            if done % every == 0 or done == len(pieces):
                tell(what, done, len(pieces))
            yield found
