"""The history of a project: every run that changed something, in SQLite, and once more as one file a run.

    ROOT/PROJECT/.topicloom/history/history.sqlite           what is read, and what a person can query
    ROOT/PROJECT/.topicloom/history/LINEAGE/000001.json.gz   the same runs, never overwritten

SQLite because it is part of Python, is one file, and changes all at once or not at all; a second copy because one file
can be lost all at once too. Whichever of the two is damaged is made anew from the other: `topicloom.lineage.mending`.

The runs of an analysis are a line under an id of its own, its lineage, which run.json holds too. The folder's name says
only where the line goes on now.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from topicloom.errors import Problem
from topicloom.lineage.database import (
    HistoryDamagedError,
    created,
    opened,
    put_folder,
    put_last_run,
    stated_digest,
    written,
)
from topicloom.lineage.database import HistoryError as HistoryError
from topicloom.lineage.records import RunRecord, digest_bytes, pack, unpack
from topicloom.settings.schema import Settings
from topicloom.store.files import read_json, replaced, write_json
from topicloom.store.record_form import inside_the_folder, run_records, stated_identity
from topicloom.store.sharing import shared_turn
from topicloom.store.store import Store

DATABASE = "history.sqlite"
REMEMBERED = 10  # runs back in which a topic is looked for that the run before did not have
_CHECKED = "checked.json"


@dataclass(frozen=True)
class Head:
    """What is known of a run without reading it whole. sha256: of its record."""

    number: int
    finished: str
    result: str
    parent: int | None
    base: int
    sha256: str


class History:
    """The history of one project. Reading makes no file; `append` does.

    settings: of an analysis of the project. A lineage of None is that of an analysis without a run.
    """

    def __init__(self, settings: Settings) -> None:
        self.store = Store(settings.store_path)
        self.folder = self.store.root / "history"
        self.project = settings.metadata.project_folder

    @property
    def path(self) -> Path:
        """The database."""
        return self.folder / DATABASE

    def heads(self, lineage: str | None) -> list[Head]:
        """The runs of a line, the first one first."""
        rows = self._rows(
            "SELECT number, finished, result, parent, base, sha256 FROM runs WHERE lineage = ? ORDER BY number", lineage
        )
        return [Head(*row) for row in rows]

    def read(self, lineage: str | None, number: int) -> RunRecord:
        """One run, whole; from its file where the database's copy of it is damaged.

        Raises:
            HistoryError: There is none of that number.
            HistoryDamagedError: Neither copy can be read.
        """
        rows = self._rows("SELECT record, sha256 FROM runs WHERE lineage = ? AND number = ?", lineage, number)
        if not rows:
            numbers = ", ".join(str(head.number) for head in self.heads(lineage)) or "none"
            raise HistoryError(
                self.path,
                Problem(
                    f"{self.folder_of(lineage)} has no run {number}; its runs are {numbers}.",
                    "Give the number of one of them.",
                ),
            )
        ((content, sha256),) = rows
        with contextlib.suppress(ValueError, TypeError):
            if digest_bytes(content) == sha256:
                return unpack(content)
        self.forget_check()
        with contextlib.suppress(ValueError, OSError):
            content = self.record_path(str(lineage), number).read_bytes()
            if digest_bytes(content) == sha256:
                return unpack(content)
        raise HistoryDamagedError(
            self.path,
            Problem(f"Both copies of run {number} are damaged.", "Run the analysis: it goes on from what can be read."),
        )

    def keys(self, lineage: str | None, number: int) -> dict[str, str]:
        """Keys of the stages of a run, by name; empty where there is no such run."""
        rows = self._rows("SELECT keys FROM runs WHERE lineage = ? AND number = ?", lineage, number)
        return dict(json.loads(rows[0][0])) if rows else {}

    def stated(self, lineage: str | None, number: int) -> str:
        """Digest of the settings and library versions of a run; empty where there is no such run."""
        rows = self._rows("SELECT stated FROM runs WHERE lineage = ? AND number = ?", lineage, number)
        return stated_digest(*json.loads(rows[0][0])) if rows else ""

    def uids(self) -> set[str]:
        """Every lasting id that was ever given in the project."""
        return {uid for (uid,) in self._rows("SELECT DISTINCT uid FROM topics")}

    def last_seen(self, lineage: str | None) -> dict[str, int]:
        """For each lasting id of a line, the number of the last run that had it."""
        return dict(self._rows("SELECT uid, MAX(number) FROM topics WHERE lineage = ? GROUP BY uid", lineage))

    def labels(self, lineage: str | None, number: int) -> dict[str, str]:
        """The label of each lasting id as people were last shown it, in run `number` or one of the ten before it."""
        rows = self._rows(
            "SELECT uid, label, MAX(number) FROM topics "
            "WHERE lineage = ? AND number BETWEEN ? AND ? AND label != '' GROUP BY uid",
            *(lineage, number - REMEMBERED, number),
        )
        return {uid: label for uid, label, _ in rows}

    def has_labels(self, lineage: str, number: int) -> bool:
        """Whether it is noted under which labels a run shows its topics."""
        query = "SELECT 1 FROM topics WHERE lineage = ? AND number = ? AND label != '' LIMIT 1"
        return bool(self._rows(query, lineage, number))

    def note_labels(self, lineage: str, number: int, labels: Mapping[str, str]) -> None:
        """Note under which labels a run shows its topics. labels: by lasting id."""
        query = "SELECT uid, label FROM topics WHERE lineage = ? AND number = ?"
        known = dict(self._rows(query, lineage, number))
        changed = [(labels[uid], lineage, number, uid) for uid in known if labels.get(uid, known[uid]) != known[uid]]
        if changed:
            update = "UPDATE topics SET label = ? WHERE lineage = ? AND number = ? AND uid = ?"
            with self.store.writing_history():
                self.change(lambda database: database.executemany(update, changed))

    def id(self) -> str | None:
        """The id of the history, which run.json of every analysis names; None before the first run."""
        return dict(self._rows("SELECT key, value FROM meta")).get("history")

    def folders(self) -> dict[str, str]:
        """The folder in which each line goes on, by lineage; that of the latest run last."""
        return dict(
            self._rows(
                "SELECT lineage, folder FROM lineages LEFT JOIN "
                "(SELECT lineage, MAX(finished) AS ended FROM runs GROUP BY lineage) USING (lineage) ORDER BY ended"
            )
        )

    def folder_of(self, lineage: str | None) -> str:
        """The folder in which a line goes on, to name it to a person."""
        return self.folders().get(str(lineage), "this analysis")

    def append(self, make: Callable[[str], RunRecord]) -> RunRecord:
        """Add one run. The file comes first, then the database; after an error the same call may be made again.

        Args:
            make: The record, given the id of the history.

        Raises:
            HistoryError: The run's number is taken, which the turn of the analysis prevents.
            HistoryBusyError: Another program writes to the database.
        """
        with self.store.writing_history():
            if not self.path.exists():
                self.begin(uuid.uuid4().hex, lambda _: None)
            return self.enter(make(str(self.id())))

    def enter(self, record: RunRecord) -> RunRecord:
        """What `append` does, for a caller that holds the lock of the history, which has been begun."""
        record = self._kept(record)
        content = self.record_path(record.lineage, record.number).read_bytes()
        self.change(lambda database: put_last_run(database, record, content))
        return record

    def begin(self, history: str, fill: Callable[[sqlite3.Connection], None]) -> None:
        """Make the database. The caller holds the lock of the history."""
        created(self.path, history, self.project, fill)
        self.note_check()

    def _kept(self, record: RunRecord) -> RunRecord:
        """Write the record's file; where an earlier try of the same run has written it, that one stands."""
        path = self.record_path(record.lineage, record.number)
        if not path.exists():
            with replaced(path) as temporary:
                temporary.write_bytes(pack(record))
            return record
        with contextlib.suppress(ValueError, OSError):
            earlier = unpack(path.read_bytes())
            if earlier == record.model_copy(update={"finished": earlier.finished}):
                return earlier
        raise HistoryError(path, Problem("This run is recorded already.", "Run again."))

    def settle(self, lineage: str, folder: str) -> None:
        """Note that a line goes on in another folder, if it does."""
        if self.folders().get(lineage) != folder:
            with self.store.writing_history():
                self.change(lambda database: put_folder(database, lineage, folder))

    def change(self, change: Callable[[sqlite3.Connection], object]) -> None:
        """Change the database. The caller holds the lock of the history."""
        sound = self.is_checked()
        written(self.path, change)
        if sound:
            self.note_check()

    def is_checked(self) -> bool:
        """Whether the database is, to the moment, the one that was found sound or that topicloom has written since."""
        return bool(read_json(self.folder / _CHECKED) == self._stamp())

    def note_check(self) -> None:
        """Note that the database is sound. The caller holds the lock of the history."""
        write_json(self.folder / _CHECKED, self._stamp())

    def forget_check(self) -> None:
        """Have the next run look through the whole database."""
        with contextlib.suppress(OSError):
            (self.folder / _CHECKED).unlink(missing_ok=True)

    def _stamp(self) -> list[int]:
        try:
            status = self.path.stat()
        except OSError:
            return []
        return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]

    def record_path(self, lineage: str, number: int) -> Path:
        """The file of one run."""
        return self.folder / lineage.replace("%", "%25").replace("/", "%2F") / f"{number:06d}.json.gz"

    def _rows(self, query: str, *values: object) -> list[Any]:
        if not self.path.exists():
            return []
        try:
            with opened(self.path) as database:
                return database.execute(query, values).fetchall()
        except HistoryDamagedError:
            self.forget_check()
            raise


