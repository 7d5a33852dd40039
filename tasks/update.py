"""update: whether new papers are placed in the fitted model, or all papers fitted anew."""

from __future__ import annotations

from prefect import task
from prefect.logging import get_run_logger
from prefect.states import State

from tasks.policy import RETRY, run_stage, stage_key
from topicloom.settings.schema import Settings
from topicloom.stages.registry import UPDATE
from topicloom.stages.update import decide
from topicloom.store.store import StageRef, Workspace


@task(name=UPDATE, task_run_name="update {settings.label}", cache_key_fn=stage_key(UPDATE), **RETRY)
def update(settings: Settings, embeddings: StageRef, *, refresh: bool = False) -> StageRef | State[StageRef]:
    """Decide how a changed corpus is met. Artifacts: those of `topicloom.stages.update.decide`."""

    def compute(out: Workspace) -> None:
        decide(settings, {embeddings.stage: embeddings}, out)
        facts = out.facts
        if facts["mode"] == "assign":
            get_run_logger().info(
                "%d new papers are placed in the model of run %d; drift %.2f",
                *(facts["new"], facts["run"], facts["drift"]),
            )
        else:
            get_run_logger().info("All papers are fitted anew: %s", facts["why"])

    return run_stage(UPDATE, settings, [embeddings], compute, refresh=refresh)
