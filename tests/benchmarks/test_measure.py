"""What a command takes: its end is noticed at once, its memory and that of its children count, it can be stopped."""

from __future__ import annotations

import mmap
import os
import signal
import sys
import threading
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


def test_what_a_process_outside_has_loaded_too_counts_whole(tmp_path: Path) -> None:
    """Half of each library that the measuring process has loaded as well was left out."""
    (tmp_path / "pages").write_bytes(os.urandom(100_000_000))
    maps = (
        "import mmap, sys, time; file = open(sys.argv[1], 'rb');"
        "pages = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ);"
        "sum(pages[::4096]); time.sleep(2)"
    )
    with (tmp_path / "pages").open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as pages:
        assert sum(pages[::4096])
        assert measure([sys.executable, "-c", maps, tmp_path / "pages"], {}).peak > 100_000_000


def test_pages_that_children_share_count_once() -> None:
    forks = "import os, time; held = b'1' * 150_000_000; os.fork(); time.sleep(1.5)"
    assert 150_000_000 < measure([sys.executable, "-c", forks], {}).peak < 290_000_000


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

    def interrupt() -> None:
        while not (note.exists() and note.read_text().endswith("\n")):
            time.sleep(0.05)
        time.sleep(1)  # subprocess itself has returned by then
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        measure(["sh", "-c", f"echo $$ > {note}; exec sleep 300"], {})
    assert not Path(f"/proc/{note.read_text().strip()}").exists()
