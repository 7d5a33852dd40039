"""Seconds, seconds of processor time and peak memory of a command and all processes that it starts."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_EVERY = 0.5  # seconds between two looks at memory
_KINDS = ("Private_Clean", "Private_Dirty", "Shared_Clean", "Shared_Dirty", "Pss_Anon", "Pss_Shmem")


@dataclass(frozen=True)
class Measured:
    """seconds of wall clock and of processor, peak bytes of all processes together, exit code, standard output.

    own: peak bytes without pages of files, which the system takes back where memory is short.
    A process that the command leaves behind counts in memory alone.
    """

    seconds: float
    processor: float
    peak: int
    code: int
    output: str
    own: int = 0


def measure(command: Sequence[str | Path], env: Mapping[str, str], seconds: float | None = None) -> Measured:
    """Run a command in a process group of its own; kill it after `seconds`, if given (code -9)."""
    before, started = _processor(), time.perf_counter()
    # A file, not a pipe: a process that the command leaves behind would keep a pipe open, and be waited for.
    with (
        tempfile.TemporaryFile() as output,
        subprocess.Popen(
            [str(part) for part in command],
            env={**os.environ, **env},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            with _watched(process.pid) as peak:
                try:
                    process.wait(seconds)
                except subprocess.TimeoutExpired:
                    _kill(process)
                taken = time.perf_counter() - started
        except BaseException:  # interrupted: a session of its own hears of it from nobody else
            _kill(process)
            raise
        output.seek(0)
        told = output.read().decode(errors="replace")
    return Measured(taken, _processor() - before, peak().all, process.returncode, told, peak().own)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def _watched(root: int) -> Iterator[Callable[[], _Memory]]:
    """Look at the memory of a process and its children, in a thread, so that their end is noticed at once."""
    ended, seen = threading.Event(), [_Memory(0, 0)]

    def look() -> None:
        while True:
            seen.append(_memory(_family(root)))
            if ended.wait(_EVERY):
                return

    watching = threading.Thread(target=look, daemon=True)
    watching.start()
    try:
        yield lambda: _Memory(max(one.all for one in seen), max(one.own for one in seen))
    finally:
        ended.set()
        watching.join()


def _processor() -> float:
    """Seconds of processor time of all child processes that have ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _family(root: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents.setdefault(int(path.read_text().rpartition(")")[2].split()[1]), []).append(int(path.parent.name))
    family, waiting = [], [root]
    while waiting:
        process = waiting.pop()
        family.append(process)
        waiting += parents.get(process, [])
    return family


class _Memory(NamedTuple):
    """Bytes of processes: all, and of these those of no file."""

    all: int
    own: int


def _memory(processes: Iterable[int]) -> _Memory:
    """Bytes of processes together: what each has alone, and once what they share.

    What they share is taken to be what the one that shares most does. Shares of shared pages (Pss) would leave out a
    part of each library that a process outside has loaded too, such as the one that measures.
    """
    alone, shared, own = 0, 0, 0
    for process in processes:
        pages = _pages(process)
        alone += pages["Private_Clean"] + pages["Private_Dirty"]
        shared = max(shared, pages["Shared_Clean"] + pages["Shared_Dirty"])
        own += pages["Pss_Anon"] + pages["Pss_Shmem"]
    return _Memory(alone + shared, own)


def _pages(process: int) -> dict[str, int]:
    """Bytes of a process by kind of page; none where it has ended."""
    found = dict.fromkeys(_KINDS, 0)
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            kind, _, size = line.partition(":")
            if kind in found:
                found[kind] = int(size.split()[0]) * 1024
    return found
