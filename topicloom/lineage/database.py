"""The history's database: its tables, a run put in and looked at, and what is wrong where it cannot be used.

One file of SQLite in its plain journal mode: beside a reader's lock nothing but that file is needed, on a network's
disk too, and a copy of the file is a copy of the history.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from topicloom.errors import InputError, Problem
from topicloom.lineage.records import RunRecord, digest_bytes
from topicloom.settings.stated import stated
from topicloom.store.files import canonical_json, digest_json, replaced

FORM = 3
_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE lineages (lineage TEXT PRIMARY KEY, folder TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE runs (
    lineage TEXT NOT NULL, number INTEGER NOT NULL, analysis TEXT NOT NULL, finished TEXT NOT NULL,
    result TEXT NOT NULL, parent INTEGER, base INTEGER NOT NULL, documents INTEGER NOT NULL, outliers INTEGER NOT NULL,
    stated TEXT NOT NULL, keys TEXT NOT NULL, sha256 TEXT NOT NULL, record BLOB NOT NULL, PRIMARY KEY (lineage, number)
);
CREATE TABLE topics (
    lineage TEXT NOT NULL, number INTEGER NOT NULL, topic INTEGER NOT NULL, uid TEXT NOT NULL, count INTEGER NOT NULL,
    since INTEGER NOT NULL, history TEXT NOT NULL, words TEXT NOT NULL, label TEXT NOT NULL,
    PRIMARY KEY (lineage, number, topic)
) WITHOUT ROWID;
CREATE TABLE events (
    lineage TEXT NOT NULL, number INTEGER NOT NULL, place INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (lineage, number, place)
) WITHOUT ROWID;
CREATE INDEX topics_by_uid ON topics (uid);
"""
_JOURNALS = ("-journal", "-wal", "-shm")
_PATIENCE = 5.0  # seconds for another program to let go
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
# What the system refuses says nothing about the file.
_REFUSED = (
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
)


class HistoryError(InputError):
    """The history of a project cannot be used, or does not hold the run that was asked for."""


class HistoryBusyError(HistoryError):
    """Another program holds the database."""


class HistoryDamagedError(HistoryError):
    """The database is not one that topicloom wrote; the next run mends it."""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a database that is there; its changes are kept all together, or not at all after an error.

    Args:
        path: The database. It is not made where it is missing.

    Raises:
        HistoryBusyError: Another program holds it.
        HistoryDamagedError: It cannot be read as a database of this form.
        HistoryError: The system does not let it be read or written.
    """
    database = None
    try:
        database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", timeout=_PATIENCE, uri=True)
        with database:
            yield database
    except sqlite3.Error as error:
        raise _told(path, error) from error
    finally:
        if database is not None:
            database.close()


def _told(path: Path, error: sqlite3.Error) -> HistoryError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _BUSY:
        return HistoryBusyError(
            path,
            Problem(
                f"Another program holds it ({error}).",
                "Close that program, such as a viewer of databases, and run again; what was computed is kept.",
            ),
        )
    if code in _REFUSED:
        return HistoryError(
            path, Problem(f"It cannot be used ({error}).", "Make room, or give yourself the right to read and write.")
        )
    return HistoryDamagedError(
        path,
        Problem(f"It cannot be read ({error}).", "Run the analysis: the history is made anew from its records."),
    )


def created(path: Path, history: str, project: str, fill: Callable[[sqlite3.Connection], None]) -> None:
    """Make a database whole, then put it in place. history: its id. fill: what it is to hold."""
    with replaced(path) as temporary, opened(temporary) as database:
        database.executescript(_TABLES)
        for key, value in (("form", str(FORM)), ("history", history), ("project", project)):
            database.execute("INSERT INTO meta VALUES (?, ?)", (key, value))
        fill(database)


def written(path: Path, change: Callable[[sqlite3.Connection], object]) -> None:
    """Change a database. Where a reader does not let go of it, the change is made in a copy that takes its place.

    Raises:
        HistoryBusyError: Another program writes to it; nothing is changed then.
    """
    try:
        with opened(path) as database:
            change(database)
    except HistoryBusyError:
        if any(journal.exists() for journal in journals(path)):
            raise  # a writer's: it would be applied to the copy
        with replaced(path) as temporary:
            with opened(path) as database:
                database.execute("VACUUM INTO ?", (str(temporary),))
            with opened(temporary) as database:
                change(database)


def journals(path: Path) -> list[Path]:
    """Files that SQLite keeps beside a database while it writes."""
    return [path.with_name(path.name + suffix) for suffix in _JOURNALS]


def fault_of(path: Path) -> str:
    """What makes a file no database of this form; empty if nothing. Reads all of it.

    Raises:
        HistoryError: Another program holds it, or the system does not let it be read: that is no fault of the file.
    """
    if not path.exists():
        return "it is missing"
    if not path.is_file():
        return "it is no file"
    try:
        with opened(path) as database:
            (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                return str(found)
            form = meta_of(database, "form") if "meta" in _tables(database) else None
            if form == str(FORM) and _tables(database) == _own_tables():
                return "" if meta_of(database, "history") and meta_of(database, "project") else "it names no history"
    except HistoryDamagedError as error:
        return str(error.__cause__)
    earlier = [str(number) for number in range(1, FORM)]
    return "it is of an earlier form" if form in earlier else "its tables are not those of topicloom"


def _tables(database: sqlite3.Connection) -> dict[str, str]:
    return dict(database.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))


@cache
def _own_tables() -> dict[str, str]:
    database = sqlite3.connect(":memory:")
    try:
        database.executescript(_TABLES)
        return _tables(database)
    finally:
        database.close()


def meta_of(database: sqlite3.Connection, key: str) -> str | None:
    """A fact about the history: its id under "history", the project's folder under "project"."""
    row = database.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return str(row[0]) if row else None


