"""Distances of all pairs of few documents, as UMAP computes them, on every core instead of by a call each.

UMAP hands scikit-learn a compiled distance, which Python then calls for each pair: two million times for 2,000
documents. The same function, called by compiled code, gives the same bits.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topicloom.machine.compiled import import_umap
from topicloom.machine.guards import tell_slower
from topicloom.machine.replacing import Replacement


@contextlib.contextmanager
def all_pairs_compiled() -> Iterator[None]:
    """Within the block, UMAP compares all pairs of few documents by compiled code. The distances are the same bits.

    Blocks may lie beside each other in threads, and within each other. Where UMAP no longer compares by
    scikit-learn's function, nothing is changed.

    Yields:
        Nothing.

    Example:
        >>> import umap
        >>> with all_pairs_compiled():
        ...     found = umap.UMAP(n_neighbors=3, metric="cosine", n_epochs=10, random_state=1).fit(np.eye(6)).embedding_
        >>> found.shape
        (6, 2)
    """
    if not hasattr(_inside(), "pairwise_distances"):
        tell_slower("umap-learn", "compares pairs by another function", "They are compared one after the other.")
        yield
        return
    with _comparison.block():
        yield


def _inside() -> Any:
    """The module in which UMAP names what compares pairs; None where there is none."""
    return getattr(import_umap(), "umap_", None)


def _replace() -> Callable[[], None]:
    inside = _inside()
    original = inside.pairwise_distances
    inside.pairwise_distances = _instead_of(original)
    return lambda: setattr(inside, "pairwise_distances", original)


_comparison = Replacement(_replace)


def _instead_of(plain: Callable[..., Any]) -> Callable[..., Any]:
    """scikit-learn's function, but for what the compiled loop computes."""

    def pairwise_distances(X: Any, Y: Any = None, metric: Any = "euclidean", **more: Any) -> Any:  # noqa: N803
        if Y is None and not more and _is_for_the_loop(X, metric):
            return _compared(X, metric, plain(X[:2], metric=metric).dtype)  # its versions differ in it
        return plain(X, Y, metric=metric, **more)

    return pairwise_distances


def _is_for_the_loop(vectors: Any, metric: Any) -> bool:
    from numba.core.dispatcher import Dispatcher

    return (
        isinstance(metric, Dispatcher)
        and isinstance(vectors, np.ndarray)
        and vectors.dtype == np.float32
        and vectors.ndim == 2
        and vectors.flags.c_contiguous
    )


def _compared(vectors: NDArray[np.float32], metric: Any, dtype: np.dtype[Any]) -> NDArray[np.floating[Any]]:
    from topicloom.space.all_pairs_kernels import fill_all_pairs

    out = np.empty((len(vectors), len(vectors)), dtype=dtype)
    fill_all_pairs(metric, vectors, out)
    return out
