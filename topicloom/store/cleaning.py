"""Removing from the store what no living analysis refers to."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from topicloom.errors import StoreError
from topicloom.output_files import RUN_RECORD
from topicloom.store.files import read_json, remove_tree, tree_size
from topicloom.store.store import MANIFEST, Store

_WEEK = 7 * 24 * 3600
_OWN_FOLDERS = ("locks", "prefect", "embedding", "history")


@dataclass(frozen=True)
class Leftover:
    """Something in the store that nothing needs. path: its folder or file, bytes: its size."""

    path: Path
    bytes: int


def kept_keys(store: Store) -> set[str]:
    """Keys of all results that a run record of the project refers to, and of the parts that those rest on."""
    keys: set[str] = set()
    for path in store.root.parent.glob(f"**/{RUN_RECORD}"):
        record = read_json(path)
        stages = record.get("stages", {}) if isinstance(record, dict) else {}
        for stage, note in stages.items():
            manifest = read_json(store.folder(stage, note["key"]) / MANIFEST) or {}
            keys |= {note["key"], *manifest.get("parts", {}).values()}
    return keys


def find_leftovers(store: Store) -> list[Leftover]:
    """What `clean` removes: results and Prefect records of no living analysis, and what killed runs left.

    A living analysis is a folder of the project with a run.json. Parts of embeddings that were not finished are
    kept for a week, so that a killed run can still go on.
    """
    keep = kept_keys(store)
    found = [
        path
        for stage in store.root.glob("*/")
        if stage.name not in _OWN_FOLDERS
        for path in stage.iterdir()
        if path.name not in keep
    ]
    found += [path for path in store.root.glob("prefect/*") if path.name.rpartition("-")[2] not in keep]
    found += [path for path in store.root.glob("embedding/*") if time.time() - path.stat().st_mtime > _WEEK]
    return [Leftover(path, tree_size(path) if path.is_dir() else path.stat().st_size) for path in sorted(found)]


def clean(store: Store) -> list[Leftover]:
    """Remove the leftovers and return them. Raises StoreError while a run of the project is under way."""
    if not store.root.is_dir():
        return []
    _require_no_run(store)
    leftovers = find_leftovers(store)
    for leftover in leftovers:
        remove_tree(leftover.path)
    for lock in store.root.glob("locks/*.lock"):
        lock.unlink(missing_ok=True)
    store.digests.forget_missing()
    return leftovers


def _require_no_run(store: Store) -> None:
    for path in store.root.glob("locks/run-*.lock"):
        try:
            with store.lock(path.stem).acquire(timeout=0):
                pass
        except Timeout:
            raise StoreError(
                f"{store.root.parent}: a run of this project is under way, and what it computes is not yet in its "
                "run.json. Clean when it is over."
            ) from None
