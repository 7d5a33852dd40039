"""report: report.html, the analysis as one page."""

from __future__ import annotations

from prefect import task
from prefect.runtime import flow_run
from prefect.states import State

from tasks.policy import RETRY, run_stage, stage_key
from topicloom.settings.schema import Settings
from topicloom.stages.registry import REPORT
from topicloom.stages.report import write_report
from topicloom.store.store import StageRef, Workspace


@task(name=REPORT, task_run_name="report {settings.label}", cache_key_fn=stage_key(REPORT), **RETRY)
def report(
    settings: Settings,
    embeddings: StageRef,
    reduced: StageRef,
    clusters: StageRef,
    topics: StageRef,
    scores: StageRef,
    split: StageRef,
    identity: StageRef,
    described: StageRef,
    measured: StageRef | None = None,
    *,
    refresh: bool = False,
) -> StageRef | State[StageRef]:
    """Write the page. Artifact: report.html."""
    given = (embeddings, reduced, clusters, topics, scores, split, identity, described, measured)
    refs = {ref.stage: ref for ref in given if ref is not None}

    def compute(out: Workspace) -> None:
        write_report(settings, refs, out, flow_run.get_id())

    return run_stage(REPORT, settings, list(refs.values()), compute, refresh=refresh)
