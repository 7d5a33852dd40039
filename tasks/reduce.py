"""reduce: the embeddings in few dimensions, and the two-dimensional map of all documents."""

from __future__ import annotations

from prefect import task
from prefect.states import State

from tasks.stage import RETRY, run_stage, stage_key
from tasks.voices import in_the_runs_log
from topicloom.loading import stored_vectors
from topicloom.reduction import fit_umap, map_coordinates, reduced_vectors
from topicloom.settings import Settings
from topicloom.stages import REDUCE
from topicloom.store import StageRef, Store, Workspace


@task(name=REDUCE, task_run_name="reduce {settings.label}", cache_key_fn=stage_key(REDUCE), **RETRY)
def reduce(settings: Settings, embeddings: StageRef, *, refresh: bool = False) -> StageRef | State[StageRef]:
    """Reduce embeddings with UMAP.

    Artifacts: reduced.npy (n, n_components) float32, coordinates.npy (n, 2) float32, umap.joblib.
    """

    def compute(out: Workspace) -> None:
        import joblib
        import numpy as np

        vectors = stored_vectors(Store(settings.store_path), embeddings)
        with in_the_runs_log("UMAP"):
            model = fit_umap(vectors, settings.tmo.umap, settings.params.seed)
        np.save(out.path("reduced.npy"), reduced_vectors(model))
        np.save(out.path("coordinates.npy"), map_coordinates(vectors, model, settings.tmo.umap, settings.params.seed))
        joblib.dump(model, out.path("umap.joblib"))

    return run_stage(REDUCE, settings, [embeddings], compute, refresh=refresh)
