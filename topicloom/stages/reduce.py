"""The stage reduce, from the store: embeddings in few dimensions, and the map."""

from __future__ import annotations

from collections.abc import Mapping

from topicloom.settings.schema import Settings
from topicloom.space.reduction import layout_start, reduce_documents
from topicloom.stages.load_embeddings import VECTORS
from topicloom.stages.parts import neighbours_folder, stored_neighbours
from topicloom.stages.registry import LOAD_EMBEDDINGS, is_placed
from topicloom.stages.update import reduce_placed
from topicloom.store.store import StageRef, Store, Workspace


def reduce_corpus(
    settings: Settings, refs: Mapping[str, StageRef], out: Workspace, run_id: str | None = None, *, quiet: bool = False
) -> None:
    """Reduce the embeddings with UMAP, or place new ones among those that an earlier run has reduced.

    refs: load-embeddings, and update where there is one. Artifacts: reduced.npy (n, n_components) float32,
    coordinates.npy (n, 2) float32, umap.joblib; where papers are placed also placed.npy. quiet: UMAP keeps its
    progress to itself.
    """
    if is_placed(refs):
        reduce_placed(settings, refs, out)
        return
    store, embeddings = Store(settings.store_path), refs[LOAD_EMBEDDINGS]
    vectors, neighbours = store.artifact(embeddings, VECTORS), neighbours_folder(settings, store, embeddings)

    def search() -> None:
        stored_neighbours(settings, embeddings, out, run_id, quiet=quiet)

    out.facts["start"] = layout_start(settings.tmo.umap, embeddings.facts["documents"])
    reduce_documents(vectors, neighbours, out.folder, settings.tmo.umap, settings.params.seed, search, quiet=quiet)
