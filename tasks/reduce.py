"""reduce: the embeddings in few dimensions, and the two-dimensional map of all documents."""

from __future__ import annotations

from prefect import task
from prefect.runtime import flow_run
from prefect.states import State

from tasks.stage import RETRY, run_stage, stage_key
from tasks.voices import in_the_runs_log
from topicloom.loading import VECTORS
from topicloom.parts import neighbours_folder, stored_neighbours
from topicloom.reduction import layout_start, reduce_documents
from topicloom.settings import Settings
from topicloom.stages import REDUCE, is_placed
from topicloom.store import StageRef, Store, Workspace
from topicloom.updating import reduce_placed


@task(name=REDUCE, task_run_name="reduce {settings.label}", cache_key_fn=stage_key(REDUCE), **RETRY)
def reduce(
    settings: Settings, embeddings: StageRef, updated: StageRef | None = None, *, refresh: bool = False
) -> StageRef | State[StageRef]:
    """Reduce embeddings with UMAP, or place new ones among those that an earlier run has reduced.

    Artifacts: reduced.npy (n, n_components) float32, coordinates.npy (n, 2) float32, umap.joblib.
    """

    refs = {ref.stage: ref for ref in (embeddings, updated) if ref is not None}

    def compute(out: Workspace) -> None:
        if is_placed(refs):
            reduce_placed(settings, refs, out)
            return
        store = Store(settings.store_path)
        vectors, neighbours = store.artifact(embeddings, VECTORS), neighbours_folder(settings, store, embeddings)

        def search() -> None:
            stored_neighbours(settings, embeddings, out, flow_run.get_id())

        out.facts["start"] = layout_start(settings.tmo.umap, embeddings.facts["documents"])
        with in_the_runs_log("UMAP"):
            reduce_documents(vectors, neighbours, out.folder, settings.tmo.umap, settings.params.seed, search)

    return run_stage(REDUCE, settings, list(refs.values()), compute, refresh=refresh)
