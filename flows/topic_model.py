"""The main job: one analysis folder becomes topics, and the files that reports read."""

from __future__ import annotations

from prefect import flow
from prefect.runtime import flow_run

from flows.configs import AnalysisFolder, analysis_label
from flows.contents import run_stages
from flows.hooks import ENDS
from flows.opening import opened
from flows.page import show_page
from flows.prefect_runner import PrefectRunner
from flows.run_report import RunReport
from flows.server.take_over import require_few_take_overs
from flows.spreading import SpreadRunner, require_address
from topicloom.settings.overrides import Overrides
from topicloom.stage_names import StageName


def run_name() -> str:
    """PROJECT/ANALYSIS, from the analysis that the flow was given."""
    return analysis_label(flow_run.get_parameters().get("analysis", ""))


@flow(name="topic-model", flow_run_name=run_name, **ENDS)
def topic_model(
    analysis: AnalysisFolder,
    refresh: StageName | None = None,
    overrides: Overrides = Overrides(),  # noqa: B008  # frozen
    validate_only: bool = False,
    spread: bool = False,
) -> RunReport | None:
    """Turn an analysis folder (settings, corpus, embeddings) into topics.

    Every stage whose result is kept is reused. Returns the report of the run, or None where it only validates.

    Args:
        analysis: Which analysis to run: its name in configs/ (CONFIG/ANALYSIS), its folder, or a settings file.
        refresh: Compute this stage and those after it again, even if their results are kept.
        overrides: Settings that this run uses instead of those in the settings file, which stays as it is.
        validate_only: Check settings, corpus and embeddings, and compute no topics.
        spread: Let any worker compute each stage; for projects in an object store.
    """
    require_few_take_overs()
    if spread:
        require_address(analysis)
    opening = opened(analysis, overrides)
    run = PrefectRunner(opening.settings, refresh, opening.loaded)
    if spread:
        run = SpreadRunner(opening.settings, analysis, refresh, opening.loaded)
    outcome = run_stages(run, validate_only=validate_only)
    if outcome is not None:
        show_page(run.settings, run.outcomes, outcome, run.differences)
    return outcome
