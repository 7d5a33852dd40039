"""A run's entry in the history of the project: what it found, by which settings, under which versions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from topicloom.lineage.database import stated_digest
from topicloom.lineage.history import History, lineage_of, new_lineage
from topicloom.lineage.records import RunRecord, packed_vectors
from topicloom.settings.schema import Settings
from topicloom.stage_names import IDENTIFY, REPRESENT, UPDATE
from topicloom.stages.earlier_fit import is_placed
from topicloom.stages.identify import partition_of, read_identity, result_of
from topicloom.stages.represent import stored_topic_vectors
from topicloom.stages.stage import Refs
from topicloom.store.run_record import analysis_lock, update_record
from topicloom.store.store import Store


def library_versions_of(store: Store, refs: Refs) -> dict[str, str]:
    """The versions of the libraries that decided the numbers of these results."""
    versions: dict[str, str] = {}
    for ref in refs.values():
        versions |= store.manifest(ref).get("made_from", {}).get("libraries", {})
    return dict(sorted(versions.items()))


def enter_run(settings: Settings, refs: Refs, versions: Mapping[str, str], run_id: str | None) -> dict[str, Any]:
    """Enter a run into the history as `remember_run` does, and note it in run.json; returns what that says of it."""
    identity = remember_run(settings, refs, versions, run_id)
    with analysis_lock(settings, Store(settings.store_path)):
        update_record(settings, {"identity": identity})
    return identity


def remember_run(settings: Settings, refs: Refs, versions: Mapping[str, str], run_id: str | None) -> dict[str, Any]:
    """Enter a run into the history where it found something else than the run before, or by other settings or versions.

    refs: of all stages of the run. The caller holds the analysis's turn. Returns what run.json says of it: history,
    lineage, run, entered (false: as the run before) and finished.
    """
    history, known = History(settings), lineage_of(settings)
    folder, lineage = settings.metadata.analysis_id, known or new_lineage(settings, run_id)
    last = next(reversed(history.heads(known)), None)
    stated = settings.model_dump(mode="json", include={"tmo", "params"})
    result = result_of(refs)
    same_result = last is not None and last.result == result
    if last and same_result and history.stated(known, last.number) == stated_digest(stated, versions):
        history.settle(lineage, folder)
        return {
            "history": history.id(),
            "lineage": lineage,
            "run": last.number,
            "entered": False,
            "finished": last.finished,
        }
    number = last.number + 1 if last else 1
    store = Store(settings.store_path)
    topics, events = read_identity(store, refs[IDENTIFY])
    partition = partition_of(store, refs)
    order = partition.papers.astype(str).argsort(kind="stable")
    vectors = stored_topic_vectors(store, refs[REPRESENT])

    def make(history_id: str) -> RunRecord:
        return RunRecord(
            history=history_id,
            project=settings.metadata.project_folder,
            lineage=lineage,
            analysis=folder,
            number=number,
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            result=result,
            parent=last.number if last else None,
            prefect_run_id=run_id,
            settings=stated,
            versions=dict(versions),
            keys={stage: ref.key for stage, ref in refs.items()},
            base=int(refs[UPDATE].facts["run"]) if is_placed(refs) else number,
            topics=topics,
            events=[] if same_result else events,
            papers=[str(paper) for paper in partition.papers[order]],
            numbers=[int(topic) for topic in partition.topics[order]],
            vectors=packed_vectors(vectors),
            dimensions=int(vectors.shape[1]) if len(vectors) else 0,
        )

    record = history.append(make)
    return {"history": record.history, "lineage": lineage, "run": number, "entered": True, "finished": record.finished}
