"""run.json: the record of a run in the analysis folder, and the manifest of the files that it exported."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from topicloom.output_files import RUN_RECORD
from topicloom.settings.schema import Settings
from topicloom.stage_names import EXPORT
from topicloom.store.digests import DigestBook
from topicloom.store.files import digest_file, set_aside, write_json
from topicloom.store.record_form import load_record
from topicloom.store.store import Finding, StagePlan, StageRef, Store
from topicloom.store.swap import JOURNAL, finish_swap

logger = logging.getLogger(__name__)


def exported_files(folder: Path) -> dict[str, dict[str, Any]]:
    """SHA-256 and bytes of every file below a folder, by its path relative to it."""
    return {
        path.relative_to(folder).as_posix(): {"sha256": digest_file(path), "bytes": path.stat().st_size}
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != RUN_RECORD
    }


def find_export(settings: Settings, plan: StagePlan, store: Store) -> Finding:
    """Whether the analysis folder holds the outputs of `plan`, each file as it was written."""
    export = read_record(settings).get("export")
    if not export or export["key"] != plan.key:
        return Finding(ref=None)
    for name, note in export["files"].items():
        fault = _fault(settings.analysis_path / name, note, store.digests)
        if fault:
            return Finding(ref=None, fault=fault)
    outputs = {name: str(note["sha256"]) for name, note in export["files"].items()}
    return Finding(ref=StageRef(stage=EXPORT, key=plan.key, outputs=outputs, facts=export.get("facts", {})))


def _fault(path: Path, note: dict[str, Any], digests: DigestBook) -> str:
    try:
        if path.stat().st_size == note["bytes"] and digests.digest(path) == note["sha256"]:
            return ""
    except FileNotFoundError:
        return f"{path.name} is missing"
    except OSError as error:
        return f"{path.name} cannot be read ({error.strerror})"
    return f"{path.name} is not as it was exported"


def read_record(settings: Settings) -> dict[str, Any]:
    """The run record of an analysis; empty if it has none that can be used."""
    return load_record(settings.analysis_path / RUN_RECORD)[0]


def settle_export(settings: Settings) -> None:
    """Carry out, or take back, an export that a kill has cut short; one that is under way is waited for.

    Raises SwapError where neither can be.
    """
    folder = settings.analysis_path
    if not os.path.lexists(folder / JOURNAL):
        return
    if not os.access(folder, os.W_OK):
        logger.warning("%s: an export was cut short; the next command of who may write there carries it out.", folder)
        return
    with analysis_lock(settings, Store(settings.store_path)):
        pass


def mend_record(settings: Settings, store: Store) -> list[str]:
    """Set run.json of an analysis aside where it cannot be used; returns a sentence on it, or nothing."""
    path = settings.analysis_path / RUN_RECORD
    if not load_record(path)[1]:
        return []
    with analysis_lock(settings, store):
        fault = load_record(path)[1]  # another run may have been here first
        if not fault:
            return []
        aside = set_aside(path)
    return [f"{path} could not be used ({fault}); it is kept as {aside.name}, and the run writes a new one."]


def exported_by(record: Mapping[str, Any], key: str, run_id: str | None = None) -> bool:
    """Whether the analysis folder holds an export, and, where a run is named, no other run has exported since.

    Args:
        record: run.json.
        key: Key of the export.
        run_id: Of a run in Prefect.
    """
    export = record.get("export")
    return isinstance(export, dict) and export.get("key") == key and run_id in (None, record.get("prefect_run_id"))


def update_record(settings: Settings, changes: dict[str, Any]) -> None:
    """Replace entries of the run record, atomically."""
    write_json(settings.analysis_path / RUN_RECORD, {**read_record(settings), **changes})


def end_run(settings: Settings) -> None:
    """Note in run.json that nothing more is to come of the export that it tells of."""
    with analysis_lock(settings, Store(settings.store_path)):
        update_record(settings, {"over": True})


@contextlib.contextmanager
def analysis_lock(settings: Settings, store: Store) -> Iterator[None]:
    """Hold the lock of an analysis folder: one export, or one change of the run record, at a time.

    Whoever holds it finds the folder whole: a change that a kill has cut short is carried out, or taken back, first.
    Raises SwapError where neither can be.
    """
    name = settings.metadata.analysis_id.replace("/", "+")
    with store.lock(f"analysis-{name}"):
        finish_swap(settings.analysis_path)
        yield
