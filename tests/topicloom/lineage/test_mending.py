"""A history that is damaged, lies, is held by another program or of an earlier form: mended, and nothing is lost."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.topicloom.lineage.runs import enter, settings_of
from topicloom.lineage import database as database_module
from topicloom.lineage import mending
from topicloom.lineage.database import HistoryBusyError, HistoryDamagedError, fault_of, stated_digest
from topicloom.lineage.following import fitted_run
from topicloom.lineage.history import History, lineage_of
from topicloom.lineage.mending import mend_history, require_own_history
from topicloom.lineage.records import RunRecord, pack, unpack

TABLES_OF_FORM_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE runs (
    analysis TEXT NOT NULL, number INTEGER NOT NULL, finished TEXT NOT NULL, result TEXT NOT NULL, parent INTEGER,
    base INTEGER NOT NULL, documents INTEGER NOT NULL, outliers INTEGER NOT NULL, sha256 TEXT NOT NULL,
    record BLOB NOT NULL, PRIMARY KEY (analysis, number)
);
CREATE TABLE topics (
    analysis TEXT NOT NULL, number INTEGER NOT NULL, topic INTEGER NOT NULL, uid TEXT NOT NULL, count INTEGER NOT NULL,
    since INTEGER NOT NULL, history TEXT NOT NULL, words TEXT NOT NULL, PRIMARY KEY (analysis, number, topic)
) WITHOUT ROWID;
CREATE TABLE events (
    analysis TEXT NOT NULL, number INTEGER NOT NULL, place INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (analysis, number, place)
) WITHOUT ROWID;
CREATE INDEX topics_by_uid ON topics (uid);
"""


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(database_module, "_PATIENCE", 0.05)


@pytest.fixture
def settings(project):
    """Of a01, which has run three times."""
    settings = settings_of(project, "a01")
    for groups in (("abcdef", "ghijkl"), ("abcdefx", "ghi", "jkl"), ("abcdefx", "ghi", "jklm")):
        enter(settings, *groups)
    return settings


@pytest.fixture
def history(settings) -> History:
    return History(settings)


def everything(settings) -> list[RunRecord]:
    history, lineage = History(settings), lineage_of(settings)
    return [history.read(lineage, head.number) for head in history.heads(lineage)]


def file_of(settings, number: int) -> Path:
    return History(settings).record_path(str(lineage_of(settings)), number)


def change(history: History, *statements: str) -> None:
    """Change the database by another hand."""
    with sqlite3.connect(history.path) as database:
        for statement in statements:
            database.execute(statement)
    database.close()


@pytest.fixture
def other(history) -> Iterator[sqlite3.Connection]:
    """Another program with the database open."""
    connection = sqlite3.connect(history.path, timeout=0, isolation_level=None, check_same_thread=False)
    yield connection
    connection.close()


