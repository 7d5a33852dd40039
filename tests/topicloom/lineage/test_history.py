"""The history: two copies that mend each other, nothing overwritten, and never another project's."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.topicloom.lineage.test_matching import first, partition, record_of, second
from topicloom.lineage.history import History, HistoryError, turn
from topicloom.lineage.labels import LabelsError, read_labels, require_known_labels
from topicloom.lineage.mending import mend_history, require_own_history
from topicloom.settings.reading import read_settings


@pytest.fixture
def settings(project):
    return read_settings(project.analysis)


@pytest.fixture
def history(settings) -> History:
    """Two runs of a01, as run.json states."""
    history = History(settings)
    before = first(partition("abcdef", "ghijkl"))
    for run in (before, second(before, partition("abcdefx", "ghi", "jkl"))):
        history.append(lambda name, run=run: run.model_copy(update={"history": name, "project": "wos"}))
    state(settings.analysis_path, str(history.id()))
    return history


def state(folder: Path, history: str, **identity: object) -> None:
    """Write a run.json that names a run of a history."""
    whole = {"history": history, "lineage": "a01", "run": 2, "entered": True, "finished": "2026-01-01", **identity}
    (folder / "run.json").write_text(json.dumps({"identity": whole}))


def everything(history: History) -> list:
    return [history.read("a01", head.number) for head in history.heads("a01")]


def test_reading_makes_no_file(settings):
    history = History(settings)
    assert history.heads("a01") == []
    assert history.uids() == set()
    assert history.id() is None
    assert mend_history(settings) == []
    assert not history.folder.exists()


def test_runs_are_read_as_they_were_entered(history, settings):
    assert [head.number for head in history.heads("a01")] == [1, 2]
    assert history.heads("a01")[1].parent == 1
    assert history.heads("b01") == []
    assert history.uids() == {uid for run in everything(history) for uid in run.uids}
    assert history.last_seen("a01")[history.read("a01", 1).uids[0]] == 2
    assert mend_history(settings) == []


def test_a_run_that_is_not_there_names_those_that_are(history):
    with pytest.raises(HistoryError, match="a01 has no run 7; its runs are 1, 2"):
        history.read("a01", 7)


def test_a_run_is_never_overwritten(history):
    run = history.read("a01", 2)
    content = history.record_path("a01", 2).read_bytes()
    with pytest.raises(HistoryError, match="recorded already"):
        history.append(lambda _: run.model_copy(update={"result": "another"}))
    # The same run once more is one that was stopped halfway and is tried again.
    assert history.append(lambda _: run.model_copy(update={"finished": "later"})) == run
    assert history.record_path("a01", 2).read_bytes() == content
    assert len(history.heads("a01")) == 2


@pytest.mark.parametrize("damage", ["garbage", "empty", "truncated", "missing"])
def test_a_damaged_database_is_kept_aside_and_rebuilt_from_the_records(history, settings, damage):
    whole, name = everything(history), history.id()
    content = history.path.read_bytes()
    damaged = {"garbage": b"\x00nonsense" * 999, "empty": b"", "truncated": content[: len(content) // 3]}
    if damage == "missing":
        history.path.unlink()
    else:
        history.path.write_bytes(damaged[damage])
    (mended,) = mend_history(settings)
    assert "rebuilt from the records of 2 runs" in mended
    assert everything(history) == whole
    assert history.id() == name
    aside = list(history.folder.glob("history.sqlite.damaged-*"))
    assert [path.read_bytes() for path in aside] == ([] if damage == "missing" else [damaged[damage]])
    assert mend_history(settings) == []


@pytest.mark.parametrize("damage", [b"garbage", None])
def test_a_damaged_record_is_kept_aside_and_made_anew(history, settings, damage):
    path = history.folder / "a01" / "000001.json.gz"
    content = path.read_bytes()
    path.unlink()
    if damage:
        path.write_bytes(damage)
    (mended,) = mend_history(settings)
    assert "made anew" in mended
    assert path.read_bytes() == content
    assert len(list(path.parent.glob("*.damaged-*"))) == bool(damage)
    assert mend_history(settings) == []


def test_a_run_whose_entry_was_cut_short_is_entered(history, settings):
    whole = everything(history)
    with sqlite3.connect(history.path) as database:
        for table in ("runs", "topics", "events"):
            database.execute(f"DELETE FROM {table} WHERE number = 2")
    database.close()
    assert len(history.heads("a01")) == 1
    mend_history(settings)
    assert everything(history) == whole


def test_the_history_of_another_project_is_refused_and_nothing_is_changed(history, settings, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(settings.root, other)
    theirs = read_settings(other / "wos" / "a01")
    foreign = History(theirs)
    # Its own history is replaced by one that no run.json of it names.
    state(other / "wos" / "a01", "0" * 32)
    before = {path: path.read_bytes() for path in foreign.folder.rglob("*") if path.is_file()}
    for look in (mend_history, require_own_history):
        with pytest.raises(HistoryError) as refused:
            look(theirs)
        assert "name the history 00000000" in str(refused.value)
        assert "move this folder away" in str(refused.value)
    assert before == {path: path.read_bytes() for path in foreign.folder.rglob("*") if path.is_file()}


def test_a_history_that_came_with_another_name_and_no_runs_is_refused(history, settings, tmp_path):
    other = tmp_path / "other" / "chem"
    shutil.copytree(settings.project_path, other, ignore=shutil.ignore_patterns("run.json"))
    directive = next((other / "a01").glob("settings*"))
    content = json.loads(directive.read_text())
    content["metadata"]["project_folder"] = "chem"
    directive.write_text(json.dumps(content))
    with pytest.raises(HistoryError, match=r'"wos", not of "chem": no run\.json names it'):
        mend_history(read_settings(other / "a01"))
    # A project that was renamed as a whole keeps its history.
    shutil.copy(settings.analysis_path / "run.json", other / "a01")
    assert mend_history(read_settings(other / "a01")) == []


def test_runs_of_two_analyses_that_end_at_once_are_both_entered(settings):
    history = History(settings)
    runs = [record_of(partition("abc"), ["T-AAAAAAAA"], 1, analysis=f"a{n:02}") for n in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(
            pool.map(lambda run: History(settings).append(lambda name: run.model_copy(update={"history": name})), runs)
        )
    assert all(len(history.heads(run.analysis)) == 1 for run in runs)
    assert mend_history(settings) == []


def test_an_analysis_has_one_turn(settings):
    order = []

    def take(name: str) -> None:
        with turn(settings):
            order.append((name, "in"))
            order.append((name, "out"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(take, "abcd"))
    assert all(order[i][0] == order[i + 1][0] for i in range(0, 8, 2))


class TestLabels:
    def write(self, settings, text: str, encoding: str = "utf-8") -> None:
        (settings.analysis_path / "labels.csv").write_bytes(text.encode(encoding))

    def test_none(self, settings):
        assert read_labels(settings) == {}
        assert require_known_labels(settings) == []

    @pytest.mark.parametrize(
        "text", ["topic_uid,label\n{0},Drei Körbe\n", "\ufefflabel;note;topic_uid\nDrei Körbe;;{0}\n;;x\n"]
    )
    def test_read(self, history, settings, text):
        uid = history.read("a01", 2).uids[0]
        self.write(settings, text.format(uid))
        assert read_labels(settings) == {uid: "Drei Körbe"}
        assert require_known_labels(settings) == []

    def test_as_excel_on_windows_saves_them(self, history, settings):
        uid = history.read("a01", 2).uids[0]
        self.write(settings, f"topic_uid;label\r\n{uid};Drei Körbe – für’s Obst\r\n", "cp1252")
        assert read_labels(settings) == {uid: "Drei Körbe – für’s Obst"}
        assert require_known_labels(settings) == [
            "labels.csv is not UTF-8; it is read as Windows-1252. Save it as UTF-8 if letters look wrong."
        ]

    def test_of_a_topic_that_never_was(self, history, settings):
        uid = history.read("a01", 2).uids[0]
        meant = uid[:-1] + ("A" if uid[-1] != "A" else "B")
        self.write(settings, f"topic_uid,label\n{meant},one\nT-?,two\n")
        with pytest.raises(LabelsError) as refused:
            require_known_labels(settings)
        assert f"There is no topic {meant}; did you mean {uid}?" in str(refused.value)
        assert "There is no topic T-?." in str(refused.value)

    def test_of_a_topic_that_is_gone_waits(self, history, settings):
        before = history.read("a01", 2)
        after = second(before, partition("abcdefx", outliers="ghijkl"))
        history.append(lambda name: after.model_copy(update={"history": name, "number": 3, "parent": 2}))
        uid = (set(before.uids) - set(after.uids)).pop()
        self.write(settings, f"topic_uid,label\n{uid},one\n")
        (note,) = require_known_labels(settings)
        assert uid in note
        assert "wait for their return" in note

    @pytest.mark.parametrize(
        ("text", "encoding", "says"),
        [
            ("uid,name\na,b\n", "utf-8", "Its columns are uid, name; it needs topic_uid and label"),
            ("", "utf-8", "Its columns are none"),
            ("topic_uid,label\nT-1,a\nT-1,b\n", "utf-8", "T-1 has two labels, in line 3 again"),
            ("topic_uid,label\nT-1,Apples, pears\n", "utf-8", "line 2 has 3 fields and the first line has 2 names"),
            ("topic_uid,label\nT-1\n", "utf-8", "line 2 has 1 field and the first line has 2 names"),
            ('topic_uid,label\nT-1,"a\nT-2,b\n', "utf-8", "the row in line 2 has a quote that is closed nowhere"),
            ("topic_uid,label,label\nT-1,a,b\n", "utf-8", "It has more than one column label"),
            (f"topic_uid,label\nT-1,{'x' * 200_000}\n", "utf-8", "The label in line 2 has 200,000 letters"),
            (f"topic_uid,label,{'x' * 200_000}\nT-1,a,b\n", "utf-8", "The name of a column has 200,000 letters"),
        ],
    )
    def test_that_is_no_table_of_labels(self, settings, text, encoding, says):
        self.write(settings, text, encoding)
        with pytest.raises(LabelsError, match=says):
            read_labels(settings)

    def test_that_is_no_file(self, settings):
        os.mkfifo(settings.analysis_path / "labels.csv")
        with pytest.raises(LabelsError, match="It is a pipe; it must be a file"):
            require_known_labels(settings)
