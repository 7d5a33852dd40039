"""One stage of a run whose stages are spread over the workers, on whichever machine takes it."""

from __future__ import annotations

import platform

from prefect import flow
from prefect.runtime import flow_run

from flows.configs import AnalysisFolder, analysis_label
from flows.hooks import ENDS
from flows.opening import opened
from flows.prefect_runner import PrefectRunner
from topicloom.errors import StoreError
from topicloom.settings.overrides import Overrides
from topicloom.stage_names import StageName
from topicloom.stages.registry import STAGES
from topicloom.store.sharing import tidy


def _run_name() -> str:
    parameters = flow_run.get_parameters()
    return f"{parameters.get('stage')} of {analysis_label(parameters.get('analysis', ''))}"


@flow(name="spread-stage", flow_run_name=_run_name, **ENDS)
def spread_stage(
    analysis: AnalysisFolder,
    stage: StageName,
    run: str,
    results: dict[StageName, str] = {},  # noqa: B006  # nobody changes it
    key: str = "",
    overrides: Overrides = Overrides(),  # noqa: B008  # frozen
    refresh: bool = False,
) -> str:
    """Compute one stage for a run that goes on elsewhere, and bring its result into the store. Started by that run.

    Args:
        analysis: The address of the analysis.
        stage: The stage to compute.
        run: The run that asks for it.
        results: The keys of the results so far, by stage.
        key: That of the result that is asked for; empty where an input is still to be made.
        overrides: Settings of the run that stand in for those of the settings file.
        refresh: Compute it even if a result is kept.
    """
    settings, loaded = opened(analysis, overrides)
    one = PrefectRunner(settings, stage if refresh else None, loaded, run_id=run)
    with one.store.run():
        one.take(results)
        _require_the_same(one, stage, key)
        one.first(stage)
    tidy(settings)
    return f"{stage} of {settings.label} is computed on {platform.node()}."


def _require_the_same(one: PrefectRunner, stage: StageName, key: str) -> None:
    """Raise StoreError where the stage would have another result here than the run has asked for."""
    if key and STAGES[stage].plan(one.settings, one.refs).key != key:
        raise StoreError(
            f"{one.settings.label}: {stage} would have another result on {platform.node()} than the run asked for. "
            "Either the settings or an input in the store have changed since the run began: start it again. Or the "
            "libraries of the machines differ: install the same versions on all of them."
        )
