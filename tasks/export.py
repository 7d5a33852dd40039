"""export: the files that reports read, swapped into the analysis folder all at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from prefect import task
from prefect.runtime import flow_run
from prefect.states import State

from tasks.policy import RETRY, cached, stage_key
from topicloom.errors import ExportError
from topicloom.exports.tables import columns_giving_way
from topicloom.output_files import ORPHANS, RUN_RECORD
from topicloom.settings.schema import Settings
from topicloom.stages.export import write_outputs
from topicloom.stages.publish import published_names
from topicloom.stages.record import result_record
from topicloom.stages.registry import EXPORT, STAGES, plan_stage
from topicloom.store.files import write_json
from topicloom.store.run_record import (
    analysis_lock,
    exported_by,
    exported_files,
    find_export,
    read_record,
)
from topicloom.store.store import StagePlan, StageRef, Store
from topicloom.store.swap import swapped_in


@task(name=EXPORT, task_run_name="export {settings.label}", cache_key_fn=stage_key(EXPORT), **RETRY)
def export(
    settings: Settings,
    embeddings: StageRef,
    reduced: StageRef,
    clusters: StageRef,
    topics: StageRef,
    scores: StageRef,
    split: StageRef,
    identity: StageRef,
    reassigned: StageRef | None = None,
    updated: StageRef | None = None,
    agreed: StageRef | None = None,
    *,
    refresh: bool = False,
) -> StageRef | State[StageRef]:
    """Write every output into the analysis folder, all or nothing, under the lock of the analysis."""
    store = Store(settings.store_path)
    given = (embeddings, reduced, clusters, topics, scores, split, identity, reassigned, updated, agreed)
    refs = {ref.stage: ref for ref in given if ref is not None}
    plan = plan_stage(STAGES[EXPORT], settings, refs)
    with analysis_lock(settings, store):
        found = find_export(settings, plan, store)
        if found.ref and not refresh:
            return cached(found.ref)
        return _export(settings, store, refs, plan)


def _export(settings: Settings, store: Store, refs: Mapping[str, StageRef], plan: StagePlan) -> StageRef:
    started = datetime.now(UTC)
    record = read_record(settings)
    of_other_results = [] if exported_by(record, plan.key) else published_names(record)
    try:
        with swapped_in(settings.analysis_path, gone=[ORPHANS, *of_other_results]) as staging:
            results = write_outputs(settings, store, refs, staging)
            files = exported_files(staging)
            facts: dict[str, Any] = {"columns_giving_way": columns_giving_way(results.identifiers)}
            ended = datetime.now(UTC)
            note = {
                "key": plan.key,
                "made_from": plan.model_dump(mode="json"),
                "facts": facts,
                "started": started.isoformat(timespec="seconds"),
                "ended": ended.isoformat(timespec="seconds"),
                "seconds": round((ended - started).total_seconds(), 3),
                "files": files,
            }
            outputs = {name: str(of_file["sha256"]) for name, of_file in files.items()}
            ref = StageRef(stage=EXPORT, key=plan.key, outputs=outputs, facts=facts)
            write_json(staging / RUN_RECORD, _whole_record(settings, store, {**refs, EXPORT: ref}, record, note))
    except OSError as error:
        raise ExportError(
            f"{settings.analysis_path}: the outputs could not be written ({error}). "
            "The files of the previous run are as they were. Make room, or give the right to replace the file that is "
            "named, and run again."
        ) from error
    store.digests.note({settings.analysis_path / name: note["sha256"] for name, note in files.items()})
    return ref


def _whole_record(
    settings: Settings, store: Store, refs: Mapping[str, StageRef], before: dict[str, Any], note: dict[str, Any]
) -> dict[str, Any]:
    """run.json of the new files: nothing in it tells of the earlier ones, however the run ends.

    before: run.json until now, whose identity holds until this run is entered in the history.
    """
    kept = {name: entry for name, entry in before.items() if name != "pictures" or exported_by(before, note["key"])}
    result = result_record(settings, store, refs, flow_run.get_id())
    return {**kept, **result, "changes": "", "over": False, "export": note}
