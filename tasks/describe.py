"""describe: names, trends and tree of the topics, and the tables behind every picture."""

from __future__ import annotations

from prefect import task
from prefect.runtime import flow_run
from prefect.states import State

from tasks.policy import RETRY, run_stage, stage_key
from topicloom.settings.schema import Settings
from topicloom.stages.describe import describe_analysis
from topicloom.stages.registry import DESCRIBE
from topicloom.store.store import StageRef, Workspace


@task(name=DESCRIBE, task_run_name="describe {settings.label}", cache_key_fn=stage_key(DESCRIBE), **RETRY)
def describe(
    settings: Settings,
    embeddings: StageRef,
    reduced: StageRef,
    topics: StageRef,
    scores: StageRef,
    identity: StageRef,
    *,
    refresh: bool = False,
) -> StageRef | State[StageRef]:
    """Describe the topics for people. Artifacts: those of `topicloom.atlas.atlas.write_atlas`."""
    refs = [embeddings, reduced, topics, scores, identity]

    def compute(out: Workspace) -> None:
        describe_analysis(settings, {ref.stage: ref for ref in refs}, out, flow_run.get_id())

    return run_stage(DESCRIBE, settings, refs, compute, refresh=refresh)
