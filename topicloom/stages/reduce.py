"""The stage reduce: embeddings in few dimensions, and the map."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicloom.machine.compiled import import_umap
from topicloom.settings.clusters import UmapSettings
from topicloom.settings.schema import Settings
from topicloom.settings.stated import LATER, stated
from topicloom.stage_names import LOAD_EMBEDDINGS, REDUCE, UPDATE
from topicloom.stages.earlier_fit import PLACED, POSITIONS, base_refs, is_placed, joined, near_fitted, placement
from topicloom.stages.load_embeddings import VECTORS, mapped_vectors
from topicloom.stages.parts import NEIGHBOURS, found_neighbours, neighbours_folder, sharded_search, stored_neighbours
from topicloom.stages.stage import Artifact, Refs, Stage, Work
from topicloom.store.files import digest_json
from topicloom.store.store import StageRef, Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

REDUCED, COORDINATES, UMAP = (Artifact(REDUCE, name) for name in ("reduced.npy", "coordinates.npy", "umap.joblib"))
# Metrics whose search pynndescent keeps compiled; for others every process would compile one for some seconds.
_SEARCHED_AS_COMPILED = ("cosine", "euclidean")
_PARALLEL_LAYOUT = 3  # the version of topicloom.space.parallel_layout


def reduce_corpus(work: Work) -> None:
    """Reduce the embeddings with UMAP, or place new ones among those that an earlier run has reduced.

    Artifacts: reduced.npy (n, n_components) float32, coordinates.npy (n, 2) float32, umap.joblib; where papers are
    placed also placed.npy.
    """
    if work.settings.tmo.method == "graph":
        _map_alone(work)
        return
    from topicloom.space.reduction import reduce_documents
    from topicloom.space.umap_fit import layout_start

    if is_placed(work.refs):
        reduce_placed(work)
        return
    settings, embeddings = work.settings, work.refs[LOAD_EMBEDDINGS]
    neighbours = neighbours_folder(settings, work.store, embeddings)

    def search() -> None:
        stored_neighbours(settings, embeddings, work.out, work.run_id, quiet=work.quiet)

    work.out.facts["start"] = layout_start(settings.tmo.umap, embeddings.facts["documents"])
    umap, seed = settings.tmo.umap, settings.params.seed
    killed = reduce_documents(work.path(VECTORS), neighbours, work.out.folder, umap, seed, search, quiet=work.quiet)
    if killed:
        work.out.facts["map_killed"] = True


def _map_alone(work: Work) -> None:
    """Lay out the map only: nothing needs the reduced vectors where topics are found in the graph."""
    import numpy as np

    from topicloom.space.map_in_blocks import map_in_blocks, maps_in_blocks
    from topicloom.space.neighbours import read_neighbours
    from topicloom.space.new_papers import place_on_map
    from topicloom.space.umap_fit import layout_start, map_coordinates

    settings, out, embeddings = work.settings, work.out, work.refs[LOAD_EMBEDDINGS]
    umap, seed = settings.tmo.umap, settings.params.seed
    if is_placed(work.refs):
        base, positions = base_refs(work.store, work.refs[UPDATE]), np.load(work.path(POSITIONS))
        coordinates = np.load(work.store.artifact(base[REDUCE], COORDINATES.name))
        on_map = place_on_map(near_fitted(work.store, work.refs[UPDATE]), coordinates)
        np.save(out.path(COORDINATES.name), joined(coordinates, on_map, positions))
        np.save(out.path(PLACED.name), positions < 0)
        out.facts = {"placed": int((positions < 0).sum())}
        return
    out.facts["start"] = layout_start(umap, embeddings.facts["documents"])
    folder = stored_neighbours(settings, embeddings, out, work.run_id, quiet=work.quiet)
    known = read_neighbours(folder) if folder is not None else None
    if known is not None and maps_in_blocks(umap, embeddings.facts["documents"]):
        mapped = map_in_blocks(mapped_vectors(work.store, embeddings), umap, seed, known)
    else:
        mapped = map_coordinates(np.load(work.path(VECTORS)), umap, seed, known)
    np.save(out.path(COORDINATES.name), mapped)


def reduce_placed(work: Work) -> None:
    """Reduce by the fitted UMAP: fitted papers stay where they were, new ones are placed.

    Artifacts: those of reduce, umap.joblib being the fitted one; placed.npy (n,) bool, the papers that are new.
    """
    import numpy as np

    from topicloom.space.new_papers import FoundNeighbours, place_on_map

    store, refs, out = work.store, work.refs, work.out
    base, positions = base_refs(store, refs[UPDATE]), np.load(work.path(POSITIONS))
    new, near = positions < 0, near_fitted(store, refs[UPDATE])
    vectors = mapped_vectors(store, refs[LOAD_EMBEDDINGS])[new]
    to_search = work.settings.tmo.umap.metric in _SEARCHED_AS_COMPILED
    model = fitted_umap(work.settings, store, refs, base[REDUCE], to_search=to_search)
    if not to_search:
        model._knn_search_index = FoundNeighbours(near)
    fitted, coordinates = (np.load(store.artifact(base[REDUCE], name)) for name in (REDUCED.name, COORDINATES.name))
    placed = np.nan_to_num(_transformed(model, vectors)) if new.any() else fitted[:0]
    np.save(out.path(REDUCED.name), joined(fitted, placed, positions))
    on_map = place_on_map(near, coordinates)
    np.save(out.path(COORDINATES.name), joined(coordinates, on_map, positions))
    shutil.copyfile(store.artifact(base[REDUCE], UMAP.name), out.path(UMAP.name))
    np.save(out.path(PLACED.name), new)
    out.facts = {"placed": int(new.sum())}


def _transformed(model: Any, vectors: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    import warnings

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_jobs value .* overridden", category=UserWarning)
        transformed: NDArray[np.float32] = model.transform(vectors)
    return transformed


def fitted_umap(settings: Settings, store: Store, refs: Refs, reduced: StageRef, *, to_search: bool = True) -> Any:
    """The fitted UMAP of a result of reduce, with the index that finds the neighbours of new documents.

    to_search: False: it will only be saved.
    """
    import joblib

    from topicloom.space.neighbours import read_index

    import_umap()
    umap = joblib.load(store.artifact(reduced, UMAP.name))
    loaded = base_refs(store, refs[UPDATE])[LOAD_EMBEDDINGS] if is_placed(refs) else refs[LOAD_EMBEDDINGS]
    neighbours = found_neighbours(settings, loaded)
    if neighbours is not None:
        folder = store.folder(neighbours.stage, neighbours.key)
        if not hasattr(umap, "_knn_search_index"):
            return _fitted_again(settings.tmo.umap, settings.params.seed, mapped_vectors(store, loaded), folder)
        umap._knn_search_index = read_index(folder, to_search=to_search)
    return umap


def _fitted_again(umap: UmapSettings, seed: int, vectors: NDArray[np.floating[Any]], neighbours: Path) -> Any:
    """The same UMAP, given the index when it is fitted: so it keeps it where this version of the library does."""
    from topicloom.machine.guards import tell_slower
    from topicloom.space.neighbours import read_index, read_neighbours
    from topicloom.space.umap_fit import fit_umap

    tell_slower("umap-learn", "keeps the index of its neighbours elsewhere", "UMAP is fitted once more.")
    known = replace(read_neighbours(neighbours), index=read_index(neighbours))
    return fit_umap(vectors, umap, seed, known, quiet=True)


def parameters(settings: Settings) -> dict[str, Any]:
    """The settings that decide a reduction."""
    alone = settings.tmo.method == "graph"
    umap = stated(
        settings.tmo.umap.model_dump(mode="json", exclude={"n_components"} if alone else set()), LATER["tmo"]["umap"]
    )
    found = not alone and settings.tmo.update.mode != "refit" and settings.tmo.umap.metric not in _SEARCHED_AS_COMPILED
    return {
        "umap": umap,
        "seed": settings.params.seed,
        **({"map": "alone"} if alone else {}),
        **sharded_search(settings),
        **({"placing": "nearest"} if found else {}),
        **({"parallel layout": _PARALLEL_LAYOUT} if "parallel" in (umap["layout"], umap.get("map_layout")) else {}),
    }


def _map_by_default(settings: Settings, refs: Refs) -> dict[str, str]:
    """That a large map is laid out in parallel though no setting says so. Of placed papers none is laid out."""
    if is_placed(refs):
        return {}
    umap = settings.tmo.umap
    laid_out = umap.layout_of_map(refs[LOAD_EMBEDDINGS].facts["documents"])
    unsaid = laid_out == "parallel" and "parallel" not in (umap.layout, umap.map_layout)
    return {"layout of the map": digest_json(["parallel", _PARALLEL_LAYOUT])} if unsaid else {}


def _map_on_one_core(settings: Settings, refs: Refs) -> bool:
    """Whether there is only a map to lay out, in UMAP's own way, which uses one core under a seed."""
    if settings.tmo.method != "graph" or is_placed(refs):
        return False
    return settings.tmo.umap.layout_of_map(refs[LOAD_EMBEDDINGS].facts["documents"]) == "umap"


STAGE = Stage(
    REDUCE,
    version=2,
    parameters=parameters,
    reads=lambda _, refs: (VECTORS, *placement(refs)),
    parts=(NEIGHBOURS,),
    sees=(UPDATE,),
    also=_map_by_default,
    writes=(COORDINATES.name,),
    apart=_map_on_one_core,
    libraries=("umap-learn", "pynndescent", "numba", "numpy", "scipy", "scikit-learn"),
    compute=reduce_corpus,
    voice="UMAP",
    preload=lambda _: import_umap(),
)
