"""A history that is damaged, lost, of an earlier form or another project's: what is looked at before a run, and mended.

Nothing is thrown away: what cannot be used is kept beside under another name, and every mending is said in a sentence.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from topicloom.errors import Problem
from topicloom.lineage.database import (
    HistoryDamagedError,
    HistoryError,
    fault_of,
    holds_run,
    journals,
    meta_of,
    opened,
    put_folder,
    put_last_run,
    put_run,
    remove_run,
)
from topicloom.lineage.history import DATABASE, History
from topicloom.lineage.records import RunRecord, digest_bytes, unpack
from topicloom.lineage.recovery import recovered_run
from topicloom.output_files import RUN_RECORD
from topicloom.phrasing import number_of
from topicloom.settings.schema import Settings
from topicloom.store.files import replaced, set_aside
from topicloom.store.record_form import load_record, run_records, stated_identity

logger = logging.getLogger(__name__)

Run = tuple[RunRecord, bytes]


def mend_history(settings: Settings) -> list[str]:
    """Look whether the history is sound and of this project, and mend what is damaged; returns what was mended.

    The database is read as a whole only where another hand than topicloom's has changed it. Where the history does not
    hold an analysis that run.json says it held, its last run is taken from the exported files.

    Raises:
        HistoryError: It is the history of another project, or another program holds it; nothing is changed then.
    """
    history = History(settings)
    if not history.folder.exists() and not _unknown_run(history, settings):
        return []
    with history.store.writing_history():
        mended = [*_mended_folder(history), *_mended_database(history, settings), *_recovered(history, settings)]
    for sentence in mended:
        logger.warning(sentence)
    return mended


def require_own_history(settings: Settings) -> None:
    """Raise HistoryError for the history of another project, or one that another program holds. Changes nothing."""
    history = History(settings)
    fault = "" if history.is_checked() else fault_of(history.path)
    _require_own(history, settings, _facts(history) if not fault else _salvaged(history).facts)


def _mended_folder(history: History) -> Iterator[str]:
    if history.folder.exists() and not history.folder.is_dir():
        yield f"{history.folder}: it is no folder; it is kept as {set_aside(history.folder).name}."
    if history.folder.is_symlink():
        return  # what it leads to may be another project's, whose living runs this lock does not stop
    for left in history.folder.glob("**/.*.tmp*"):
        if left.is_file():
            left.unlink()  # of a killed run; the lock says that no other is at it


def _mended_database(history: History, settings: Settings) -> Iterator[str]:
    thorough = not history.is_checked()
    fault = fault_of(history.path) if thorough else ""
    if fault:
        found = _salvaged(history)
        _require_own(history, settings, found.facts)
        if history.path.exists() or found.runs:
            yield _rebuilt(history, settings, found, fault)
    else:
        _require_own(history, settings, _facts(history))
    if history.path.exists():
        yield from _mended_runs(history, thorough=thorough)
        if thorough:
            history.note_check()


def _facts(history: History) -> tuple[str, str] | None:
    """Id of a sound history, and the project that it was begun in."""
    if not history.path.exists():
        return None
    with opened(history.path) as database:
        found = meta_of(database, "history"), meta_of(database, "project")
    return (found[0], found[1]) if found[0] and found[1] is not None else None


def _require_own(history: History, settings: Settings, facts: tuple[str, str] | None) -> None:
    if facts is None:
        return
    own_id, project = facts
    if stated_identity(settings.analysis_path).get("history") == own_id:
        return
    stated = (stated_identity(path.parent) for path in run_records(settings.project_path))
    named = {str(identity["history"]) for identity in stated if identity}
    # A project that was renamed or copied as a whole has run records that name its history.
    if own_id in named or (not named and project == history.project):
        return
    raise HistoryError(
        history.folder,
        Problem(
            f'This history is that of the project "{project}", not of "{history.project}": '
            + (f"the run.json files here name the history {min(named)}, " if named else "no run.json names it, ")
            + f"and this one is {own_id}.",
            "Put the project's own history back, or move this folder away; topics then get new lasting ids.",
        ),
    )


@dataclass
class _Salvage:
    """What is left of a history: its runs by line and number, folders by line, labels by line, number and topic."""

    facts: tuple[str, str] | None = None
    runs: dict[tuple[str, int], Run] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    labels: list[tuple[str, str, int, int]] = field(default_factory=list)


def _salvaged(history: History) -> _Salvage:
    """What can be read of the database and of the files of its runs."""
    found = _Salvage()
    contents: list[bytes] = []
    for path in _files(history):
        with contextlib.suppress(OSError):
            contents.append(path.read_bytes())
    meta: dict[str, str] = {}
    if history.path.is_file():
        with contextlib.suppress(HistoryDamagedError), opened(history.path) as database:
            for query, take in (
                ("SELECT key, value FROM meta", meta.update),
                ("SELECT record, 1 FROM runs", lambda rows: contents.extend(row[0] for row in rows)),
                ("SELECT lineage, folder FROM lineages", found.folders.update),
                ("SELECT label, lineage, number, topic FROM topics WHERE label != ''", found.labels.extend),
            ):
                with contextlib.suppress(sqlite3.DatabaseError):
                    take(database.execute(query))
    runs: list[Run] = []
    for content in contents:
        with contextlib.suppress(ValueError, TypeError):
            runs.append((unpack(content), content))
    counted = Counter(record.history for record, _ in runs)
    own_id = meta.get("history") if meta.get("history") in counted else next(iter(dict(counted.most_common(1))), None)
    for record, content in runs:
        if record.history == own_id:
            found.runs.setdefault((record.lineage, record.number), (record, content))
    if own_id:
        found.facts = own_id, next(record.project for record, _ in runs if record.history == own_id)
    return found


def _rebuilt(history: History, settings: Settings, found: _Salvage, fault: str) -> str:
    """Make the database anew from what is left."""
    named = stated_identity(settings.analysis_path).get("history")
    aside = set_aside(history.path) if history.path.exists() else None
    for journal in journals(history.path):  # SQLite would apply it to the new database
        if journal.exists():
            set_aside(journal)

    def fill(database: sqlite3.Connection) -> None:
        for key in sorted(found.runs):
            record, content = found.runs[key]
            put_last_run(database, record, content)
        for lineage, folder in found.folders.items():
            put_folder(database, lineage, folder)
        database.executemany("UPDATE topics SET label = ? WHERE lineage = ? AND number = ? AND topic = ?", found.labels)

    history.begin(found.facts[0] if found.facts else str(named or uuid.uuid4().hex), fill)
    kept = f"; the one before is kept as {aside.name}" if aside else ""
    runs = number_of(len(found.runs), "run")
    return f"{history.path}: the history could not be read ({fault}); it was rebuilt from the records of {runs}{kept}."


def _files(history: History) -> list[Path]:
    return sorted(history.folder.glob("*/*.json.gz"))


def _mended_runs(history: History, *, thorough: bool) -> Iterator[str]:
    """Make each copy of a run that is lost or damaged anew from the other; enter each run that only a file holds."""
    with opened(history.path) as database:
        own_id = str(meta_of(database, "history"))
        known = database.execute("SELECT lineage, number, sha256 FROM runs").fetchall()
    paths = {history.record_path(lineage, number): (lineage, number, sha256) for lineage, number, sha256 in known}
    for path, (lineage, number, sha256) in paths.items():
        if thorough or not _is(history, path, sha256):
            yield from _mended_run(history, own_id, lineage, number)
    for path in _files(history):
        if path not in paths:
            yield from _entered(history, own_id, path)


def _is(history: History, path: Path, sha256: str) -> bool:
    try:
        return history.store.digests.digest(path) == sha256
    except OSError:
        return False


def _mended_run(history: History, own_id: str, lineage: str, number: int) -> Iterator[str]:
    """Look at both copies of a run."""
    path = history.record_path(lineage, number)
    in_file = _sound(path.read_bytes, own_id, lineage, number)
    with opened(history.path) as database:
        blob, sha256 = database.execute(
            "SELECT record, sha256 FROM runs WHERE lineage = ? AND number = ?", (lineage, number)
        ).fetchone()
        in_database = _sound(lambda: blob, own_id, lineage, number)
        as_written = in_database is not None and digest_bytes(blob) == sha256
        run = in_database if as_written else in_file or in_database
        whole = run is not None and holds_run(database, *run)
    if run is None:
        history.change(lambda database: remove_run(database, lineage, number))
        aside = f"; the damaged file is kept as {set_aside(path).name}" if path.exists() else ""
        yield f"{path}: both copies of this run are lost or damaged{aside}. The history goes on without it."
        return
    if in_file is None or in_file[1] != run[1]:
        aside = f"; the damaged one is kept as {set_aside(path).name}" if path.exists() else ""
        with replaced(path) as temporary:
            temporary.write_bytes(run[1])
        yield f"{path}: the record of a run was lost or damaged; it was made anew from {DATABASE}{aside}."
    if not whole:
        history.change(lambda database: put_run(database, *run))
        yield f"{history.path}: run {number} of {run[0].analysis} was damaged in it; it was made anew from {path}."


def _sound(content: Callable[[], bytes], own_id: str, lineage: str, number: int) -> Run | None:
    """A copy of a run, if it is whole and the one that belongs here."""
    with contextlib.suppress(OSError, TypeError, ValueError):
        found = content()
        record = unpack(found)
        if (record.history, record.lineage, record.number) == (own_id, lineage, number):
            return record, found
    return None


def _entered(history: History, own_id: str, path: Path) -> Iterator[str]:
    """Enter the run of a file that the database does not know: the run was stopped between the two."""
    try:
        content = path.read_bytes()
        record = unpack(content)
    except (OSError, ValueError) as error:
        yield f"{path}: {error}; it is kept as {set_aside(path).name}."
        return
    right = history.record_path(record.lineage, record.number)
    if record.history != own_id:
        yield f"{path}: it is of another history; it is kept as {set_aside(path).name}."
    elif right != path and right.exists():
        yield f"{path}: it is a copy of {right}; it is kept as {set_aside(path).name}."
    else:
        if right != path:
            right.parent.mkdir(exist_ok=True)
            path.rename(right)
        history.change(lambda database: put_last_run(database, record, content))


def _unknown_run(history: History, settings: Settings) -> bool:
    """Whether run.json of the analysis names a line that the history does not know."""
    identity = stated_identity(settings.analysis_path)
    return bool(identity) and not history.heads(str(identity["lineage"]))


def _recovered(history: History, settings: Settings) -> Iterator[str]:
    """Enter the last run of the analysis, as its exported files show it, where the history has lost it."""
    if not _unknown_run(history, settings):
        return
    run = recovered_run(settings, load_record(settings.analysis_path / RUN_RECORD)[0])
    if run is None:
        return
    if not history.path.exists():
        history.folder.mkdir(parents=True, exist_ok=True)
        history.begin(run.history, lambda _: None)
    if history.id() != run.history:
        return  # a history that was begun anew; the analysis is matched in it from now on
    history.enter(run)
    yield (
        f"{history.path}: the history of {run.analysis} is gone; its last run, {run.number}, was taken from the files "
        f"in {settings.analysis_path}, so that its topics keep their ids."
    )
