"""A process that is killed while it enters a run or mends the history: what comes after finds every run whole."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.topicloom.lineage.runs import enter, settings_of
from topicloom.lineage import database as database_module
from topicloom.lineage import history as history_module
from topicloom.lineage.history import History, lineage_of
from topicloom.lineage.mending import mend_history

NEW = ("abcdef", "ghijklm")


@pytest.fixture
def settings(project):
    """Of a01, which has run twice."""
    settings = settings_of(project, "a01")
    enter(settings, "abcdef", "ghijkl")
    enter(settings, "abcdefx", "ghijkl")
    return settings


def everything(settings) -> list:
    history, lineage = History(settings), lineage_of(settings)
    return [history.read(lineage, head.number) for head in history.heads(lineage)]


def killed(work: Callable[[], object], moment: int) -> bool:
    """Do something in a process that dies, as under kill -9, before its n-th change on the disk.

    Returns whether it died; otherwise it had fewer changes to make.
    """
    child = os.fork()
    if child == 0:
        left = moment

        def dying(call: Callable[..., object]) -> Callable[..., object]:
            def wrapped(*args: object, **kwargs: object) -> object:
                nonlocal left
                if left == 0:
                    os._exit(9)
                left -= 1
                return call(*args, **kwargs)

            return wrapped

        for name in ("replace", "rename", "unlink"):
            setattr(Path, name, dying(getattr(Path, name)))
        for module in (database_module, history_module):
            for name in ("put_run", "put_folder", "put_last_run", "write_json"):
                if hasattr(module, name):
                    setattr(module, name, dying(getattr(module, name)))
        try:
            work()
        except BaseException:  # noqa: BLE001  # it must not go on as a second pytest
            os._exit(3)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9)
    return code == 9


def test_while_a_run_enters(settings):
    before = everything(settings)
    moments = 0
    while killed(lambda: enter(settings, *NEW), moments):
        mend_history(settings)
        found = everything(settings)
        assert found[:2] == before
        assert len(found) <= 3
        assert [run.numbers for run in found[2:]] in ([], [[0] * 6 + [1] * 7])
        assert mend_history(settings) == []
        if len(found) == 3:  # it is entered; as before for the next moment
            _forget_last(settings)
        moments += 1
    assert moments >= 4


def _forget_last(settings) -> None:
    history = History(settings)
    history.record_path(str(lineage_of(settings)), 3).unlink()
    with sqlite3.connect(history.path) as database:
        for table in ("runs", "topics", "events"):
            database.execute(f"DELETE FROM {table} WHERE number = 3")
    database.close()
    mend_history(settings)


@pytest.mark.parametrize("damage", ["database", "copies"])
def test_while_the_history_is_mended(settings, damage):
    before = everything(settings)
    history = History(settings)

    def spoil() -> None:
        if damage == "database":
            history.path.write_bytes(b"no database")
            return
        history.record_path(str(lineage_of(settings)), 1).write_bytes(b"garbage")
        with sqlite3.connect(history.path) as database:
            database.execute("UPDATE runs SET record = x'00' WHERE number = 2")
        database.close()

    spoil()
    moments = 0
    while killed(lambda: mend_history(settings), moments):
        mend_history(settings)
        assert everything(settings) == before
        assert mend_history(settings) == []
        spoil()
        moments += 1
    assert moments >= 4
    assert everything(settings) == before
