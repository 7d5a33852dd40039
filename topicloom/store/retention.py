"""How much of earlier results a project's store keeps: looked after at the end of each run, where the settings ask."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from topicloom.errors import StoreError
from topicloom.settings.schema import RetentionSettings, Settings
from topicloom.store.cleaning import Leftover, kept_keys, leftover, prefect_records, remove, results
from topicloom.store.files import tree_size
from topicloom.store.sharing import shared_run, tidy
from topicloom.store.store import GATE, Store

logger = logging.getLogger(__name__)

_DAY = 24 * 3600


@dataclass(frozen=True)
class _Kept:
    """A result in the store. age: days since it was computed, bytes: its size."""

    path: Path
    age: float
    bytes: int


@contextlib.contextmanager
def run_of(settings: Settings) -> Iterator[None]:
    """Say that a run of the project is under way; when it has ended well, remove what the settings no longer keep."""
    store = Store(settings.store_path)
    with store.run(), shared_run(settings):
        yield
    tidy(settings)
    removed = apply_retention(store, settings.retention)
    if removed:
        size = sum(one.bytes for one in removed) / 1e6
        logger.info("%d earlier results, %.1f MB, are no longer kept (retention).", len(removed), size)


def apply_retention(store: Store, policy: RetentionSettings) -> list[Leftover]:
    """Remove the results of earlier runs that a policy no longer keeps; returns what is gone.

    Results that a run.json of the project refers to are always kept, and so is what kept results rest on. While another
    run is under way nothing is removed: the last one to end sees to it. Raises nothing: a store that cannot be looked
    after is said in the log.
    """
    if policy == RetentionSettings() or store.root.is_symlink():
        return []
    try:
        with store.lock(GATE).acquire(timeout=0):
            return [] if store.is_running() else _apply(store, policy)
    except Timeout:
        return []
    except (StoreError, OSError) as error:
        logger.warning("Earlier results are all kept: %s", error)
        return []


def _apply(store: Store, policy: RetentionSettings) -> list[Leftover]:
    needed = kept_keys(store)
    everything = [_measured(path) for path in results(store)]
    earlier = sorted((one for one in everything if one.path.name not in needed), key=lambda one: one.age)
    doomed = {one.path for one in (*_beyond_number(earlier, policy), *_beyond_age(earlier, policy))}
    room = sum(one.bytes for one in everything if one.path not in doomed)
    doomed |= _beyond_size([one for one in earlier if one.path not in doomed], room, policy)
    doomed -= _rested_on(store, [one.path for one in everything if one.path not in doomed])
    gone = [leftover(path) for path in sorted(doomed)]
    keep = {one.path.name for one in everything} - {path.name for path in doomed}
    records = [leftover(path) for path in prefect_records(store, keep)]
    removed = remove(store, [*gone, *records]) if gone else []
    return [one for one in removed if one in gone]


def _measured(path: Path) -> _Kept:
    return _Kept(path, (time.time() - path.stat().st_mtime) / _DAY, tree_size(path))


def _beyond_number(earlier: Sequence[_Kept], policy: RetentionSettings) -> Iterator[_Kept]:
    """All but the latest of each stage. earlier: the latest first."""
    seen: dict[str, int] = {}
    for one in earlier:
        stage = one.path.parent.name
        seen[stage] = seen.get(stage, 0) + 1
        if policy.keep_results is not None and seen[stage] > policy.keep_results:
            yield one


def _beyond_age(earlier: Sequence[_Kept], policy: RetentionSettings) -> list[_Kept]:
    return [one for one in earlier if policy.keep_days is not None and one.age > policy.keep_days]


def _beyond_size(earlier: Sequence[_Kept], room: int, policy: RetentionSettings) -> set[Path]:
    """The oldest, until all that is left fits. room: bytes that all results take."""
    doomed: set[Path] = set()
    for one in reversed(earlier):
        if policy.keep_gigabytes is None or room <= policy.keep_gigabytes * 1e9:
            break
        doomed.add(one.path)
        room -= one.bytes
    return doomed


def _rested_on(store: Store, kept: Sequence[Path]) -> set[Path]:
    """Results that kept ones rest on, as their manifests state."""
    parts = {key for path in kept for key in store.manifest_of(path.parent.name, path.name).get("parts", {}).values()}
    return {path for path in results(store) if path.name in parts}
