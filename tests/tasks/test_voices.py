"""What a library prints goes to the log of the run that it works for, and nothing else does."""

from __future__ import annotations

import io
import logging
import sys
import threading

import pytest
from tqdm import tqdm

from tasks.voices import in_the_runs_log


class Log(logging.Handler):
    """What each logger was told."""

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[str, list[str]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        self.said.setdefault(record.name, []).append(record.getMessage())


@pytest.fixture
def log() -> Log:
    return Log()


def own_logger(log: Log) -> logging.Logger:
    """Each thread's run has a logger of its own, as tasks of Prefect have."""
    logger = logging.getLogger(f"voice of {threading.current_thread().name}")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.handlers = [log]
    return logger


def test_threads_that_print_at_once_are_not_mixed_up(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr
    meet = threading.Barrier(3)

    def work(name: str, order: int) -> None:
        meet.wait()
        with in_the_runs_log(name, own_logger(log)):
            meet.wait()  # all three are in their blocks, or print without one
            for step in range(50):
                print(name, end=" ")
                print(f"step {step}")
            for _ in tqdm(range(20), desc=f"{name} bar"):
                pass
            if order == 0:
                meet.wait()
        if order == 1:
            meet.wait()

    def plain() -> None:
        meet.wait()
        meet.wait()
        for step in range(50):
            print(f"plain {step}")
        meet.wait()  # one of the blocks has ended, and another not
        print("plain to the end")

    threads = [threading.Thread(target=work, name=n, args=(n, order)) for order, n in enumerate(("one", "two"))]
    threads.append(threading.Thread(target=plain))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    for name in ("one", "two"):
        said = log.said[f"voice of {name}"]
        assert said[:50] == [f"{name}: {name} step {step}" for step in range(50)]
        assert f"{name}: {name} bar: 100 %" in said
        assert all(name in line for line in said)
    out, err = capsys.readouterr()
    assert out.splitlines() == [*(f"plain {step}" for step in range(50)), "plain to the end"]
    assert "bar" not in err
    assert (sys.stdout, sys.stderr) == before


def test_a_stream_put_over_it_meanwhile_stays_and_loses_nothing(log: Log) -> None:
    """As a progress bar on the terminal does, which may begin and end while a stage works."""
    own, before = io.StringIO(), sys.stdout
    with in_the_runs_log("UMAP", own_logger(log)):
        beneath, sys.stdout = sys.stdout, own
    assert sys.stdout is own
    sys.stdout = beneath
    with in_the_runs_log("UMAP", own_logger(log)):
        print("heard")
    assert log.said["voice of MainThread"] == ["UMAP: heard"]
    assert sys.stdout is before


def test_an_error_within_puts_the_streams_back(log: Log) -> None:
    before = sys.stdout, sys.stderr
    with pytest.raises(ValueError, match="broken"), in_the_runs_log("UMAP", own_logger(log)):
        raise ValueError("broken")
    assert (sys.stdout, sys.stderr) == before
