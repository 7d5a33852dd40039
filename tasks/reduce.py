"""reduce: the embeddings in few dimensions, and the two-dimensional map of all documents."""

from __future__ import annotations

from prefect import task
from prefect.runtime import flow_run
from prefect.states import State

from tasks.policy import RETRY, run_stage, stage_key
from tasks.voices import in_the_runs_log
from topicloom.settings.schema import Settings
from topicloom.stages.reduce import reduce_corpus
from topicloom.stages.registry import REDUCE
from topicloom.store.store import StageRef, Workspace


@task(name=REDUCE, task_run_name="reduce {settings.label}", cache_key_fn=stage_key(REDUCE), **RETRY)
def reduce(
    settings: Settings, embeddings: StageRef, updated: StageRef | None = None, *, refresh: bool = False
) -> StageRef | State[StageRef]:
    """Reduce embeddings with UMAP. Artifacts: those of `topicloom.stages.reduce.reduce_corpus`."""
    refs = {ref.stage: ref for ref in (embeddings, updated) if ref is not None}

    def compute(out: Workspace) -> None:
        with in_the_runs_log("UMAP"):
            reduce_corpus(settings, refs, out, flow_run.get_id())

    return run_stage(REDUCE, settings, list(refs.values()), compute, refresh=refresh)
