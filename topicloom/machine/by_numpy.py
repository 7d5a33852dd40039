"""Functions of umap and pynndescent that need no compiling: numpy does as well what they do, or one form does for all.

numba would compile each for every combination of types, some ten seconds altogether. What they return stays the same,
bit for bit: three choose and copy numbers, and the fourth is handed its own numbers in one form.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topicloom.machine.guards import takes, tell_slower

_BLOCK = 512  # rows that are ranked at once
_Strengths = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32], NDArray[np.float32] | None]


def do_by_numpy() -> None:
    """Put functions that need no compiling in the place of those of umap and pynndescent, where these are as known.

    Both are imported. Called again, it changes nothing.

    Example:
        >>> import umap
        >>> do_by_numpy()
        >>> umap.umap_.submatrix(np.array([[5.0, 6.0, 7.0]]), np.array([[2, 0]]), 2).tolist()
        [[7.0, 5.0]]
    """
    _replace("umap-learn", "umap.umap_", "fast_knn_indices", ("X", "n_neighbors"), lambda _: _nearest)
    _replace("umap-learn", "umap.umap_", "submatrix", ("dmat", "indices_col", "n_neighbors"), lambda _: _chosen)
    _replace("pynndescent", "pynndescent.pynndescent_", "permute_rows", ("data", "order"), lambda _: _permuted)
    strengths = ("knn_indices", "knn_dists", "sigmas", "rhos", "return_dists", "bipartite")
    _replace("umap-learn", "umap.umap_", "compute_membership_strengths", strengths, _in_one_form)


def _replace(
    library: str, module: str, name: str, named: tuple[str, ...], instead_of: Callable[[Any], Callable[..., Any]]
) -> None:
    inside = sys.modules.get(module)
    found = getattr(inside, name, None)
    if getattr(found, "__module__", None) == __name__:
        return
    if found is None or not takes(found, *named):
        finding = f"has no {module.rpartition('.')[2]}.{name} that topicloom knows"
        tell_slower(library, finding, "Where it is called, more is compiled.")
        return
    setattr(inside, name, instead_of(found))


def _nearest(distances: NDArray[np.floating[Any]], n_neighbors: int) -> NDArray[np.int32]:
    """The columns of the least numbers of each row; of equal ones the first.

    distances: (n, m) float. Returns (n, n_neighbors) int32.
    """
    out = np.empty((len(distances), n_neighbors), dtype=np.int32)
    for start in range(0, len(distances), _BLOCK):
        ranked = np.argsort(distances[start : start + _BLOCK], axis=1, kind="stable")
        out[start : start + _BLOCK] = ranked[:, :n_neighbors]
    return out


def _chosen(matrix: NDArray[Any], columns: NDArray[np.integer[Any]], n_neighbors: int) -> NDArray[Any]:
    """Of each row the numbers in some columns.

    matrix: (n, m). columns: (n, at least n_neighbors) int. Returns (n, n_neighbors), one row after the other.
    """
    return np.ascontiguousarray(np.take_along_axis(matrix, columns[:, :n_neighbors], axis=1))


def _permuted(rows: NDArray[Any], order: NDArray[np.integer[Any]]) -> NDArray[Any]:
    """Rows in another order. rows: (n, d). order: (n,) int. Returns (n, d), a copy."""
    permuted: NDArray[Any] = np.asarray(rows)[order]
    return permuted


def _in_one_form(compiled: Callable[..., _Strengths]) -> Callable[..., _Strengths]:
    """UMAP's strengths of a graph's edges, which it calls with whole numbers of two widths and arguments left out."""

    @functools.wraps(compiled, assigned=("__doc__",))
    def strengths(
        knn_indices: NDArray[np.integer[Any]],
        knn_dists: NDArray[np.float32],
        sigmas: NDArray[np.float32],
        rhos: NDArray[np.float32],
        return_dists: bool | None = False,
        bipartite: bool = False,
    ) -> _Strengths:
        # They are written to int32 in any case.
        indices = np.ascontiguousarray(knn_indices, dtype=np.int32)
        return compiled(indices, knn_dists, sigmas, rhos, bool(return_dists), bool(bipartite))

    return strengths
