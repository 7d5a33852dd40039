"""One stage alone, on demand: the stages before it must be kept, those after it stay as they are."""

from __future__ import annotations

from typing import Any, Final

from prefect import Task, flow
from prefect.runtime import flow_run

from flows.bounds import require_allowed
from flows.configs import AnalysisFolder, analysis_label
from flows.hooks import ENDS
from flows.stage_runner import StageRunner
from flows.topic_model import StageName
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
from topicloom.errors import StoreError
from topicloom.lineage.history import turn
from topicloom.settings.checks import require_fitting_settings
from topicloom.settings.schema import Settings
from topicloom.stages.lookup import find_result
from topicloom.stages.registry import (
    CHOOSE_SIZE,
    CLUSTER,
    CONSENSUS,
    DESCRIBE,
    DISTRIBUTION,
    EXPORT,
    FIGURES,
    IDENTIFY,
    LOAD_EMBEDDINGS,
    ORPHAN_SPLIT,
    PICTURES,
    QUALITY,
    REASSIGN,
    REDUCE,
    REPORT,
    REPRESENT,
    STAGE_NAMES,
    STAGES,
    UPDATE,
    stages_of,
    with_size,
)
from topicloom.stages.take_up import taken_up
from topicloom.stages.update import is_due
from topicloom.store.retention import run_of
from topicloom.store.run_record import end_run
from topicloom.store.store import StageRef, Store

# Each task with the stages whose results it takes, in the order of its parameters.
TASKS: Final[dict[str, tuple[Task[..., Any], tuple[str, ...]]]] = {
    LOAD_EMBEDDINGS: (load_embeddings, ()),
    CHOOSE_SIZE: (choose_size, (LOAD_EMBEDDINGS,)),
    UPDATE: (update, (LOAD_EMBEDDINGS,)),
    REDUCE: (reduce, (LOAD_EMBEDDINGS, UPDATE)),
    CLUSTER: (cluster, (REDUCE, UPDATE)),
    CONSENSUS: (consensus, (LOAD_EMBEDDINGS, CLUSTER)),
    REASSIGN: (reassign, (LOAD_EMBEDDINGS, CLUSTER, CONSENSUS, REDUCE, UPDATE)),
    REPRESENT: (represent, (LOAD_EMBEDDINGS, CLUSTER, CONSENSUS, REASSIGN)),
    DISTRIBUTION: (distribution, (LOAD_EMBEDDINGS, REPRESENT)),
    ORPHAN_SPLIT: (orphan_split, (REPRESENT,)),
    IDENTIFY: (identify, (LOAD_EMBEDDINGS, REPRESENT)),
    EXPORT: (
        export,
        (
            LOAD_EMBEDDINGS,
            REDUCE,
            CLUSTER,
            REPRESENT,
            DISTRIBUTION,
            ORPHAN_SPLIT,
            IDENTIFY,
            REASSIGN,
            UPDATE,
            CONSENSUS,
        ),
    ),
    DESCRIBE: (describe, (LOAD_EMBEDDINGS, REDUCE, REPRESENT, DISTRIBUTION, IDENTIFY)),
    QUALITY: (quality, (LOAD_EMBEDDINGS, REDUCE, REPRESENT)),
    FIGURES: (figures, (DESCRIBE,)),
    REPORT: (
        report,
        (LOAD_EMBEDDINGS, REDUCE, CLUSTER, REPRESENT, DISTRIBUTION, ORPHAN_SPLIT, IDENTIFY, DESCRIBE, QUALITY),
    ),
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
        settings, refs = _kept_before(settings, stage)
        if LOAD_EMBEDDINGS in refs:
            require_fitting_settings(settings, refs[LOAD_EMBEDDINGS].facts)
        task, inputs = TASKS[stage]
        run = StageRunner(settings, refresh=stage)
        with turn(settings):
            run(task, *(refs.get(name) for name in inputs))
        if stage == EXPORT:
            end_run(settings)
        if stage in PICTURES:
            pictures = {**_pictures_kept(settings, refs), stage: run.outcomes[stage].ref}
            publish(settings, pictures, refs[EXPORT].key)
    return f"{stage} of {settings.label} is computed."


def _kept_before(settings: Settings, stage: str) -> tuple[Settings, dict[str, StageRef]]:
    """The settings, settled, and the kept results of the stages before one.

    Raises StoreError where a result that it needs is not kept.
    """
    store = Store(settings.store_path)
    refs: dict[str, StageRef] = {}
    wanted, needed = stages_of(settings), TASKS[stage][1]
    for earlier in STAGE_NAMES[: STAGE_NAMES.index(stage)]:
        if earlier == UPDATE and not is_due(settings, refs[LOAD_EMBEDDINGS]):
            continue
        if earlier not in wanted or (earlier in PICTURES and earlier not in needed):
            continue
        found = find_result(settings, store, earlier, refs)[1]
        if found.ref is None:
            raise StoreError(
                f"{settings.label}: {stage} needs the result of {earlier}, which is not kept for these settings"
                f"{f' ({found.fault})' if found.fault else ''}. Run topic-model, or the stage {earlier} first."
            )
        refs[earlier] = found.ref
        if earlier == CHOOSE_SIZE:
            settings = with_size(settings, found.ref)
    return settings, refs


def _pictures_kept(settings: Settings, refs: dict[str, StageRef]) -> dict[str, StageRef]:
    """The kept results of all stages that draw, so that what they published stays."""
    store = Store(settings.store_path)
    known = dict(refs)
    for name in PICTURES:
        if name in stages_of(settings) and set(STAGES[name].reads(settings)) <= known.keys():
            found = find_result(settings, store, name, known)[1]
            if found.ref:
                known[name] = found.ref
    return {name: ref for name, ref in known.items() if name in PICTURES}
