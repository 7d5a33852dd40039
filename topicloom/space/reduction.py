"""Dimensionality reduction of embeddings with UMAP."""

from __future__ import annotations

import contextlib
import copy
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from scipy.sparse import csr_matrix

from topicloom.machine.guards import tell_slower
from topicloom.machine.memory import give_back
from topicloom.machine.threads import available_threads
from topicloom.settings.clusters import UmapSettings
from topicloom.space.map_process import MapKilledError, MapLayout
from topicloom.space.neighbours import read_neighbours
from topicloom.space.umap_fit import fit_umap, map_coordinates, reduced_vectors

logger = logging.getLogger(__name__)


def reduce_documents(
    vectors: Path,
    neighbours: Path | None,
    out: Path,
    umap: UmapSettings,
    seed: int,
    search: Callable[[], object] = lambda: None,
    *,
    quiet: bool = False,
) -> bool:
    """Reduce vectors and lay out their map, each on a core of its own where there are two.

    Args:
        vectors: An .npy file, (n, d) float.
        neighbours: Folder of `topicloom.space.neighbours.write_neighbours`, or None for a search by UMAP.
        out: Folder that gets reduced.npy (n, n_components) float32, coordinates.npy (n, 2) float32 and umap.joblib.
        umap: UMAP's parameters.
        seed: Of both layouts.
        search: Called first; sees to it that the neighbours are in their folder.
        quiet: UMAP keeps its progress to itself.

    Returns:
        Whether the process that laid out the map was killed, as the system does where memory runs out. The map was then
        laid out here, after the reduction, when less memory is taken; it is the same.

    Raises:
        topicloom.space.map_process.MapLayoutError: The process that lays out the map has failed.

    Example:
        >>> import tempfile
        >>> wanted = UmapSettings(n_neighbors=5, n_epochs=10, init="random")
        >>> with tempfile.TemporaryDirectory() as name:
        ...     np.save(f"{name}/vectors.npy", np.random.default_rng(1).normal(size=(30, 4)))
        ...     killed = reduce_documents(Path(name, "vectors.npy"), None, Path(name), wanted, seed=100, quiet=True)
        ...     np.load(f"{name}/reduced.npy").shape, np.load(f"{name}/coordinates.npy").shape
        ((30, 5), (30, 2))
    """
    coordinates = out / "coordinates.npy"
    try:
        _reduce_beside_map(vectors, neighbours, out, coordinates, umap, seed, search, quiet=quiet)
    except MapKilledError as error:
        logger.warning("%s; the map is laid out once more, alone.", error)
        give_back()
        known = read_neighbours(neighbours) if neighbours is not None else None
        np.save(coordinates, map_coordinates(np.load(vectors), umap, seed, known))
        return True
    return False


def _reduce_beside_map(
    vectors: Path,
    neighbours: Path | None,
    out: Path,
    coordinates: Path,
    umap: UmapSettings,
    seed: int,
    search: Callable[[], object],
    *,
    quiet: bool,
) -> None:
    with contextlib.ExitStack() as beside:
        points = np.load(vectors, mmap_mode="r")
        one_core = "umap" in (umap.layout, umap.layout_of_map(len(points)))  # of two layouts at least one
        apart = neighbours is not None and one_core and available_threads() > 1
        if neighbours is not None and apart:
            layout = beside.enter_context(MapLayout(vectors, neighbours, coordinates, umap, seed))
            search()
            layout.begin()
        else:
            search()
        points = np.load(vectors)
        known = read_neighbours(neighbours) if neighbours is not None else None
        model = fit_umap(points, umap, seed, known, quiet=quiet)
        np.save(out / "reduced.npy", reduced_vectors(model))
        joblib.dump(model if known is None else _without_data(model), out / "umap.joblib")
        if not apart:
            np.save(coordinates, map_coordinates(points, umap, seed, known))


def _without_data(model: Any) -> Any:
    """A UMAP without its copy of the embeddings, of which its transform reads nothing but the shape."""
    if not hasattr(model, "_raw_data"):
        tell_slower("umap-learn", "keeps its embeddings elsewhere", "They are saved with it, which takes more disk.")
        return model
    lean = copy.copy(model)
    lean._raw_data = csr_matrix(model._raw_data.shape, dtype=model._raw_data.dtype)
    return lean
