"""The history of a project: every run that changed something, in SQLite, and once more as one file a run.

    ROOT/PROJECT/.topicloom/history/history.sqlite        what is read, and what a person can query
    ROOT/PROJECT/.topicloom/history/ANALYSIS/000001.json.gz   the same runs, never overwritten

SQLite because it is part of Python, is one file, and changes all at once or not at all; a second copy because one file
can be lost all at once too. Whichever of the two is damaged is kept aside and made anew from the other.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from topicloom.errors import InputError, Problem
from topicloom.lineage.records import RunRecord, digest_bytes, pack, unpack
from topicloom.output_files import RUN_RECORD
from topicloom.settings.schema import Settings
from topicloom.store.files import replaced, set_aside
from topicloom.store.record_form import load_record, run_records, stated_identity
from topicloom.store.store import Store

logger = logging.getLogger(__name__)

DATABASE = "history.sqlite"
_FORM = 1
_TABLES = """
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


class HistoryError(InputError):
    """The history of a project cannot be used, or does not hold the run that was asked for."""


@dataclass(frozen=True)
class Head:
    """What is known of a run without reading it whole; sha256 is that of its record."""

    number: int
    finished: str
    result: str
    parent: int | None
    base: int
    sha256: str


class History:
    """The history of one project. Reading makes no file; `append` does.

    settings: of an analysis of the project.
    """

    def __init__(self, settings: Settings) -> None:
        self.store = Store(settings.store_path)
        self.folder = self.store.root / "history"
        self.project = settings.metadata.project_folder
        self._settings = settings

    @property
    def path(self) -> Path:
        """The database."""
        return self.folder / DATABASE

    def heads(self, analysis: str) -> list[Head]:
        """The runs of an analysis, the first one first."""
        with self._reading() as database:
            if database is None:
                return []
            rows = database.execute(
                "SELECT number, finished, result, parent, base, sha256 FROM runs WHERE analysis = ? ORDER BY number",
                (analysis,),
            )
            return [Head(*row) for row in rows]

    def read(self, analysis: str, number: int) -> RunRecord:
        """One run, whole. Raises HistoryError where there is none of that number."""
        with self._reading() as database:
            row = (
                database
                and database.execute(
                    "SELECT record FROM runs WHERE analysis = ? AND number = ?", (analysis, number)
                ).fetchone()
            )
        if not row:
            numbers = ", ".join(str(head.number) for head in self.heads(analysis)) or "none"
            raise HistoryError(
                self.path,
                Problem(f"{analysis} has no run {number}; its runs are {numbers}.", "Give the number of one of them."),
            )
        return unpack(row[0])

    def uids(self) -> set[str]:
        """Every lasting id that was ever given in the project."""
        with self._reading() as database:
            return {uid for (uid,) in database.execute("SELECT DISTINCT uid FROM topics")} if database else set()

    def last_seen(self, analysis: str) -> dict[str, int]:
        """For each lasting id of an analysis, the number of the last run that had it."""
        with self._reading() as database:
            if database is None:
                return {}
            return dict(
                database.execute("SELECT uid, MAX(number) FROM topics WHERE analysis = ? GROUP BY uid", (analysis,))
            )

    def id(self) -> str | None:
        """The id of the history, which run.json of every analysis names; None before the first run."""
        with self._reading() as database:
            return _meta(database, "history") if database else None

    def append(self, make: Callable[[str], RunRecord]) -> RunRecord:
        """Add one run. make: the record, given the id of the history. The file comes first, then the database.

        Raises HistoryError where the run's number is taken, which the lock of the analysis prevents.
        """
        with self.store.lock("history"):
            self.folder.mkdir(parents=True, exist_ok=True)
            if not self.path.exists():
                self._create(uuid.uuid4().hex, [])
            record = make(str(self.id()))
            content, path = pack(record), self._record_path(record.analysis, record.number)
            if path.exists():
                raise HistoryError(path, Problem("This run is recorded already.", "Run again."))
            with replaced(path) as temporary:
                temporary.write_bytes(content)
            with _opened(self.path) as database:
                _insert(database, record, content)
        return record

    def check(self) -> list[str]:
        """Look whether the history is sound and of this project, and mend what is damaged; returns what was mended.

        Where the history does not hold an analysis that run.json says it held, its last run is taken from the exported
        files. Raises HistoryError, and changes nothing, for the history of another project.
        """
        if not self.folder.is_dir() and self._unknown_run() is None:
            return []
        with self.store.lock("history"):
            fault = self._database_fault()
            self._require_own(self._facts(fault))
            mended = []
            records = self._record_files()
            if fault and (self.path.exists() or records):
                mended.append(self._rebuild(records, fault))
            if self.path.exists():
                mended += self._mend_records()
            mended += self._recover()
        for sentence in mended:
            logger.warning(sentence)
        return mended

    def require_own(self) -> None:
        """Raise HistoryError for the history of another project. Changes nothing."""
        self._require_own(self._facts(self._database_fault()))

    def _database_fault(self) -> str:
        return _fault(self.path) if self.path.exists() else "it is missing"

    def _unknown_run(self) -> dict[str, Any] | None:
        """run.json of the analysis, where it names a run that the history does not know."""
        identity = stated_identity(self._settings.analysis_path)
        if "lineage" not in identity or self.heads(str(identity["lineage"])):
            return None
        return load_record(self._settings.analysis_path / RUN_RECORD)[0]

    def _recover(self) -> Iterator[str]:
        """Enter the last run of the analysis, as its exported files show it, where the history has lost it."""
        from topicloom.lineage.recovery import recovered_run

        record = self._unknown_run()
        run = recovered_run(self._settings, record) if record else None
        if run is None:
            return
        if not self.path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            self._create(run.history, [])
        if self.id() != run.history:
            return  # a history that was begun anew; the analysis is matched in it from now on
        content = pack(run)
        with replaced(self._record_path(run.analysis, run.number)) as temporary:
            temporary.write_bytes(content)
        with _opened(self.path) as database:
            _insert(database, run, content)
        yield (
            f"{self.path}: the history of {run.analysis} is gone; its last run, {run.number}, was taken from the files "
            f"in {self._settings.analysis_path}, so that its topics keep their ids."
        )

    def _facts(self, fault: str) -> tuple[str, str] | None:
        """Id and project of the history, from the database, or from a record where the database has a fault."""
        if not fault:
            with _opened(self.path) as database:
                found = _meta(database, "history"), _meta(database, "project")
            return found if all(found) else None  # type: ignore[return-value]
        for path in self._record_files():
            with contextlib.suppress(ValueError, OSError):
                record = unpack(path.read_bytes())
                return record.history, record.project
        return None

    def _require_own(self, facts: tuple[str, str] | None) -> None:
        if facts is None:
            return
        history, project = facts
        stated = [stated_identity(path.parent) for path in run_records(self._settings.project_path)]
        named = {identity["history"] for identity in stated if "history" in identity}
        # A project that was renamed or copied as a whole has run records that name its history.
        if history in named or (not named and project == self.project):
            return
        raise HistoryError(
            self.folder,
            Problem(
                f'This history is that of the project "{project}", not of "{self.project}": '
                + (
                    f"the run.json files here name the history {sorted(named)[0]}, "
                    if named
                    else "no run.json names it, "
                )
                + f"and this one is {history}.",
                "Put the project's own history back, or move this folder away; topics then get new lasting ids.",
            ),
        )

    def _rebuild(self, records: list[Path], fault: str) -> str:
        sound: list[tuple[RunRecord, bytes]] = []
        for path in records:
            content = path.read_bytes()
            with contextlib.suppress(ValueError):
                sound.append((unpack(content), content))
        aside = set_aside(self.path) if self.path.exists() else None
        named = stated_identity(self._settings.analysis_path).get("history")
        self._create(sound[0][0].history if sound else str(named or uuid.uuid4().hex), sound)
        kept = f"; the damaged one is kept as {aside.name}" if aside else ""
        return (
            f"{self.path}: the history could not be read ({fault}); it was rebuilt from the records of "
            f"{len(sound)} runs{kept}."
        )

    def _create(self, history: str, runs: list[tuple[RunRecord, bytes]]) -> None:
        """Make the database whole, then put it in place."""
        with replaced(self.path) as temporary:
            temporary.unlink()
            with _opened(temporary) as database:
                database.executescript(_TABLES)
                for key, value in (("form", str(_FORM)), ("history", history), ("project", self.project)):
                    database.execute("INSERT INTO meta VALUES (?, ?)", (key, value))
                for record, content in runs:
                    _insert(database, record, content)

    def _mend_records(self) -> Iterator[str]:
        """Make each record that is missing or damaged anew; enter each that the database does not know."""
        with _opened(self.path) as database:
            known = {
                self._record_path(analysis, number): sha256
                for analysis, number, sha256 in database.execute("SELECT analysis, number, sha256 FROM runs")
            }
            for path, sha256 in known.items():
                with contextlib.suppress(OSError):
                    if self.store.digests.digest(path) == sha256:
                        continue
                aside = f"; the damaged one is kept as {set_aside(path).name}" if path.exists() else ""
                analysis, number = path.parent.name.replace("+", "/"), int(path.name.split(".")[0])
                row = database.execute(
                    "SELECT record FROM runs WHERE analysis = ? AND number = ?", (analysis, number)
                ).fetchone()
                with replaced(path) as temporary:
                    temporary.write_bytes(row[0])
                yield f"{path}: the record of a run was lost or damaged; it was made anew from {DATABASE}{aside}."
            for path in self._record_files():
                if path not in known:
                    yield from self._enter(database, path)

    def _enter(self, database: sqlite3.Connection, path: Path) -> Iterator[str]:
        """A record without its entry: the run was stopped between the two, or the record is damaged."""
        content = path.read_bytes()
        try:
            _insert(database, unpack(content), content)
        except ValueError as error:
            yield f"{path}: {error}; it is kept as {set_aside(path).name}."

    def _record_path(self, analysis: str, number: int) -> Path:
        return self.folder / analysis.replace("/", "+") / f"{number:06d}.json.gz"

    def _record_files(self) -> list[Path]:
        return sorted(self.folder.glob("*/*.json.gz"))

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        if not self.path.exists():
            yield None
            return
        try:
            with _opened(self.path) as database:
                yield database
        except sqlite3.DatabaseError as error:
            raise HistoryError(
                self.path,
                Problem(f"It cannot be read ({error}).", "Run the analysis: the history is rebuilt from its records."),
            ) from error


