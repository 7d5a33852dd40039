"""identify: the lasting id of each topic, handed on from the run before."""

from __future__ import annotations

from prefect import task
from prefect.logging import get_run_logger
from prefect.states import State

from tasks.policy import RETRY, run_stage, stage_key
from topicloom.settings.schema import Settings
from topicloom.stages.identify import identify_topics
from topicloom.stages.registry import IDENTIFY
from topicloom.store.store import StageRef, Workspace


@task(name=IDENTIFY, task_run_name="identify {settings.label}", cache_key_fn=stage_key(IDENTIFY), **RETRY)
def identify(
    settings: Settings, embeddings: StageRef, topics: StageRef, *, refresh: bool = False
) -> StageRef | State[StageRef]:
    """Give the topics their lasting ids. Artifacts: identity.json, events.json."""
    refs = {ref.stage: ref for ref in (embeddings, topics)}

    def compute(out: Workspace) -> None:
        identify_topics(settings, refs, out)
        facts = out.facts
        if facts["matched_with"] is None:
            get_run_logger().info("The first run of this analysis: every topic gets its lasting id.")
            return
        get_run_logger().info(
            "Matched with run %d: %d topics go on; %d born, %d gone, %d split, %d merged",
            *(facts[name] for name in ("matched_with", "kept", "born", "gone", "split", "merged")),
        )

    return run_stage(IDENTIFY, settings, list(refs.values()), compute, refresh=refresh)
