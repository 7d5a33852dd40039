"""The nearest neighbours of very many papers, in shards: embeddings stay on disk, and blocks of them are read.

Papers lie in cells of about a thousand. A paper is compared with all papers of its cell and of the cells beside it;
then with the neighbours of its cell's neighbours, and with those that have the cell's papers for neighbours, until few
neighbours change. Each comparison is one of blocks, which processors do fastest. Every cell is a piece of work of its
own that reads what the round before found, so that the result hangs neither on the number of cores nor on their pace.

Sources: Jégou, Douze and Schmid (2011), the inverted file; Dong, Moses and Li (2011), nearest-neighbour descent: a
neighbour's neighbour is likely a neighbour; Tang, Liu, Zhang and Mei (2016), LargeVis, which explores neighbours so.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicloom.settings.clusters import UmapSettings
from topicloom.space.cells import CELL, Cells, find_cells, on_every_core, one_core_each
from topicloom.space.nearest_in_block import Metric, comparable, nearest_in_block
from topicloom.space.neighbours import Neighbours

_ROUNDS = 4  # of exploring, at the most
_SETTLED = 0.05  # share of the neighbours that change in a round; below it there is no other
_EXPLORED = 8 * CELL  # papers that a cell is compared with in a round, at the most
_NOBODY = np.float32(-np.inf)


class _Lists(NamedTuple):
    """The nearest others found so far: rows (n, k - 1) int32, the nearest first, and how near they are, float32.

    Where fewer are known the row is the paper's own, and -inf near.
    """

    rows: NDArray[np.int32]
    near: NDArray[np.float32]


def sharded_neighbours(
    vectors: NDArray[np.floating[Any]], umap: UmapSettings, seed: int, threads: int | None = None, size: int = CELL
) -> Neighbours:
    """Find the nearest neighbours of very many papers.

    Args:
        vectors: (n, d) embeddings of any precision, n above n_neighbors; may be mapped from a file.
        umap: Says how many (`n_neighbors`), and by which metric: cosine, euclidean or correlation.
        seed: Of the cells.
        threads: All that the process may use when None; the neighbours are the same for any.
        size: Papers of a cell, on average.

    Returns:
        Indices and distances, (n, n_neighbors) each; no index.

    Raises:
        ImportError: faiss is not installed.
        ValueError: The metric is manhattan.

    Example:
        >>> vectors = np.random.default_rng(1).normal(size=(60, 4))
        >>> found = sharded_neighbours(vectors, UmapSettings(n_neighbors=5), seed=100)
        >>> found.indices.shape, found.indices[:3, 0].tolist()
        ((60, 5), [0, 1, 2])
    """
    metric = _known(umap.metric)
    with one_core_each():
        cells = find_cells(vectors, metric, seed, size)
        found = _Lists(
            np.repeat(np.arange(len(vectors), dtype=np.int32)[:, None], umap.n_neighbors - 1, axis=1),
            np.full((len(vectors), umap.n_neighbors - 1), _NOBODY),
        )
        found = _round(vectors, metric, cells, found, cells.compared, "neighbours", threads)
        for number in range(_ROUNDS):
            before, back = found.rows, _back(found.rows)
            explored = partial(_explored, cells, before, back)
            found = _round(vectors, metric, cells, found, explored, f"neighbours' neighbours {number + 1}", threads)
            if (found.rows != before).mean() < _SETTLED:
                break
        indices, distances = _exact(vectors, metric, cells, found.rows, threads)
    state = np.random.RandomState(seed).get_state(legacy=True)
    return Neighbours(indices, distances, None, tuple(state))


def _known(metric: str) -> Metric:
    if metric not in ("cosine", "euclidean", "correlation"):
        raise ValueError(f"faiss compares no papers by {metric}; the metric must be cosine, euclidean or correlation")
    return metric  # type: ignore[return-value]


def _round(
    vectors: NDArray[np.floating[Any]],
    metric: Metric,
    cells: Cells,
    known: _Lists,
    candidates: Any,
    what: str,
    threads: int | None,
) -> _Lists:
    """Compare the papers of each cell with some others; what was known stands still meanwhile."""
    found = _Lists(known.rows.copy(), known.near.copy())

    def compare(cell: int) -> None:
        mine = cells.members(cell)
        others = candidates(cell)
        if not len(mine) or not len(others):
            return
        wanted = min(known.rows.shape[1] + 1, len(others))  # a paper may find itself
        queries = comparable(vectors[mine], metric)
        at, near = nearest_in_block(queries, comparable(vectors[others], metric), wanted, metric)
        rows = others[at]
        stale = (rows == mine[:, None]) | (rows[:, :, None] == known.rows[mine][:, None, :]).any(axis=2)
        near = np.concatenate([known.near[mine], np.where(stale, _NOBODY, near)], axis=1)
        rows = np.concatenate([known.rows[mine], np.where(stale, mine[:, None], rows)], axis=1)
        best = np.argsort(-near, axis=1, kind="stable")[:, : known.rows.shape[1]]
        found.rows[mine] = np.take_along_axis(rows, best, axis=1)
        found.near[mine] = np.take_along_axis(near, best, axis=1)

    for _ in on_every_core(compare, range(len(cells.beside)), what, threads):
        pass
    return found


def _back(rows: NDArray[np.int32]) -> csr_matrix:
    """Who has each paper for a neighbour, as the indices of a sparse (n, n)."""
    n, k = rows.shape
    ends = np.arange(0, n * k + 1, k)
    return csr_matrix((np.ones(n * k, dtype=bool), rows.ravel(), ends), shape=(n, n)).T.tocsr()


def _explored(cells: Cells, rows: NDArray[np.int32], back: csr_matrix, cell: int) -> NDArray[np.int32]:
    """The neighbours, forth and back, of a cell's papers, and the neighbours of these; but those compared before."""
    mine = cells.members(cell)
    having = np.concatenate([back.indices[back.indptr[one] : back.indptr[one + 1]] for one in mine] or [mine])
    first = np.unique(np.concatenate([rows[mine].ravel(), having]))
    reached, times = np.unique(np.concatenate([rows[first].ravel(), having]), return_counts=True)
    is_new = ~np.isin(cells.of[reached], cells.beside[cell])
    reached, times = reached[is_new], times[is_new]
    if len(reached) > _EXPLORED:
        reached = np.sort(reached[np.argsort(-times, kind="stable")[:_EXPLORED]])
    return reached.astype(np.int32)


