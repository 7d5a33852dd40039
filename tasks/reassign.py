"""reassign: outliers are given to the topics nearest to them, where the settings want it."""

from __future__ import annotations

from prefect import task
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import State

from tasks.policy import RETRY, run_stage, stage_key
from topicloom.settings.schema import Settings
from topicloom.stages.reassign import reassign_outliers
from topicloom.stages.registry import REASSIGN
from topicloom.store.store import StageRef, Workspace


@task(name=REASSIGN, task_run_name="reassign {settings.label}", cache_key_fn=stage_key(REASSIGN), **RETRY)
def reassign(
    settings: Settings,
    embeddings: StageRef,
    clusters: StageRef,
    agreed: StageRef | None = None,
    reduced: StageRef | None = None,
    updated: StageRef | None = None,
    *,
    refresh: bool = False,
) -> StageRef | State[StageRef]:
    """Give outliers to topics. Artifacts: those of `topicloom.stages.reassign.reassign_outliers`."""
    refs = {ref.stage: ref for ref in (embeddings, clusters, agreed, reduced, updated) if ref is not None}

    def compute(out: Workspace) -> None:
        reassign_outliers(settings, refs, out, flow_run.get_id())
        get_run_logger().info(
            "Outliers by %s: %d before, %d now",
            *(settings.tmo.orphans.strategy, out.facts["outliers_before"], out.facts["outliers"]),
        )

    return run_stage(REASSIGN, settings, list(refs.values()), compute, refresh=refresh)
