"""A process beside this one: what it returns, raises and says, and how it ends."""

from __future__ import annotations

import logging
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from topicloom.errors import CorpusError, Problem, TopicloomError
from topicloom.machine.side_process import SideProcess, SideProcessEndedError
from topicloom.progress import Part, listening, tell
from topicloom.stages.retries import may_succeed_later


def told_and_logged(pieces: int) -> int:
    for done in range(pieces):
        tell("pieces", done + 1, pieces)
    logging.getLogger("topicloom.somewhere").warning("%d pieces", pieces)
    print("not for the terminal")
    return os.getpid()


class OddError(Exception):
    def __init__(self, one: str, *, two: str) -> None:
        super().__init__(f"{one} and {two}")


def failing(kind: str) -> None:
    if kind == "input":
        raise CorpusError("corpus.csv", Problem("It has no text.", "Add one."))
    if kind == "odd":
        raise OddError("this", two="that")
    os.kill(os.getpid(), 9)


def speaking_when_killed() -> None:
    from topicloom.machine import side_process

    os.write(side_process._told.fileno(), struct.pack("!i", 1000) + b"the first of 1,000 bytes")
    os.kill(os.getpid(), signal.SIGKILL)


def grown() -> None:
    """Have this process taken for one that has grown too much."""
    from joblib.externals.loky import process_executor

    process_executor._MAX_MEMORY_LEAK_SIZE, process_executor._MEMORY_LEAK_CHECK_DELAY = -(10**12), 0


def slow(mark: Path) -> None:
    mark.write_text(str(os.getpid()))
    time.sleep(600)


@pytest.fixture(scope="module")
def beside():
    with SideProcess() as process:
        yield process


def test_what_is_said_there_is_heard_here(beside, caplog, capfd):
    heard = []
    with listening(heard.append), caplog.at_level(logging.INFO, logger="topicloom"):
        process = beside.call(told_and_logged, 3)
    assert process != os.getpid()
    assert heard == [Part("pieces", done, 3) for done in (1, 2, 3)]
    assert [(record.name, record.getMessage()) for record in caplog.records] == [("topicloom.somewhere", "3 pieces")]
    assert capfd.readouterr().out == ""
    assert beside.call(told_and_logged, 1) == process  # it is kept


def test_each_thread_hears_its_own_call(beside):
    def called(pieces: int) -> tuple[int, list]:
        heard: list = []
        with listening(heard.append):
            beside.call(told_and_logged, pieces)
        return pieces, heard

    with ThreadPoolExecutor(4) as threads:
        for pieces, heard in threads.map(called, (5, 1, 3, 2)):
            assert heard == [Part("pieces", done + 1, pieces) for done in range(pieces)]


def test_errors_are_raised_here(beside):
    with pytest.raises(CorpusError, match="It has no text") as caught:
        beside.call(failing, "input")
    assert caught.value.path == Path("corpus.csv")
    # An error that cannot be put together again keeps its words.
    with pytest.raises(TopicloomError, match="OddError: this and that"):
        beside.call(failing, "odd")


def test_a_killed_process_is_said_and_another_takes_its_place(beside):
    first = beside.call(told_and_logged, 1)
    with pytest.raises(BrokenProcessPool):
        beside.call(failing, "killed")
    assert beside.call(told_and_logged, 1) != first


def test_a_process_that_is_killed_between_two_calls_is_replaced():
    with SideProcess() as process:
        first = process.call(os.getpid)
        known = process._executor
        os.kill(first, signal.SIGKILL)
        end = time.monotonic() + 60
        while known._flags.broken is None and time.monotonic() < end:  # until its end has been noticed
            time.sleep(0.05)
        assert process.call(os.getpid) != first


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_process_that_is_killed_while_it_speaks_is_replaced_without_a_word():
    listeners = set(threading.enumerate())
    with SideProcess() as process:
        with pytest.raises(BrokenProcessPool):
            process.call(speaking_when_killed)
        assert process.call(os.getpid) != os.getpid()
    for thread in set(threading.enumerate()) - listeners:
        thread.join(60)
        assert not thread.is_alive()


def test_a_process_that_has_grown_is_replaced_without_a_word(recwarn):
    with SideProcess() as process:
        first = process.call(os.getpid)
        process.call(grown)
        assert process.call(os.getpid) != first
    assert [str(warning.message) for warning in recwarn] == []


def test_where_no_process_can_be_started_the_fault_is_one_that_is_tried_again(monkeypatch):
    """The stage is then computed in the run's own process."""

    def without_semaphores(*_, **__):
        raise NotImplementedError("too few semaphores")

    monkeypatch.setattr("joblib.externals.loky.process_executor.ProcessPoolExecutor", without_semaphores)
    with (
        SideProcess() as process,
        pytest.raises(OSError, match=r"no process can be started .* too few semaphores") as no,
    ):
        process.call(os.getpid)
    assert may_succeed_later(no.value)


def test_ending_it_ends_what_it_does(tmp_path):
    process, mark = SideProcess(), tmp_path / "mark"
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(process.call, slow, mark)
        there = process_in(mark)
        process.end()
        with pytest.raises(SideProcessEndedError):
            waiting.result(60)
    assert gone(there)
    with pytest.raises(SideProcessEndedError):
        process.call(told_and_logged, 1)


def test_it_ends_with_a_killed_parent(tmp_path):
    words = (
        "from pathlib import Path; from topicloom.machine.side_process import SideProcess\n"
        "from tests.topicloom.machine.test_side_process import slow\n"
        f"SideProcess().call(slow, Path({str(tmp_path / 'mark')!r}))"
    )
    parent = subprocess.Popen([sys.executable, "-c", words])
    there = process_in(tmp_path / "mark")
    parent.kill()
    parent.wait()
    assert gone(there)


def process_in(mark: Path) -> int:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if mark.exists() and mark.read_text():
            return int(mark.read_text())
        time.sleep(0.1)
    raise TimeoutError


def gone(process: int) -> bool:
    end = time.monotonic() + 60
    while Path(f"/proc/{process}").exists() and time.monotonic() < end:
        status = Path(f"/proc/{process}/stat")
        if status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return True  # dead, and not yet waited for
        time.sleep(0.1)
    return not Path(f"/proc/{process}").exists()


def counted(number: int) -> int:
    from tqdm import tqdm

    return sum(1 for _ in tqdm(range(number)))


def test_a_progress_bar_leaves_no_semaphore_behind():
    program = f"""
from {__name__} import SideProcess, counted
with SideProcess() as beside:
    print(beside.call(counted, 3))
"""
    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[3],
        check=False,
    )
    assert (ended.stdout, ended.stderr) == ("3\n", "")