def _exact(
    vectors: NDArray[np.floating[Any]], metric: Metric, cells: Cells, rows: NDArray[np.int32], threads: int | None
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Each paper and its neighbours by their distance, computed anew; of equally near ones the first."""
    n, k = rows.shape
    indices, distances = np.empty((n, k + 1), dtype=np.int32), np.zeros((n, k + 1), dtype=np.float32)
    indices[:, 0] = np.arange(n)

    def measure(cell: int) -> None:
        mine = cells.members(cell)
        for start in range(0, len(mine), CELL):
            some = mine[start : start + CELL]
            others = np.sort(rows[some], axis=1)
            far = _distances(vectors, metric, some, others)
            far[others == some[:, None]] = np.inf  # fewer neighbours than asked for are within reach
            order = np.argsort(far, axis=1, kind="stable")
            distances[some, 1:] = np.take_along_axis(far, order, axis=1)
            indices[some, 1:] = np.where(np.isinf(distances[some, 1:]), -1, np.take_along_axis(others, order, axis=1))

    for _ in on_every_core(measure, range(len(cells.beside)), "distances", threads):
        pass
    return indices, distances


def _distances(
    vectors: NDArray[np.floating[Any]], metric: Metric, papers: NDArray[np.int32], others: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Distance of each paper to each of its others, (m, k) float32."""
    mine = comparable(vectors[papers], metric)
    at, place = np.unique(others, return_inverse=True)
    theirs = comparable(vectors[at], metric)[place.reshape(others.shape)]
    if metric == "euclidean":
        apart: NDArray[np.float32] = np.sqrt(((theirs - mine[:, None, :]) ** 2).sum(axis=2, dtype=np.float32))
        return apart
    products = (theirs @ mine[:, :, None])[:, :, 0]
    turned: NDArray[np.float32] = np.maximum(np.float32(1) - products, np.float32(0))
    return turned