class TestOneCopyOfARun:
    def test_a_damaged_record_in_the_database_is_read_from_its_file_and_mended(self, history, settings):
        whole = everything(settings)
        change(history, "UPDATE runs SET record = x'00' WHERE number = 2")
        assert everything(settings) == whole
        (told,) = mend_history(settings)
        assert "run 2 of a01 was damaged in it; it was made anew from" in told
        file_of(settings, 2).unlink()  # so that the database is asked
        assert everything(settings) == whole

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE runs SET result = 7 WHERE number = 2",
            "UPDATE runs SET parent = 'x' WHERE number = 2",
            "UPDATE runs SET keys = '[' WHERE number = 2",
            "UPDATE runs SET sha256 = 'x' WHERE number = 2",
            "UPDATE topics SET uid = 'T-OTHER' WHERE number = 2",
            "DELETE FROM topics WHERE number = 2",
            "DELETE FROM events WHERE number = 2",
            "INSERT INTO topics SELECT lineage, 2, 99, 'T-AAAAAAAA', 1, 1, '', '', '' FROM runs WHERE number = 1",
        ],
    )
    def test_a_table_that_lies_is_made_anew(self, history, settings, statement):
        def shown() -> list:
            with sqlite3.connect(history.path) as database:
                tables = ("runs", "topics", "events")
                return [database.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall() for table in tables]

        before = shown()
        change(history, statement)
        assert shown() != before
        (told,) = mend_history(settings)
        assert "run 2 of a01" in told
        assert shown() == before
        assert mend_history(settings) == []

    @pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 0.999])
    def test_a_flipped_bit_in_a_file(self, settings, share):
        path = file_of(settings, 1)
        content = path.read_bytes()
        place = int(len(content) * share)
        path.write_bytes(content[:place] + bytes([content[place] ^ 64]) + content[place + 1 :])
        (told,) = mend_history(settings)
        assert "made anew from history.sqlite" in told
        assert path.read_bytes() == content
        assert mend_history(settings) == []

    def test_a_file_that_is_a_folder(self, settings):
        path = file_of(settings, 1)
        content = path.read_bytes()
        path.unlink()
        path.mkdir()
        assert len(mend_history(settings)) == 1
        assert path.read_bytes() == content

    def test_a_file_that_is_another_sound_record_does_not_overrule_the_database(self, settings):
        whole = everything(settings)
        file_of(settings, 2).write_bytes(pack(whole[1].model_copy(update={"result": "another"})))
        assert len(mend_history(settings)) == 1
        assert everything(settings) == whole

    def test_both_copies_damaged_costs_that_run_alone(self, history, settings):
        whole = everything(settings)
        change(history, "UPDATE runs SET record = x'00' WHERE number = 2")
        file_of(settings, 2).write_bytes(b"garbage")
        with pytest.raises(HistoryDamagedError, match="Both copies of run 2"):
            everything(settings)
        (told,) = mend_history(settings)
        assert "The history goes on without it" in told
        assert everything(settings) == [whole[0], whole[2]]
        assert mend_history(settings) == []
        assert enter(settings, "abc").number == 4

    def test_a_fit_whose_run_is_lost_is_no_base(self, history, settings):
        change(history, "UPDATE runs SET base = 9")
        assert fitted_run(settings, "any") is None


@pytest.mark.parametrize(
    "content",
    [
        b"[]",
        b"5",
        b"[" * 100_000,
        b'{"history": ["x"]}',
        "lineage",
        "analysis",
        "numbers",
        "papers",
        "topics",
        "vectors",
        "keys",
        "number",
    ],
)
def test_a_record_that_lies_is_no_record(settings, content):
    sound = json.loads(gzip.decompress(file_of(settings, 2).read_bytes()))
    lies = {
        "lineage": "../../x",
        "analysis": "/etc",
        "numbers": [99] * len(sound["numbers"]),
        "papers": ["a"] * len(sound["papers"]),
        "topics": sound["topics"][:1],
        "vectors": "AAAA",
        "keys": {"reduce": "../../x"},
        "number": 0,
    }
    if isinstance(content, str):
        content = json.dumps({**sound, content: lies[content]}).encode()
    with pytest.raises(ValueError, match="no record of a run"):
        unpack(gzip.compress(content))
    whole = everything(settings)
    file_of(settings, 2).write_bytes(gzip.compress(content))
    assert len(mend_history(settings)) == 1
    assert everything(settings) == whole


class TestFilesThatTheDatabaseDoesNotKnow:
    def test_in_the_wrong_place_is_moved(self, history, settings):
        whole, path = everything(settings), file_of(settings, 3)
        change(history, *(f"DELETE FROM {table} WHERE number = 3" for table in ("runs", "topics", "events")))
        path.rename(path.with_name("000007.json.gz"))
        assert mend_history(settings) == []
        assert everything(settings) == whole
        assert path.is_file()

    def test_a_copy_and_one_of_another_history_are_kept_aside(self, settings):
        whole, path = everything(settings), file_of(settings, 3)
        shutil.copy(path, path.with_name("000008.json.gz"))
        path.with_name("000009.json.gz").write_bytes(pack(whole[0].model_copy(update={"history": "h", "number": 9})))
        told = mend_history(settings)
        assert [sentence.partition(": ")[2].partition(";")[0] for sentence in told] == [
            f"it is a copy of {path}",
            "it is of another history",
        ]
        assert everything(settings) == whole
        assert len(list(path.parent.glob("*.damaged-*"))) == 2
        assert mend_history(settings) == []

    def test_what_a_killed_run_was_writing_is_cleared_away(self, history, settings):
        left = [
            history.folder / ".history.sqlite.ab12cd34.tmp",
            file_of(settings, 1).with_name(".000004.json.gz.x.tmp"),
        ]
        for path in left:
            path.write_bytes(b"half")
        assert mend_history(settings) == []
        assert not any(path.exists() for path in left)

    def test_nothing_is_cleared_away_behind_a_link(self, history, settings, tmp_path):
        elsewhere = tmp_path / "elsewhere"
        history.folder.rename(elsewhere)
        history.folder.symlink_to(elsewhere)
        (elsewhere / ".of-another-run.tmp").write_bytes(b"half")
        assert mend_history(settings) == []
        assert (elsewhere / ".of-another-run.tmp").exists()


