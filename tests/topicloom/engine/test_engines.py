"""Pieces of work on an engine: in order, some ahead of their turn, and given up where nobody asks any more."""

from __future__ import annotations

import os
import socket
import time
import warnings
from functools import partial
from pathlib import Path

import pytest

from topicloom.engine import by_dask, installed
from topicloom.engine.answering import require_answer
from topicloom.engine.engines import AHEAD, Spread, opened_engine
from topicloom.engine.installed import on_worker
from topicloom.engine.stated import EngineError


class Workers:
    """Two workers, of which each does a piece when its result is asked for."""

    workers = 2

    def __init__(self):
        self.begun, self.done, self.forgotten = [], [], []

    def share(self, value):
        return value

    def begin(self, work, shared, piece):
        self.begun.append(piece)
        return partial(work, shared), piece

    def result(self, begun):
        work, piece = begun
        self.done.append(piece)
        return work(piece)

    def forget(self, begun):
        self.forgotten += [piece for _, piece in begun]


def test_results_come_in_order_and_few_pieces_are_sent_ahead():
    workers = Workers()
    found = Spread(workers).map(max, 3, iter(range(20)))
    assert [next(found), next(found)] == [3, 3]
    assert len(workers.begun) <= 2 + AHEAD * workers.workers
    assert [*found] == [3, 3, *range(4, 20)]
    assert workers.forgotten == []


def test_pieces_that_nobody_waits_for_are_given_up():
    workers = Workers()
    found = Spread(workers).map(max, 3, range(20))
    next(found)
    found.close()
    assert workers.forgotten == workers.begun[1:] != []


def test_a_piece_that_fails_ends_the_rest():
    workers = Workers()
    with pytest.raises(ZeroDivisionError):
        list(Spread(workers).map(divmod, 10, [5, 0, 2, 1]))
    assert workers.forgotten == [0, 2, 1]


def test_a_worker_with_another_version_refuses_the_work():
    wanted = {**installed.versions_here(), "numpy": "1.0"}
    with pytest.raises(EngineError, match=r"has numpy .* instead of 1\.0"):
        on_worker(wanted, max, 1, 2)


def test_nothing_is_started_where_no_engine_is_asked_for(monkeypatch):
    monkeypatch.delenv("TOPICLOOM_ENGINE", raising=False)
    with opened_engine() as engine:
        assert list(engine.map(_process, None, [])) == []
        assert list(engine.map(_process, None, [1, 2])) == [os.getpid()] * 2


def _process(_, piece):
    return os.getpid()


@pytest.fixture
def silent():
    """A port at which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def words_of(kind: str, port: int) -> str:
    return rf"names a {kind.title()} cluster \({kind}://127.0.0.1:{port}\) that does not answer: .*\n  Start it and its"


def test_a_cluster_that_does_not_answer_is_said(silent, monkeypatch):
    monkeypatch.setattr(by_dask, "_PATIENCE", 1)
    monkeypatch.setenv("TOPICLOOM_ENGINE", f"dask://127.0.0.1:{silent}")
    with pytest.raises(EngineError, match=words_of("dask", silent)), opened_engine():
        pass


@pytest.mark.slow
def test_a_cluster_of_ray_that_does_not_answer_is_said(silent, monkeypatch):
    monkeypatch.setenv("TOPICLOOM_ENGINE", f"ray://127.0.0.1:{silent}")
    with pytest.raises(EngineError, match=words_of("ray", silent)), opened_engine():
        pass


@pytest.mark.parametrize("kind", ["dask", "ray"])
def test_it_is_said_in_the_same_words_before_a_run(kind, silent, monkeypatch):
    monkeypatch.setenv("TOPICLOOM_ENGINE", f"{kind}://127.0.0.1:{silent}")
    with pytest.raises(EngineError, match=words_of(kind, silent)):
        require_answer()


@pytest.mark.parametrize("kind", ["dask", "ray"])
def test_one_that_listens_is_not_asked_more_before_a_run(kind, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("TOPICLOOM_ENGINE", f"{kind}://127.0.0.1:{server.getsockname()[1]}")
        require_answer()


@pytest.mark.parametrize("said", ["dask://127.0.0.1:99999", "ray://no-such-host.invalid:10001"])
def test_an_address_that_cannot_be_is_said(said, monkeypatch):
    monkeypatch.setenv("TOPICLOOM_ENGINE", said)
    with pytest.raises(EngineError, match="does not answer"):
        require_answer()


def _length(shared, piece):
    return len(shared) + piece


def _refuse(_, piece):
    raise ValueError(f"piece {piece}")


def _lack(_, piece):
    raise ModuleNotFoundError(f"No module named {piece!r}", name=piece)


def _die_at_first(marks: str, piece):
    """Kill the process that does the first piece, once."""
    mark = Path(marks) / str(piece)
    if piece == 0 and not mark.exists():
        mark.touch()
        os._exit(1)
    return piece


def _die(_, piece):
    time.sleep(0.1)
    os._exit(1)


def test_processes_of_dask_do_pieces_and_raise_what_they_raise(monkeypatch, tmp_path):
    monkeypatch.setenv("TOPICLOOM_ENGINE", "dask:2")
    with opened_engine() as engine:
        processes = list(engine.map(_process, None, range(8)))
        assert os.getpid() not in processes
        assert len(set(processes)) == 2
        with pytest.raises(ValueError, match="piece 3"):
            list(engine.map(_refuse, None, [3]))
        with pytest.raises(EngineError, match="has no library topicloom"):
            list(engine.map(_lack, None, ["topicloom"]))
        assert list(engine.map(_die_at_first, str(tmp_path), range(6))) == [*range(6)]
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Dask warns of what is large
            assert list(engine.map(_length, bytes(20 << 20), range(2))) == [20 << 20, (20 << 20) + 1]


@pytest.mark.slow
def test_a_piece_that_kills_each_worker_fails_with_its_name(monkeypatch):
    monkeypatch.setenv("TOPICLOOM_ENGINE", "dask:2")
    with opened_engine() as engine, pytest.raises(EngineError, match="Workers of the Dask cluster have died"):
        list(engine.map(_die, None, [0]))


@pytest.mark.slow
def test_processes_of_ray_do_pieces_and_raise_what_they_raise(monkeypatch, tmp_path):
    monkeypatch.setenv("TOPICLOOM_ENGINE", "ray:2")
    with opened_engine() as engine:
        assert os.getpid() not in list(engine.map(_process, None, range(8)))
        with pytest.raises(ValueError, match="piece 3"):
            list(engine.map(_refuse, None, [3]))
        with pytest.raises(EngineError, match="has no library topicloom"):
            list(engine.map(_lack, None, ["topicloom"]))
        assert list(engine.map(_die_at_first, str(tmp_path), range(6))) == [*range(6)]
        with pytest.raises(EngineError, match="Workers of the Ray cluster have died"):
            list(engine.map(_die, None, [0]))