def lineage_of(settings: Settings) -> str:
    """Under which name the history holds an analysis: that of its folder, or the one it had before it was renamed.

    run.json, which moves with the folder, says so; where the folder of that name is still there, this one is a copy,
    and a lineage of its own.
    """
    own = settings.metadata.analysis_id
    earlier = str(stated_identity(settings.analysis_path).get("lineage", own))
    return own if (settings.project_path / earlier / RUN_RECORD).is_file() else earlier


@contextlib.contextmanager
def turn(settings: Settings) -> Iterator[None]:
    """Hold the turn of an analysis: from finding lasting ids to entering the run, no other run of it comes between."""
    analysis = lineage_of(settings).replace("/", "+")
    waiting = f"Another run of {settings.label} is ending; this one waits for its turn."
    with Store(settings.store_path).held(f"turn-{analysis}", waiting):
        yield


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection whose changes are kept all together, or not at all after an error."""
    database = sqlite3.connect(path, timeout=60)
    try:
        with database:
            yield database
    finally:
        database.close()


def _fault(path: Path) -> str:
    """What is wrong with a database file; empty if nothing."""
    try:
        with _opened(path) as database:
            (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
            form = _meta(database, "form")
            database.execute("SELECT 1 FROM runs, topics, events LIMIT 1").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" and form == str(_FORM) else (str(found) if found != "ok" else f"form {form} is unknown")


def _meta(database: sqlite3.Connection, key: str) -> str | None:
    row = database.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return row[0] if row else None


def _insert(database: sqlite3.Connection, record: RunRecord, content: bytes) -> None:
    run = (record.analysis, record.number)
    outliers = sum(number == -1 for number in record.numbers)
    database.execute(
        "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *run,
            *(record.finished, record.result, record.parent, record.base, len(record.papers), outliers),
            *(digest_bytes(content), content),
        ),
    )
    database.executemany(
        "INSERT INTO topics VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(*run, t.topic, t.uid, t.count, t.since, t.history, " ".join(t.words)) for t in record.topics],
    )
    database.executemany(
        "INSERT INTO events VALUES (?, ?, ?, ?, ?)",
        [(*run, place, event.kind, event.text) for place, event in enumerate(record.events)],
    )