class TestADatabaseThatIsNone:
    @pytest.mark.parametrize(
        "statements",
        [
            ("DROP TABLE events",),
            ("DROP INDEX topics_by_uid",),
            ("ALTER TABLE runs ADD COLUMN more TEXT",),
            ("UPDATE meta SET value = '99' WHERE key = 'form'",),
            ("DELETE FROM meta WHERE key = 'history'",),
            ("DELETE FROM meta",),
            ("DROP TABLE meta", "CREATE VIEW meta AS SELECT 1 AS key, 2 AS value"),
            ("DROP TABLE topics", "CREATE TABLE topics (uid BLOB)"),
        ],
    )
    def test_of_another_shape(self, history, settings, statements):
        whole, name, folders = everything(settings), history.id(), history.folders()
        change(history, *statements)
        (told,) = mend_history(settings)
        assert "it was rebuilt from the records of 3 runs; the one before is kept as history.sqlite.damaged-" in told
        assert (everything(settings), history.id(), history.folders()) == (whole, name, folders)
        assert mend_history(settings) == []

    def test_a_folder(self, history, settings):
        whole = everything(settings)
        history.path.unlink()
        history.path.mkdir()
        assert "it is no file" in mend_history(settings)[0]
        assert everything(settings) == whole

    def test_the_folder_of_the_history_is_a_file(self, project):
        settings = settings_of(project, "b01")
        settings.store_path.mkdir()
        (settings.store_path / "history").write_text("x")
        assert "it is no folder" in mend_history(settings)[0]
        assert enter(settings, "abc").number == 1

    def test_the_files_too_are_gone_for_some_runs(self, history, settings):
        """Each run that is whole in either place is kept."""
        whole = everything(settings)
        file_of(settings, 1).unlink()
        file_of(settings, 2).write_bytes(b"garbage")
        change(history, "UPDATE runs SET record = x'00' WHERE number = 3", "DROP TABLE events")
        told = mend_history(settings)
        assert "rebuilt from the records of 3 runs" in told[0]
        assert everything(settings) == whole

    def test_labels_and_folders_are_saved_where_they_can_be_read(self, history, settings):
        lineage = str(lineage_of(settings))
        history.settle(lineage, "a01_new")
        change(history, "UPDATE topics SET label = 'mine' WHERE topic = 0", "DROP TABLE events")
        mend_history(settings)
        assert history.folders() == {lineage: "a01_new"}
        with sqlite3.connect(history.path) as database:
            assert database.execute("SELECT DISTINCT label FROM topics WHERE topic = 0").fetchall() == [("mine",)]

    @pytest.mark.parametrize("journal", ["-journal", "-wal"])
    def test_a_journal_of_the_damaged_one_is_not_applied_to_the_new(self, history, settings, journal):
        whole = everything(settings)
        left = history.path.with_name(history.path.name + journal)
        left.write_bytes(os.urandom(4096))
        history.path.write_bytes(b"garbage" * 999)
        mend_history(settings)
        assert everything(settings) == whole
        assert fault_of(history.path) == ""

    def test_of_an_earlier_form_is_brought_into_this_one_and_nothing_is_lost(self, history, settings):
        """Where a line of runs was called by its folder's name."""
        whole = everything(settings)
        for path in history.folder.rglob("*.json.gz"):
            path.unlink()
        folder = history.folder / "a01"
        folder.mkdir()
        history.path.unlink()
        database = sqlite3.connect(history.path)
        database.executescript(TABLES_OF_FORM_1)
        facts = {"form": "1", "history": whole[0].history, "project": "wos"}
        database.executemany("INSERT INTO meta VALUES (?, ?)", facts.items())
        contents = []
        for run in whole:
            given = run.model_dump(mode="json", exclude={"lineage"})
            contents.append(gzip.compress(json.dumps(given).encode()))
            (folder / f"{run.number:06d}.json.gz").write_bytes(contents[-1])
            row = ("a01", run.number, run.finished, run.result, run.parent, run.base, 1, 0, "sha", contents[-1])
            database.execute(f"INSERT INTO runs VALUES ({', '.join('?' * 10)})", row)
        database.commit()
        database.close()
        record = settings.analysis_path / "run.json"
        stated = json.loads(record.read_text())["identity"]
        record.write_text(json.dumps({"identity": {**stated, "lineage": "a01"}}))

        require_own_history(settings)
        (told,) = mend_history(settings)
        assert "it is of an earlier form" in told
        assert [run.model_dump(exclude={"lineage"}) for run in everything(settings)] == [
            run.model_dump(exclude={"lineage"}) for run in whole
        ]
        assert lineage_of(settings) == "a01"
        assert [path.read_bytes() for path in sorted(folder.glob("*.json.gz"))] == contents
        assert mend_history(settings) == []
        assert enter(settings, "abc").number == 4
        # Its name can now be used again, as that of any other.
        settings.analysis_path.rename(settings.project_path / "a01_old")
        settings.analysis_path.mkdir()
        assert lineage_of(settings) is None


