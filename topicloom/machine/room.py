"""How much memory this process may take: of the machine, of its container, of its address space."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_MEMINFO = Path("/proc/meminfo")
_OWN_GROUP = Path("/proc/self/cgroup")
_GROUPS = Path("/sys/fs/cgroup")
_NO_LIMIT = 1 << 60  # older control groups state a number of this size where there is no limit


@dataclass(frozen=True)
class Room:
    """A bound on memory.

    Args:
        bound: What it is, in words that go on with "is 2.0 GB".
        limit: Bytes of all that may be taken.
        free: Bytes of it that are free now, as far as that is known; else the limit.
        addresses: It counts addresses, of which a process takes more than it fills with numbers.
        mend: How to widen it, one sentence.
    """

    bound: str
    limit: int
    free: int
    addresses: bool
    mend: str


def rooms() -> Iterator[Room]:
    """The bounds that hold for this process, as far as the system tells them.

    Yields:
        The limit on address space, that of the container, the machine's memory.

    Example:
        >>> all(room.free <= room.limit for room in rooms())
        True
    """
    addresses, _ = resource.getrlimit(resource.RLIMIT_AS)
    if addresses != resource.RLIM_INFINITY:
        yield Room(
            "the limit on this process's address space (ulimit -v)",
            addresses,
            addresses,
            True,
            "Lift the limit (ulimit -v unlimited).",
        )
    group = _group_limit()
    if group is not None:
        limit, used = group
        yield Room(
            "the memory of this container (its control group's limit)",
            limit,
            max(limit - used, 0),
            False,
            "Give the container more memory.",
        )
    machine = _machine()
    if machine is not None:
        yield Room("the memory of this machine", *machine, False, "Take a machine with more memory, or fewer papers.")


def _group_limit() -> tuple[int, int] | None:
    """The narrowest limit of the control groups that this process is in, and what is used of it; in bytes."""
    found = [limit for folder in _folders() if (limit := _limit_in(folder)) is not None]
    return min(found, default=None)


def _folders() -> Iterator[Path]:
    """The folders of this process's control groups, of both versions, the innermost first."""
    with contextlib.suppress(OSError):
        for line in _OWN_GROUP.read_text().splitlines():
            number, kinds, name = line.split(":", 2)
            if number != "0" and "memory" not in kinds.split(","):
                continue
            root = _GROUPS if number == "0" else _GROUPS / "memory"
            inner = root / name.lstrip("/")
            yield from (folder for folder in (inner, *inner.parents) if folder.is_relative_to(root))


def _limit_in(folder: Path) -> tuple[int, int] | None:
    for limit, used in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
        stated = _number(folder / limit)
        if stated is not None and stated < _NO_LIMIT:
            return stated, max((_number(folder / used) or 0) - _given_back(folder), 0)
    return None


def _given_back(folder: Path) -> int:
    """Bytes that the kernel takes back at once: of files that were read and are not in use."""
    with contextlib.suppress(OSError, ValueError):
        for line in (folder / "memory.stat").read_text().splitlines():
            if line.startswith(("inactive_file ", "total_inactive_file ")):
                return int(line.split()[1])
    return 0


def _number(path: Path) -> int | None:
    """The number in a file; None where there is no such file, or a word such as max."""
    with contextlib.suppress(OSError, ValueError):
        return int(path.read_text())
    return None


def _machine() -> tuple[int, int] | None:
    """Memory and swap of the machine, and what is available of them, in bytes; None where the system does not say."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        pairs = (line.split(":", 1) for line in _MEMINFO.read_text().splitlines())
        stated = {name: int(value.split()[0]) * 1024 for name, value in pairs if value.split()}
        return stated["MemTotal"] + stated["SwapTotal"], stated["MemAvailable"] + stated["SwapFree"]
    return None
