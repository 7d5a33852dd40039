"""Putting pictures into the analysis folder: files that are there already stay, those of an earlier result go."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from typing import Any

from topicloom.errors import StoreError
from topicloom.lineage.history import History, HistoryError
from topicloom.output_files import (
    BRIDGES,
    DRAWN,
    EVOLUTION,
    EXPORTS_FOLDER,
    FIGURES_FOLDER,
    METHODS_FILE,
    MOVES_FILE,
    PROFILE_TABLES,
    QUALITY_FILE,
    REPORT_FILE,
    RUN_RECORD,
    TABLES,
)
from topicloom.settings.schema import Settings
from topicloom.stage_names import DESCRIBE, FIGURES, METHODS, MOVES, PROFILES, QUALITY, REPORT, TAKE_AWAY
from topicloom.store.files import write_json
from topicloom.store.record_form import inside_the_folder, stated_identity
from topicloom.store.run_record import analysis_lock, exported_by, read_record, update_record
from topicloom.store.store import StageRef, Store
from topicloom.store.swap import swapped_in

logger = logging.getLogger(__name__)

_ENTRY = "pictures"
_DRAWN_FOLDERS = (FIGURES_FOLDER, EXPORTS_FOLDER)
_NOTED = "labels_noted"  # of which pictures and run the history has the labels


def published_names(record: Mapping[str, Any]) -> list[str]:
    """The pictures in the analysis folder, as run.json states them: files, and folders by their name alone."""
    return sorted({name.partition("/")[0] for name in _published(record)})


def _published(record: Mapping[str, Any]) -> dict[str, str]:
    """SHA-256 of each picture that run.json states; a name that is not of a picture is none of ours."""
    stated = (record.get(_ENTRY) or {}).get("files", {})
    return {name: sha256 for name, sha256 in stated.items() if name.partition("/")[0] in {*DRAWN, *_DRAWN_FOLDERS}}


def publish_pictures(
    settings: Settings, refs: Mapping[str, StageRef], export_key: str, run_id: str | None = None
) -> list[str]:
    """Make the analysis folder hold the pictures of `refs` and no others; returns the names that were written.

    refs: results of the stages that draw, as far as there are any. What an earlier run has published
    and this one has not is removed, so that no picture of another result lies beside the tables: the store keeps it.
    All change at one moment, and run.json notes what they were made from. Where the folder no longer holds the export
    that they belong to, since another run has exported, nothing is published.

    export_key: of the export. run_id: of the run that made it; None where any run may have.

    Raises StoreError where a result states a file that is no picture, or is to lie elsewhere.
    """
    store = Store(settings.store_path)
    wanted = _wanted(store, refs)
    with analysis_lock(settings, store):
        record = read_record(settings)
        if not exported_by(record, export_key, run_id):
            return []
        before = _published(record)
        changed = {name for name, (_, _, sha256) in wanted.items() if not _holds(settings, store, name, sha256)}
        # A folder changes as a whole: with one file of it all are put in place anew.
        tops = {name.partition("/")[0] for name in changed}
        gone = {name.partition("/")[0] for name in before} - {name.partition("/")[0] for name in wanted}
        less = {name.partition("/")[0] for name in before if name not in wanted}
        tops |= less.intersection(_DRAWN_FOLDERS) - gone
        files = {name: sha256 for name, (_, _, sha256) in wanted.items()}
        entry = {"keys": {stage: ref.key for stage, ref in refs.items()}, "files": files}
        if not tops and not gone and (record.get(_ENTRY) or {"keys": {}, "files": {}}) == entry:
            return []
        with swapped_in(settings.analysis_path, gone=sorted(gone)) as staging:
            for name, (ref, artifact, _) in wanted.items():
                if name.partition("/")[0] in tops:
                    (staging / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(store.artifact(ref, artifact), staging / name)
            write_json(staging / RUN_RECORD, {**record, _ENTRY: entry})
        written = [name for name in wanted if name.partition("/")[0] in tops]
        store.digests.note({settings.analysis_path / name: files[name] for name in written})
        return written


def publish_and_note(
    settings: Settings, refs: Mapping[str, StageRef], export_key: str, run_id: str | None = None
) -> list[str]:
    """Publish pictures as `publish_pictures` does, and note in the history which labels they show."""
    names = publish_pictures(settings, refs, export_key, run_id)
    if DESCRIBE in refs and exported_by(read_record(settings), export_key, run_id):
        note_shown_labels(settings, refs[DESCRIBE])
    return names


def note_shown_labels(settings: Settings, described: StageRef) -> None:
    """Note in the history under which labels the topics of the last run are shown, so that later runs keep them.

    described: the result of describe that the analysis folder shows.
    """
    identity = stated_identity(settings.analysis_path)
    if not identity:
        return
    store, history = Store(settings.store_path), History(settings)
    noted = {"describe": described.key, "lineage": identity["lineage"], "run": identity["run"]}
    # An unchanged run imports nothing heavy; a history that was made anew from its records has lost the labels.
    if read_record(settings).get(_NOTED) == noted and history.has_labels(identity["lineage"], identity["run"]):
        return
    import pandas as pd

    topics = pd.read_parquet(store.folder(DESCRIBE, described.key) / "topics.parquet")
    labels = dict(zip(topics["topic_uid"].astype(str), topics["Label"].astype(str), strict=True))
    try:
        history.note_labels(identity["lineage"], identity["run"], labels)
        with analysis_lock(settings, store):
            update_record(settings, {_NOTED: noted})
    except HistoryError as error:  # the pictures are there; a label may be made anew
        logger.warning("The labels of this run are not noted: %s", error)


def _wanted(store: Store, refs: Mapping[str, StageRef]) -> dict[str, tuple[StageRef, str, str]]:
    """Each file to publish by its name in the analysis folder: the result and artifact that it is, and its digest."""
    names: dict[str, dict[str, str]] = {
        DESCRIBE: {name: name for name in TABLES},
        PROFILES: {name: name for name in PROFILE_TABLES},
        MOVES: {name: name for name in (MOVES_FILE, BRIDGES, EVOLUTION)},
        QUALITY: {QUALITY_FILE: QUALITY_FILE},
        METHODS: {METHODS_FILE: METHODS_FILE},
        REPORT: {REPORT_FILE: REPORT_FILE},
    }
    if TAKE_AWAY in refs:
        names[TAKE_AWAY] = dict(refs[TAKE_AWAY].facts["files"])
    if FIGURES in refs:
        names[FIGURES] = {f"{FIGURES_FOLDER}/{name}": name for name in refs[FIGURES].facts["files"]}
    for stage in refs:
        for name, artifact in names.get(stage, {}).items():
            _require_a_picture(store, refs[stage], name, artifact)
    return {
        name: (refs[stage], artifact, refs[stage].outputs[artifact])
        for stage, of_stage in names.items()
        if stage in refs
        for name, artifact in of_stage.items()
    }


def _require_a_picture(store: Store, ref: StageRef, name: str, artifact: str) -> None:
    """Refuse what a manifest that others may have written would have copied from elsewhere, or to elsewhere."""
    if name.partition("/")[0] in {*DRAWN, *_DRAWN_FOLDERS} and all(map(_stays_inside, (name, artifact))):
        return
    folder = store.place(ref.stage, ref.key)
    raise StoreError(
        f"{folder}: it states {artifact!r} as the file {name!r} of the analysis folder, and topicloom puts none such "
        "there. Nothing is written. Remove that folder and run again: its files are made anew."
    )


def _stays_inside(name: str) -> bool:
    try:
        inside_the_folder(name)
    except ValueError:
        return False
    return True


def _holds(settings: Settings, store: Store, name: str, sha256: str) -> bool:
    try:
        return store.digests.digest(settings.analysis_path / name) == sha256
    except OSError:
        return False
