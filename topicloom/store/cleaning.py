"""Removing from the store what no living analysis refers to."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from topicloom.errors import StoreError
from topicloom.output_files import RUN_RECORD
from topicloom.store.files import remove_tree, tree_size
from topicloom.store.record_form import load_record, run_records
from topicloom.store.store import GATE, OWN_FOLDERS, Store

logger = logging.getLogger(__name__)

_WEEK = 7 * 24 * 3600
_RESULT = re.compile(r"[0-9a-f]{64}")
_UNFINISHED = re.compile(r"\..*\.(tmp|old)")
_OLD_FILES = ("digests.json", "digests.sqlite.damaged*", ".*.tmp")


@dataclass(frozen=True)
class Leftover:
    """Something in the store that nothing needs. path: its folder or file, bytes: its size."""

    path: Path
    bytes: int


def kept_keys(store: Store) -> set[str]:
    """Keys of all results that a run record of the project refers to, and of the parts that those rest on.

    Raises StoreError where a run record cannot be read: what its analysis needs is then not known.
    """
    named: set[tuple[str, str]] = set()
    for path in run_records(store.root.parent):
        # An export that a kill has cut short may have its record in the staging folder still.
        for record in (path, *path.parent.glob(f".topicloom-staging-*/new/{RUN_RECORD}")):
            named |= _named_results(record)
    return {key for _, key in named} | {
        part for stage, key in named for part in store.manifest_of(stage, key).get("parts", {}).values()
    }


def _named_results(path: Path) -> set[tuple[str, str]]:
    record, fault = load_record(path)
    if fault:
        raise StoreError(
            f"{path} cannot be used ({fault}). What its analysis needs is not known, so nothing is removed. "
            "Run that analysis, which writes the file anew, or move the file away; then clean again."
        )
    stages = {stage: note["key"] for stage, note in record.get("stages", {}).items()}
    pictures = (record.get("pictures") or {}).get("keys", {})
    return {*stages.items(), *pictures.items()}


def find_leftovers(store: Store) -> list[Leftover]:
    """What `clean` removes: results and Prefect records of no living analysis, and what killed runs left.

    A living analysis is a folder of the project with a run.json. Parts of embeddings that were not finished are
    kept for a week, so that a killed run can still go on. What lies behind a link is left alone.

    Raises StoreError where a run.json of the project cannot be read, or the store is a link.
    """
    if not store.root.is_dir():
        return []
    _require_no_link(store)
    keep = kept_keys(store)
    found = [path for path in results(store) if path.name not in keep]
    found += [path for path in _inner(store) if _UNFINISHED.fullmatch(path.name)]
    found += prefect_records(store, keep)
    found += _old_parts(store)
    found += [path for pattern in _OLD_FILES for path in store.root.glob(pattern) if path.is_file()]
    return [leftover(path) for path in sorted(found)]


def results(store: Store) -> Iterator[Path]:
    """The folder of every result in the store, that of parts too."""
    return (path for path in _inner(store) if _RESULT.fullmatch(path.name))


def prefect_records(store: Store, keep: set[str]) -> list[Path]:
    """Prefect's records of results whose keys are none of those to keep."""
    records = store.root / "prefect"
    if records.is_symlink():
        return []
    return [path for path in records.glob("*") if path.name.rpartition("-")[2] not in keep]


def _old_parts(store: Store) -> list[Path]:
    """Parts of embeddings that were not finished, a week old."""
    parts = store.root / "embedding"
    if parts.is_symlink():
        return []
    return [path for path in parts.glob("*") if time.time() - path.lstat().st_mtime > _WEEK]


def leftover(path: Path) -> Leftover:
    """A folder or file with its size."""
    return Leftover(path, tree_size(path) if path.is_dir() and not path.is_symlink() else path.lstat().st_size)


def clean(store: Store) -> list[Leftover]:
    """Remove the leftovers and return those that are gone.

    No run begins while it lasts. Raises StoreError while a run of the project is under way, and where `find_leftovers`
    does; nothing is removed then.
    """
    if not store.root.is_dir():
        return []
    _require_no_link(store)
    with store.held(GATE, "A run of the project is about to begin, or the store is being cleaned; waiting."):
        if store.is_running():
            raise StoreError(
                f"{store.root.parent}: a run of this project is under way, and what it computes is not yet in its "
                "run.json. Clean when it is over."
            )
        return remove(store, find_leftovers(store))


def remove(store: Store, leftovers: list[Leftover]) -> list[Leftover]:
    """Remove leftovers and return those that are gone. The caller holds the gate, and no run is under way."""
    for one in leftovers:
        remove_tree(one.path)
    stayed = [one.path for one in leftovers if os.path.lexists(one.path)]
    for path in stayed:
        logger.warning("%s cannot be removed; its owner can.", path)
    store.digests.forget_missing()
    return [one for one in leftovers if one.path not in stayed]


def _inner(store: Store) -> Iterator[Path]:
    """What lies in the folders of the stages; a link is left out, since what it leads to may be another project's."""
    for stage in sorted(store.root.glob("*/")):
        if stage.name in OWN_FOLDERS:
            continue
        for path in (stage,) if stage.is_symlink() else sorted(stage.iterdir()):
            if path.is_symlink():
                logger.warning("%s is a link; what it leads to is left alone.", path)
            else:
                yield path


def _require_no_link(store: Store) -> None:
    if store.root.is_symlink():
        raise StoreError(
            f"{store.root} is a link to {store.root.resolve()}, which other projects may use too; nothing is removed "
            "there. Put the store itself in the place of the link to clean it."
        )
