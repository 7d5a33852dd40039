"""The main job: one analysis folder becomes topics, and the files that reports read."""

from __future__ import annotations

from prefect import flow
from prefect.logging import get_run_logger
from prefect.runtime import flow_run

from flows.announcement import announce
from flows.bounds import require_allowed
from flows.configs import AnalysisFolder, analysis_label
from flows.hooks import ENDS
from flows.page import show_page
from flows.run_report import RunReport
from flows.stage_runner import StageRunner
from tasks.choose_size import choose_size
from tasks.cluster import cluster
from tasks.consensus import consensus
from tasks.describe import describe
from tasks.distribution import distribution
from tasks.export import export
from tasks.figures import figures
from tasks.graph import graph
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
from topicloom.stage_names import StageName
from topicloom.stages.soundness import require_sound
from topicloom.stages.take_up import taken_up
from topicloom.store.retention import run_of


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
    settings = load_settings(analysis, overrides)
    require_sound(settings)
    settings = taken_up(settings)
    announce(settings, refresh, validate_only=validate_only)
    with run_of(settings):
        run = StageRunner(settings, refresh)
        require_fitting_settings(settings, run.first(load_embeddings).facts)
        if validate_only:
            get_run_logger().info("%s: the input is sound.", settings.label)
            return None
        run(update)
        run(choose_size)
        run(graph)
        run(reduce)
        run(cluster)
        run(consensus)
        run(reassign)
        run(represent)
        run(distribution)
        run(orphan_split)
        with turn(settings):
            run(identify)
            run(export)
            run.remember()
            run.claim_folder()
        run.draw(describe, quality, figures, report)
        outcome = run.report()
        show_page(run.settings, run.outcomes, outcome, run.differences)
        return outcome
