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


class Process(NamedTuple):
    """One process: its command, peak bytes without pages of files, seconds of processor when it was last looked at."""

    command: str
    own: int
    processor: float


@dataclass(frozen=True)
class Measured:
    """seconds of wall clock and of processor, peak bytes of all processes together, exit code, standard output.

    own: peak bytes without pages of files, which the system takes back where memory is short.
    each: the processes one by one, that of the command first.
    A process that the command leaves behind counts in memory alone.
    """

    seconds: float
    processor: float
    peak: int
    code: int
    output: str
    own: int = 0
    each: tuple[Process, ...] = ()


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
    memory = peak()
    return Measured(
        taken, _processor() - before, memory.all, process.returncode, told, memory.own, tuple(memory.each.values())
    )


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def _watched(root: int) -> Iterator[Callable[[], _Peak]]:
    """Look at the memory of a process and its children, in a thread, so that their end is noticed at once."""
    ended, seen = threading.Event(), [_Memory(0, 0)]
    each: dict[int, Process] = {}

    def look() -> None:
        while True:
            pages = {process: _pages(process) for process in _family(root)}
            seen.append(_memory(pages.values()))
            for process, of in pages.items():
                each[process] = _seen(process, _own(of), each.get(process))
            if ended.wait(_EVERY):
                return

    watching = threading.Thread(target=look, daemon=True)
    watching.start()
    try:
        yield lambda: _Peak(max(one.all for one in seen), max(one.own for one in seen), each)
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


class _Peak(NamedTuple):
    """The most bytes of all processes, of these the most of no file, and each process by its number."""

    all: int
    own: int
    each: dict[int, Process]


def _seen(process: int, own: int, before: Process | None) -> Process:
    """A process as it is now, with the most that it has held. before: as it was; once it has ended that stays."""
    command, most, used = before or Process("", 0, 0.0)
    with contextlib.suppress(OSError, IndexError, ValueError):
        folder = Path(f"/proc/{process}")
        command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip() or command
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        used = max((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), used)
    return Process(command, max(most, own), used)


def _own(pages: Mapping[str, int]) -> int:
    return pages["Pss_Anon"] + pages["Pss_Shmem"]


def _memory(processes: Iterable[Mapping[str, int]]) -> _Memory:
    """Bytes of processes together: what each has alone, and once what they share.

    What they share is taken to be what the one that shares most does. Shares of shared pages (Pss) would leave out a
    part of each library that a process outside has loaded too, such as the one that measures.
    """
    alone, shared, own = 0, 0, 0
    for pages in processes:
        alone += pages["Private_Clean"] + pages["Private_Dirty"]
        shared = max(shared, pages["Shared_Clean"] + pages["Shared_Dirty"])
        own += _own(pages)
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
