"""consensus: topics that several seeds agree on, where the settings want it."""

from __future__ import annotations

from prefect import task
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import State

from tasks.policy import RETRY, run_stage, stage_key
from topicloom.settings.schema import Settings
from topicloom.stages.consensus import seek_consensus
from topicloom.stages.registry import CONSENSUS
from topicloom.store.store import StageRef, Workspace


@task(name=CONSENSUS, task_run_name="consensus {settings.label}", cache_key_fn=stage_key(CONSENSUS), **RETRY)
def consensus(
    settings: Settings, embeddings: StageRef, clusters: StageRef, *, refresh: bool = False
) -> StageRef | State[StageRef]:
    """Keep what the seeds agree on. Artifacts: those of `topicloom.stages.consensus.seek_consensus`."""
    refs = {ref.stage: ref for ref in (embeddings, clusters)}

    def compute(out: Workspace) -> None:
        seek_consensus(settings, refs, out, flow_run.get_id())
        get_run_logger().info(
            "%d seeds agree on %d topics; %d are dissolved, %d papers are outliers",
            *(out.facts[name] for name in ("seeds", "topics", "dissolved", "outliers")),
        )

    return run_stage(CONSENSUS, settings, list(refs.values()), compute, refresh=refresh)
