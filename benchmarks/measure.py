"""Seconds, seconds of processor time and peak memory of a command and all processes that it starts."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_EVERY = 0.5  # seconds between two looks at memory


@dataclass(frozen=True)
class Measured:
    """seconds of wall clock and of processor, peak bytes of all processes together, exit code, standard output.

    A process that the command leaves behind counts in memory alone.
    """

    seconds: float
    processor: float
    peak: int
    code: int
    output: str


def measure(command: Sequence[str | Path], env: Mapping[str, str], seconds: float | None = None) -> Measured:
    """Run a command in a process group of its own; kill it after `seconds`, if given (code -9)."""
    started, before, peak = time.perf_counter(), _processor(), 0
    with subprocess.Popen(
        [str(part) for part in command],
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        os.set_blocking(process.stdout.fileno(), False)  # type: ignore[union-attr]
        output = ""
        while process.poll() is None:
            peak = max(peak, sum(map(_memory, _family(process.pid))))
            with contextlib.suppress(TypeError):  # nothing to read yet
                output += process.stdout.read()  # type: ignore[union-attr]
            if seconds is not None and time.perf_counter() - started > seconds:
                os.killpg(process.pid, 9)
            time.sleep(_EVERY)
        taken = time.perf_counter() - started
        with contextlib.suppress(TypeError):
            output += process.stdout.read()  # type: ignore[union-attr]
    return Measured(taken, _processor() - before, peak, process.returncode, output)


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


def _memory(process: int) -> int:
    """Bytes of a process, pages that it shares divided among the sharers."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
