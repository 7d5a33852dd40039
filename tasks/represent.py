"""represent: what each topic is about, in words and in documents."""

from __future__ import annotations

from prefect import task
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import State

from tasks.policy import RETRY, run_stage, stage_key
from topicloom.settings.schema import Settings
from topicloom.stages.registry import REPRESENT
from topicloom.stages.represent import represent_clusters
from topicloom.store.store import StageRef, Workspace


@task(name=REPRESENT, task_run_name="represent {settings.label}", cache_key_fn=stage_key(REPRESENT), **RETRY)
def represent(
    settings: Settings,
    embeddings: StageRef,
    clusters: StageRef,
    agreed: StageRef | None = None,
    reassigned: StageRef | None = None,
    *,
    refresh: bool = False,
) -> StageRef | State[StageRef]:
    """Find words and documents of the topics. Artifacts: those of `topicloom.words.topics.write_representation`."""
    refs = {ref.stage: ref for ref in (embeddings, clusters, agreed, reassigned) if ref is not None}

    def compute(out: Workspace) -> None:
        represent_clusters(settings, refs, out, flow_run.get_id())
        get_run_logger().info(
            "c-TF-IDF: %d topics, %d n-grams in their vocabulary", out.facts["topics"], out.facts["ngrams"]
        )

    return run_stage(REPRESENT, settings, list(refs.values()), compute, refresh=refresh)
