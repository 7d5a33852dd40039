"""One stage alone, on demand: the stages before it must be kept, those after it stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from prefect import Task, flow
from prefect.runtime import flow_run

from flows.bounds import require_allowed
from flows.configs import AnalysisFolder, analysis_label
from flows.hooks import ENDS
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
from tasks.publish import publish
from tasks.quality import quality
from tasks.reassign import reassign
from tasks.reduce import reduce
from tasks.report import report
from tasks.represent import represent
from tasks.update import update
from topicloom.lineage.history import turn
from topicloom.settings.checks import require_fitting_settings
from topicloom.settings.schema import Settings
from topicloom.stage_names import EXPORT, LOAD_EMBEDDINGS, PICTURES, StageName
from topicloom.stages.registry import STAGES
from topicloom.stages.take_up import taken_up
from topicloom.store.retention import run_of
from topicloom.store.run_record import end_run
from topicloom.store.store import StageRef

TASKS: Final[Mapping[str, Task[..., Any]]] = {
    task.name: task
    for task in (
        *(load_embeddings, update, choose_size, reduce, cluster, consensus, reassign, represent, distribution),
        *(orphan_split, identify, export, describe, quality, figures, report),
    )
}


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
    require_allowed(analysis)
    settings = taken_up(load_settings(analysis))
    with run_of(settings):
        run = StageRunner(settings, refresh=stage)
        run.take_kept(stage)
        if LOAD_EMBEDDINGS in run.outcomes:
            require_fitting_settings(settings, run.refs[LOAD_EMBEDDINGS].facts)
        with turn(settings):
            run.first(TASKS[stage])
        if stage == EXPORT:
            end_run(settings)
        if stage in PICTURES:
            publish(settings, _pictures_kept(run.settings, run.refs), run.refs[EXPORT].key)
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
