"""choose-size: min_topic_size where the settings leave it to the evidence."""

from __future__ import annotations

from prefect import task
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import State

from tasks.policy import RETRY, run_stage, stage_key
from topicloom.settings.schema import Settings
from topicloom.stages.choose_size import choose_size as choose
from topicloom.stages.registry import CHOOSE_SIZE
from topicloom.store.store import StageRef, Workspace


@task(name=CHOOSE_SIZE, task_run_name="choose-size {settings.label}", cache_key_fn=stage_key(CHOOSE_SIZE), **RETRY)
def choose_size(settings: Settings, embeddings: StageRef, *, refresh: bool = False) -> StageRef | State[StageRef]:
    """Choose min_topic_size by a small sweep. Artifact: choice.json."""

    def compute(out: Workspace) -> None:
        choose(settings, {embeddings.stage: embeddings}, out, flow_run.get_id())
        get_run_logger().info("min_topic_size %d, of %s", out.facts["min_topic_size"], out.facts["tried"])

    return run_stage(CHOOSE_SIZE, settings, [embeddings], compute, refresh=refresh)
