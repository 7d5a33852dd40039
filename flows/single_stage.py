"""One stage alone, on demand: the stages before it must be kept, those after it stay as they are."""

from __future__ import annotations

from collections.abc import Mapping

from prefect import flow
from prefect.runtime import flow_run

from flows.arrows import quoted
from flows.configs import AnalysisFolder, analysis_label
from flows.hooks import ENDS
from flows.opening import opened
from flows.prefect_runner import PrefectRunner
from tasks.publish import publish
from topicloom.lineage.history import turn
from topicloom.settings.schema import Settings
from topicloom.stage_names import EXPORT, PICTURES, StageName
from topicloom.stages.registry import STAGES
from topicloom.store.retention import run_of
from topicloom.store.store import StageRef


def _run_name() -> str:
    parameters = flow_run.get_parameters()
    return f"{parameters.get('stage')} of {analysis_label(parameters.get('analysis', ''))}"


@flow(name="stage", flow_run_name=_run_name, **ENDS)
def stage(analysis: AnalysisFolder, stage: StageName) -> str:
    """Compute one stage of an analysis again, and nothing else.

    Args:
        analysis: One of the analyses in configs/.
        stage: The stage to compute; the results of those before it must be kept.
    """
    settings, loaded = opened(analysis)
    with run_of(settings):
        run = PrefectRunner(settings, refresh=stage, loaded=loaded)
        run.take_kept(stage)
        with turn(settings):
            run.first(stage)
        STAGES[stage].alone(settings)
        if stage in PICTURES:
            publish(quoted(settings), quoted(_pictures_kept(run.settings, run.refs)), quoted(run.refs[EXPORT].key))
    return f"{stage} of {settings.label} is computed."


def _pictures_kept(settings: Settings, refs: Mapping[str, StageRef]) -> dict[str, StageRef]:
    """The kept results of all stages that draw, so that what they published stays. refs: those that are known."""
    known = dict(refs)
    for name in PICTURES:
        stage = STAGES[name]
        if name not in known and stage.wanted(settings) and set(stage.needs(settings, known)) <= known.keys():
            found = stage.find(settings, known)
            if found.ref:
                known[name] = found.ref
    return {name: ref for name, ref in known.items() if name in PICTURES}