def put_run(database: sqlite3.Connection, record: RunRecord, content: bytes) -> None:
    """Enter a run, in place of what the database holds of it. content: the record, packed."""
    remove_run(database, record.lineage, record.number)
    for table, rows in _rows(record, content).items():
        for row in rows:
            places = ", ".join("?" * len(row))
            database.execute(f"INSERT INTO {table} VALUES ({places})", row)  # noqa: S608  # our own names
    database.execute("INSERT OR IGNORE INTO lineages VALUES (?, ?)", (record.lineage, record.analysis))


def put_last_run(database: sqlite3.Connection, record: RunRecord, content: bytes) -> None:
    """Enter the latest run of its line, which goes on in the run's folder."""
    put_run(database, record, content)
    put_folder(database, record.lineage, record.analysis)


def remove_run(database: sqlite3.Connection, lineage: str, number: int) -> None:
    """Take a run out."""
    for table in ("runs", "topics", "events"):
        database.execute(f"DELETE FROM {table} WHERE lineage = ? AND number = ?", (lineage, number))  # noqa: S608


def put_folder(database: sqlite3.Connection, lineage: str, folder: str) -> None:
    """Note in which folder a line of runs goes on."""
    database.execute("INSERT OR REPLACE INTO lineages VALUES (?, ?)", (lineage, folder))


def holds_run(database: sqlite3.Connection, record: RunRecord, content: bytes) -> bool:
    """Whether the database holds a run in all its tables as it was entered; labels may have come later."""
    run = (record.lineage, record.number)
    for table, rows in _rows(record, content).items():
        found = database.execute(
            f"SELECT * FROM {table} WHERE lineage = ? AND number = ? ORDER BY 1, 2, 3",  # noqa: S608
            run,
        ).fetchall()
        shown = 8 if table == "topics" else None  # without the label
        if [row[:shown] for row in found] != [row[:shown] for row in rows]:
            return False
    return True


def stated_digest(settings: Mapping[str, Any], versions: Mapping[str, str]) -> str:
    """Digest of the settings and library versions of a run."""
    return digest_json([stated(settings), dict(versions)])


def _rows(record: RunRecord, content: bytes) -> dict[str, list[tuple[Any, ...]]]:
    """What each table holds of a run."""
    run = (record.lineage, record.number)
    outliers = sum(number == -1 for number in record.numbers)
    statement = canonical_json([record.settings, record.versions])
    head = (
        *(*run, record.analysis, record.finished, record.result, record.parent, record.base),
        *(len(record.papers), outliers, statement, canonical_json(record.keys)),
        *(digest_bytes(content), content),
    )
    return {
        "runs": [head],
        "topics": [
            (*run, t.topic, t.uid, t.count, t.since, t.history, " ".join(t.words), t.label) for t in record.topics
        ],
        "events": [(*run, place, event.kind, event.text) for place, event in enumerate(record.events)],
    }
