"""The nearest neighbours of all documents, found once for every layout of the same embeddings."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from topicloom.machine.compiled import import_umap
from topicloom.machine.guards import takes, tell_slower
from topicloom.settings.clusters import UmapSettings

# Below this many documents UMAP compares all pairs itself, exactly; above it follows nearest-neighbour descent.
ALL_PAIRS_BELOW = 4096
_ANGULAR = ("cosine", "correlation")  # UMAP splits by angle under these
_INDICES, _DISTANCES, _INDEX, _RANDOM = "indices.npy", "distances.npy", "index.joblib", "random_state.npz"
_reading = threading.Lock()


@dataclass(frozen=True)
class Neighbours:
    """The nearest neighbours of documents.

    Args:
        indices: (n, k) int32, each document first among its own.
        distances: (n, k) float32.
        index: The pynndescent.NNDescent that finds those of new documents, or None where it was not read, or
            there is none.
        random_state: numpy's legacy state after the search, from which UMAP lays out.
    """

    indices: NDArray[np.int32]
    distances: NDArray[np.float32]
    index: Any
    random_state: tuple[Any, ...]


def find_neighbours(
    vectors: NDArray[np.floating[Any]], umap: UmapSettings, seed: int, *, quiet: bool = False
) -> Neighbours:
    """The nearest neighbours of each document, the very ones that umap.UMAP finds with this seed.

    Args:
        vectors: (n, d), n above n_neighbors.
        umap: Says how many (`n_neighbors`), and by which metric.
        seed: Of the search.
        quiet: The search keeps its progress to itself.

    Returns:
        Indices and distances, (n, n_neighbors) each.

    Example:
        >>> vectors = np.random.default_rng(1).normal(size=(30, 4))
        >>> found = find_neighbours(vectors, UmapSettings(n_neighbors=5), seed=100, quiet=True)
        >>> found.indices.shape, found.indices[:3, 0].tolist()
        ((30, 5), [0, 1, 2])

    Source: Dong, Moses and Li (2011), nearest-neighbour descent; the pynndescent library.
    """
    random_state = np.random.RandomState(seed)
    points = np.ascontiguousarray(vectors, dtype=np.float32)
    search = _umaps_search() or _own_search
    indices, distances, index = search(
        points,
        umap.n_neighbors,
        umap.metric,
        {},
        umap.metric in _ANGULAR,
        random_state,
        low_memory=True,
        use_pynndescent=True,
        n_jobs=1,  # as UMAP has it under a seed: with more the neighbours differ
        verbose=not quiet,
    )
    index.verbose = False
    return Neighbours(indices, distances, index, tuple(random_state.get_state(legacy=True)))


def _umaps_search() -> Callable[..., Any] | None:
    """The function that UMAP searches by, or None where it is another than it was."""
    umap_ = getattr(import_umap(), "umap_", None)
    found: Callable[..., Any] | None = getattr(umap_, "nearest_neighbors", None)
    named = ("X", "n_neighbors", "metric", "metric_kwds", "angular", "random_state")
    if found is not None and takes(found, *named):
        return found
    tell_slower(
        "umap-learn",
        "has no umap_.nearest_neighbors that topicloom knows",
        "The neighbours are searched for by pynndescent as UMAP 0.5 does.",
    )
    return None


def _own_search(
    points: NDArray[np.float32],
    k: int,
    metric: str,
    metric_kwds: dict[str, Any],
    _: bool,
    random_state: np.random.RandomState,
    *,
    low_memory: bool,
    n_jobs: int,
    verbose: bool,
    **_more: Any,
) -> tuple[NDArray[np.int32], NDArray[np.float32], Any]:
    """The search of UMAP 0.5, by what pynndescent documents."""
    from pynndescent import NNDescent

    n = len(points)
    index = NNDescent(
        points,
        n_neighbors=k,
        metric=metric,
        metric_kwds=metric_kwds,
        random_state=random_state,
        n_trees=min(64, 5 + round(n**0.5 / 20.0)),
        n_iters=max(5, round(np.log2(n))),
        max_candidates=60,
        low_memory=low_memory,
        n_jobs=n_jobs,
        verbose=verbose,
        compressed=False,
    )
    indices, distances = index.neighbor_graph
    return indices, distances, index


def write_neighbours(folder: Path, neighbours: Neighbours) -> None:
    """Write indices.npy, distances.npy, random_state.npz and, where there is an index, index.joblib.

    Args:
        folder: That gets them.
        neighbours: What `find_neighbours` or `topicloom.space.sharded_neighbours.sharded_neighbours` found.

    Raises:
        OSError: A file cannot be written.

    Example:
        >>> import tempfile
        >>> vectors = np.random.default_rng(1).normal(size=(30, 4))
        >>> found = find_neighbours(vectors, UmapSettings(n_neighbors=5), seed=100, quiet=True)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_neighbours(Path(folder), found)
        ...     sorted(path.name for path in Path(folder).iterdir())
        ['distances.npy', 'index.joblib', 'indices.npy', 'random_state.npz']
    """
    np.save(folder / _INDICES, neighbours.indices)
    np.save(folder / _DISTANCES, neighbours.distances)
    if neighbours.index is not None:
        with _without_search(neighbours.index) as index:
            joblib.dump(index, folder / _INDEX)
    kind, keys, position, has_gauss, gauss = neighbours.random_state
    np.savez(folder / _RANDOM, kind=kind, keys=keys, position=position, has_gauss=has_gauss, gauss=gauss)


@contextlib.contextmanager
def _without_search(index: Any) -> Iterator[Any]:
    """Within the block, an index can be saved without the function that searches it, which is not saved anyway.

    pynndescent makes that function before it saves an index, and again when it reads one. For some metrics it compiles
    it each time, for seconds.
    """
    made = hasattr(index, "_search_function")
    if not made:
        index._search_function = None
    try:
        yield index
    finally:
        if not made:
            vars(index).pop("_search_function", None)  # another version may have taken it out itself


def read_neighbours(folder: Path) -> Neighbours:
    """Read what `write_neighbours` wrote, but for the index.

    Args:
        folder: Of `write_neighbours`.

    Returns:
        The neighbours; `index` is None.

    Raises:
        OSError: A file cannot be read.

    Example:
        >>> import tempfile
        >>> vectors = np.random.default_rng(1).normal(size=(30, 4))
        >>> found = find_neighbours(vectors, UmapSettings(n_neighbors=5), seed=100, quiet=True)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_neighbours(Path(folder), found)
        ...     bool((read_neighbours(Path(folder)).indices == found.indices).all())
        True
    """
    with np.load(folder / _RANDOM) as held:
        state = (str(held["kind"]), held["keys"], int(held["position"]), int(held["has_gauss"]), float(held["gauss"]))
    return Neighbours(np.load(folder / _INDICES), np.load(folder / _DISTANCES), None, state)


def read_index(folder: Path, *, to_search: bool = True) -> Any:
    """Read the index that finds the neighbours of new documents.

    Args:
        folder: Of `write_neighbours`.
        to_search: False: the index will only be saved again, and needs no function that searches it.

    Returns:
        The pynndescent.NNDescent.

    Raises:
        OSError: The file cannot be read.

    Example:
        >>> import tempfile
        >>> vectors = np.random.default_rng(1).normal(size=(30, 4))
        >>> found = find_neighbours(vectors, UmapSettings(n_neighbors=5), seed=100, quiet=True)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_neighbours(Path(folder), found)
        ...     type(read_index(Path(folder))).__name__
        'NNDescent'
    """
    import_umap()
    if to_search:
        return joblib.load(folder / _INDEX)
    with _making_no_search():
        index = joblib.load(folder / _INDEX)
    index._search_function = None  # none is made when it is saved either
    return index


@contextlib.contextmanager
def _making_no_search() -> Iterator[None]:
    """Within the block, an index that this thread reads is not given the function that searches it."""
    from pynndescent import NNDescent

    thread = threading.get_ident()
    with _reading:
        make = getattr(NNDescent, "_init_search_function", None)
        if make is None:
            tell_slower("pynndescent", "makes its search elsewhere", "It is made, though nothing is searched.")
            yield
            return

        def make_for_others(index: Any) -> None:
            if threading.get_ident() != thread:
                make(index)

        NNDescent._init_search_function = make_for_others
        try:
            yield
        finally:
            NNDescent._init_search_function = make
