"""quality: how good the topics are, measured."""

from __future__ import annotations

from prefect import task
from prefect.runtime import flow_run
from prefect.states import State

from tasks.policy import RETRY, run_stage, stage_key
from topicloom.settings.schema import Settings
from topicloom.stages.describe import write_quality
from topicloom.stages.registry import QUALITY
from topicloom.store.store import StageRef, Workspace


@task(name=QUALITY, task_run_name="quality {settings.label}", cache_key_fn=stage_key(QUALITY), **RETRY)
def quality(
    settings: Settings, embeddings: StageRef, reduced: StageRef, topics: StageRef, *, refresh: bool = False
) -> StageRef | State[StageRef]:
    """Measure the topics. Artifact: topic_quality.json, as `topicloom.measures.quality.topic_quality` makes it."""
    refs = [embeddings, reduced, topics]

    def compute(out: Workspace) -> None:
        write_quality(settings, {ref.stage: ref for ref in refs}, out, flow_run.get_id())

    return run_stage(QUALITY, settings, refs, compute, refresh=refresh)
