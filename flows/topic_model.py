"""The main job: one analysis folder becomes topics, and the files that reports read."""

from __future__ import annotations

from typing import Literal

from prefect import flow
from prefect.logging import get_run_logger
from prefect.runtime import flow_run

from flows.announcement import announce
from flows.bounds import require_allowed
from flows.configs import AnalysisFolder, analysis_label
from flows.hooks import ENDS
from flows.page import show_page
from flows.run_report import RunReport, claim_folder, finish_run
from flows.stage_runner import StageRunner
from tasks.choose_size import choose_size
from tasks.cluster import cluster
from tasks.consensus import consensus
from tasks.describe import describe
from tasks.distribution import distribution
from tasks.export import export
from tasks.figures import figures
from tasks.identify import identify
from tasks.load_embeddings import load_embeddings
from tasks.load_settings import load_settings
from tasks.orphan_split import orphan_split
from tasks.quality import quality
from tasks.reassign import reassign
from tasks.reduce import reduce
from tasks.report import report
from tasks.represent import represent
from tasks.update import update
from topicloom.lineage.history import turn
from topicloom.settings.checks import require_fitting_settings
from topicloom.settings.overrides import Overrides
from topicloom.stages.registry import DESCRIBE, FIGURES, QUALITY, REPORT, agrees, reassigns, stages_of
from topicloom.stages.take_up import taken_up
from topicloom.stages.update import is_due
from topicloom.store.retention import run_of
from topicloom.store.store import StageRef

StageName = Literal[
    "load-embeddings",
    "choose-size",
    "update",
    "reduce",
    "cluster",
    "consensus",
    "reassign",
    "represent",
    "distribution",
    "orphan-split",
    "identify",
    "export",
    "describe",
    "quality",
    "figures",
    "report",
]


def run_name() -> str:
    """PROJECT/ANALYSIS, from the analysis that the flow was given."""
    return analysis_label(flow_run.get_parameters().get("analysis", ""))


@flow(name="topic-model", flow_run_name=run_name, **ENDS)
def topic_model(
    analysis: AnalysisFolder,
    refresh: StageName | None = None,
    overrides: Overrides = Overrides(),  # noqa: B008  # frozen
    validate_only: bool = False,
) -> RunReport | None:
    """Turn an analysis folder (settings, corpus, embeddings) into topics.

    Every stage whose result is kept is reused. Returns the report of the run, or None where it only validates.

    Args:
        analysis: Which analysis to run: its name in configs/ (CONFIG/ANALYSIS), its folder, or a settings file.
        refresh: Compute this stage and those after it again, even if their results are kept.
        overrides: Settings that this run uses instead of those in the settings file, which stays as it is.
        validate_only: Check settings, corpus and embeddings, and compute no topics.
    """
    require_allowed(analysis)
    settings = taken_up(load_settings(analysis, overrides))
    announce(settings, refresh, validate_only=validate_only)
    with run_of(settings):
        run = StageRunner(settings, refresh)
        embeddings = run(load_embeddings)
        require_fitting_settings(settings, embeddings.facts)
        if validate_only:
            get_run_logger().info("%s: the input is sound.", settings.label)
            return None
        if settings.tmo.chooses_size:
            settings = run.settle(run(choose_size, embeddings))
        updated = run(update, embeddings) if is_due(settings, embeddings) else None
        reduced = run(reduce, embeddings, updated)
        clusters = run(cluster, reduced, updated)
        agreed = run(consensus, embeddings, clusters) if agrees(settings) else None
        placed = (reduced, updated) if updated else ()
        reassigned = run(reassign, embeddings, clusters, agreed, *placed) if reassigns(settings) else None
        topics = run(represent, embeddings, clusters, agreed, reassigned)
        scores = run(distribution, embeddings, topics)
        split = run(orphan_split, topics)
        with turn(settings):
            identity = run(identify, embeddings, topics)
            run(export, embeddings, reduced, clusters, topics, scores, split, identity, reassigned, updated, agreed)
            run.remember()
            claim_folder(settings, run.outcomes, run.changes)  # what follows can fail, and be stopped, without harm
        draw(run, embeddings, reduced, clusters, topics, scores, split, identity)
        outcome = finish_run(settings, run.outcomes, run.changes, run.failed)
        show_page(settings, run.outcomes, outcome, run.differences)
        return outcome


def draw(run: StageRunner, *refs: StageRef) -> None:
    """Names, quality, figures and report, as far as the settings want them, put beside the exported files.

    refs: the results of load-embeddings, reduce, cluster, represent, distribution, orphan-split and identify.
    """
    settings = run.settings
    embeddings, reduced, _, topics, scores, _, identity = refs
    wanted = stages_of(settings)
    described = measured = None
    if DESCRIBE in wanted:
        described = run.attempt(describe, embeddings, reduced, topics, scores, identity)
    if QUALITY in wanted:
        measured = run.attempt(quality, embeddings, reduced, topics)
    if FIGURES in wanted:
        run.attempt(figures, described)
    if REPORT in wanted:
        measures = [measured] if QUALITY in wanted else []
        run.attempt(report, *refs, described, *measures)
    run.publish()