class TestAnotherProgramHasTheDatabaseOpen:
    def test_a_reader_keeps_no_run_from_entering(self, history, settings, other):
        cursor = other.execute("SELECT * FROM topics")
        assert cursor.fetchone()
        run = enter(settings, "abc")
        assert everything(settings)[-1] == run
        assert cursor.fetchone()  # what it was reading is there still
        other.close()
        assert mend_history(settings) == []
        assert not list(history.folder.glob("*.damaged-*"))

    def test_a_writer_is_named_and_the_run_enters_when_it_is_gone(self, history, settings, other):
        whole = everything(settings)
        run = whole[-1].model_copy(update={"number": 4, "parent": 3, "result": "new"})
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE meta SET value = 'x' WHERE key = 'project'")
        with pytest.raises(HistoryBusyError, match="Another program holds it"):
            history.append(lambda _: run)
        other.execute("ROLLBACK")
        assert history.append(lambda _: run.model_copy(update={"finished": "at the second try"})) == run
        assert everything(settings) == [*whole, run]
        assert mend_history(settings) == []

    @pytest.mark.parametrize("known", [True, False])
    def test_a_locked_database_is_neither_damaged_nor_rebuilt(self, history, settings, other, known):
        whole = everything(settings)
        if not known:
            history.forget_check()
        other.execute("BEGIN EXCLUSIVE")
        before = {path: path.read_bytes() for path in history.folder.rglob("*") if path.is_file()}
        for look in (mend_history, require_own_history, everything):
            with pytest.raises(HistoryBusyError, match="Close that program"):
                look(settings)
        assert {path: path.read_bytes() for path in history.folder.rglob("*") if path.is_file()} == before
        other.execute("ROLLBACK")
        assert mend_history(settings) == []
        assert everything(settings) == whole


class TestCost:
    def test_what_topicloom_has_written_itself_is_not_read_through_at_every_run(self, settings, monkeypatch):
        assert mend_history(settings) == []

        def unwanted(*_: object) -> str:
            raise AssertionError

        with monkeypatch.context() as patched:
            patched.setattr(mending, "fault_of", unwanted)
            patched.setattr(mending, "_mended_run", unwanted)
            assert enter(settings, "abc").number == 4
            assert mend_history(settings) == []
            require_own_history(settings)
        looked = []
        monkeypatch.setattr(mending, "fault_of", lambda path: looked.append(path) or "")
        change(History(settings), "UPDATE topics SET label = 'x'")
        assert mend_history(settings) == []
        assert looked

    def test_neither_planning_nor_remembering_reads_a_whole_record(self, settings, monkeypatch):
        monkeypatch.setattr(History, "read", None)
        assert fitted_run(settings, "any") is None  # its runs have no keys
        assert History(settings).stated(lineage_of(settings), 3) == stated_digest({}, {})

    def test_how_settings_are_compared_may_change_and_no_run_is_damaged_by_it(self, settings, monkeypatch):
        """The tables hold what a run stated, not a digest of it that another version would make otherwise."""
        monkeypatch.setattr(database_module, "stated_digest", lambda *_: "as another version has it")
        History(settings).forget_check()
        assert mend_history(settings) == []
