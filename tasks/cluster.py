"""cluster: clusters of the reduced vectors, and how surely each document belongs to its own."""

from __future__ import annotations

from prefect import task
from prefect.logging import get_run_logger
from prefect.states import State

from tasks.policy import RETRY, run_stage, stage_key
from topicloom.settings.schema import Settings
from topicloom.stages.cluster import cluster_reduced
from topicloom.stages.registry import CLUSTER
from topicloom.store.store import StageRef, Workspace


@task(name=CLUSTER, task_run_name="cluster {settings.label}", cache_key_fn=stage_key(CLUSTER), **RETRY)
def cluster(
    settings: Settings, reduced: StageRef, updated: StageRef | None = None, *, refresh: bool = False
) -> StageRef | State[StageRef]:
    """Cluster the reduced vectors. Artifacts: those of `topicloom.stages.cluster.cluster_reduced`."""
    refs = {ref.stage: ref for ref in (reduced, updated) if ref is not None}

    def compute(out: Workspace) -> None:
        cluster_reduced(settings, refs, out)
        get_run_logger().info(
            "%s: %d clusters, %d of %d papers are outliers",
            *(out.facts[name] for name in ("method", "clusters", "outliers", "documents")),
        )

    return run_stage(CLUSTER, settings, list(refs.values()), compute, refresh=refresh)
