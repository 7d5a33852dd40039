"""What a command takes: its end is noticed at once, its memory and that of its children count, it can be stopped."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from benchmarks.measure import measure

_HOLDS = "import time; held = bytearray({bytes}); time.sleep(1.5)"


def test_the_end_is_noticed_between_two_looks_at_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command of 0.1 seconds took as long as the pause between two looks."""
    monkeypatch.setattr("benchmarks.measure._EVERY", 600.0)
    done = measure(["sh", "-c", "echo told; exit 3"], {})
    assert (done.code, done.output) == (3, "told\n")
    assert done.seconds < 300


def test_memory_of_children_counts() -> None:
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_HOLDS.format(bytes=150_000_000)!r}])"
    assert measure([sys.executable, "-c", child], {}).peak > 150_000_000


def test_processor_seconds_are_those_of_the_command() -> None:
    idle = measure([sys.executable, "-c", "import time; time.sleep(1)"], {})
    busy = "import time\nwhile time.process_time() < 1: pass"
    assert measure([sys.executable, "-c", busy], {}).processor > idle.processor + 0.7


def test_a_process_left_behind_is_not_waited_for() -> None:
    done = measure(["sh", "-c", "sleep 300 & echo $!"], {})
    os.kill(int(done.output), signal.SIGTERM)
    assert done.code == 0


def test_a_command_that_takes_too_long_is_killed() -> None:
    assert measure(["sleep", "300"], {}, seconds=0.3).code == -signal.SIGKILL


def test_an_interrupted_benchmark_leaves_no_command_behind(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    handler = signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    try:
        signal.setitimer(signal.ITIMER_REAL, 2)
        with pytest.raises(KeyboardInterrupt):
            measure(["sh", "-c", f"echo $$ > {note}; exec sleep 300"], {})
    finally:
        signal.signal(signal.SIGALRM, handler)
    for _ in range(100):
        if not Path(f"/proc/{note.read_text().strip()}").exists():
            return
        time.sleep(0.1)
    raise AssertionError("the command still runs")