def lineage_of(settings: Settings) -> str | None:
    """The id of the line of runs that an analysis goes on with; None where it begins one.

    run.json, which moves with the folder, names it. Where the folder that the history has for this line is still there
    and names it too, this analysis is a copy, and a line of its own. Without a run.json it is the line that the history
    has for this folder, unless a folder that was renamed names it.
    """
    history, own = History(settings), settings.metadata.analysis_id
    ours, folders = history.id(), history.folders()
    lineage = _named(settings.analysis_path, ours)
    if lineage and (folders.get(lineage, own) == own or not _names(settings, folders[lineage], lineage, ours)):
        return lineage
    of_folder = [lineage for lineage, folder in folders.items() if folder == own]
    if not of_folder:
        return None
    records = (path.parent for path in run_records(settings.project_path))
    elsewhere = {_named(folder, ours) for folder in records if folder != settings.analysis_path}
    return next((lineage for lineage in reversed(of_folder) if lineage not in elsewhere), None)


def new_lineage(settings: Settings, run_id: str | None) -> str:
    """An id for a line of runs that begins. A run that is tried again gets the same. run_id: of the run in Prefect."""
    return uuid.uuid5(uuid.UUID(run_id), settings.label).hex if run_id else uuid.uuid4().hex


def _named(folder: Path, history: str | None) -> str | None:
    """The line that run.json of a folder names, if it is of this history."""
    identity: Mapping[str, Any] = stated_identity(folder)
    return str(identity["lineage"]) if identity and history in (None, identity["history"]) else None


def _names(settings: Settings, folder: str, lineage: str, history: str | None) -> bool:
    """Whether a folder of the project, which the history knows by its name, names a line."""
    try:
        return _named(settings.project_path / inside_the_folder(folder), history) == lineage
    except ValueError:
        return False


@contextlib.contextmanager
def turn(settings: Settings) -> Iterator[None]:
    """Hold the turn of an analysis: from finding lasting ids to entering the run, no other run of it comes between.

    A copy that has not run yet shares the line of what it was copied from, and so its turn.
    """
    store = Store(settings.store_path)
    waiting = f"Another run of {settings.label} is ending; this one waits for its turn."
    with contextlib.ExitStack() as held:
        held.enter_context(shared_turn(settings))
        lineage = lineage_of(settings)
        held.enter_context(store.held(f"turn-{settings.metadata.analysis_id.replace('/', '+')}", waiting))
        if lineage:
            held.enter_context(store.held(f"line-{lineage.replace('/', '+')}", waiting))
        yield
