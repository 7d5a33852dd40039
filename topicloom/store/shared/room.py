"""The room that local mirrors take: what was used longest ago goes first, and nothing that the store does not have."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from topicloom.remote.address import mirrors_folder
from topicloom.remote.variables import stated_number
from topicloom.store.files import read_json
from topicloom.store.shared.results import OBJECTS

logger = logging.getLogger(__name__)

LIMIT: Final = "TOPICLOOM_CACHE_GIGABYTES"
_GIGABYTES: Final = 20.0


@dataclass(frozen=True)
class _Kept:
    """An artifact in a mirror. root: the mirror's store; used: when, in seconds since 1970; bytes: its size."""

    root: Path
    path: Path
    used: float
    bytes: int


def limit_bytes() -> float:
    """How much the artifacts of all mirrors may take. Raises AddressError for what is no number."""
    return 1e9 * stated_number(LIMIT, _GIGABYTES, lambda gigabytes: gigabytes >= 0, "a number of gigabytes, 0 or more")


def keep_to_limit() -> int:
    """Remove artifacts of the mirrors that the store has, until the rest is within the limit; returns how many bytes.

    Those of projects with a run under way stay. They come back when they are asked for.
    """
    limit = limit_bytes()
    kept = sorted(_artifacts(), key=lambda one: one.used)
    room, removed = sum(one.bytes for one in kept), 0
    busy: dict[Path, bool] = {}
    for one in kept:
        if room - removed <= limit:
            break
        if one.root not in busy:
            busy[one.root] = _is_busy(one.root)
        if busy[one.root]:
            continue
        with contextlib.suppress(OSError):
            one.path.unlink()
            removed += one.bytes
    if removed:
        logger.info("%.1f MB of results were removed from this machine; the store has them.", removed / 1e6)
    return removed


def _artifacts() -> Iterator[_Kept]:
    for noted in mirrors_folder().glob(f"**/.topicloom/*/*/{OBJECTS}"):
        for name in read_json(noted) or {}:
            path = noted.parent / name
            with contextlib.suppress(OSError):
                status = path.lstat()
                yield _Kept(noted.parents[2], path, max(status.st_atime, status.st_mtime), status.st_size)


def _is_busy(root: Path) -> bool:
    """Whether a run of this machine is at work on a project. root: `.topicloom`."""
    for path in root.glob("locks/run-*.lock"):
        try:
            with FileLock(path).acquire(timeout=0):
                pass
        except Timeout:
            return True
    return False
