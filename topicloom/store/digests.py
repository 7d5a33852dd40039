"""Digests of files, remembered, so that an unchanged file of gigabytes is not read again at every run."""

from __future__ import annotations

import contextlib
import logging
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from topicloom.store.files import create, digest_file, remove_tree

logger = logging.getLogger(__name__)

# A file that is this fresh may be written again within one tick of its clock, and look unchanged.
_SETTLED_NS = 2_000_000_000
_PATIENCE = 5.0  # seconds to wait for another run that writes; then a file is read once more
_TABLE = "CREATE TABLE IF NOT EXISTS files (name TEXT PRIMARY KEY, stamp TEXT, sha256 TEXT) WITHOUT ROWID"
_SHA256 = re.compile("[0-9a-f]{64}")
# What is no fault of the database: another run writes, nobody may write, or there is none yet.
_PASSING = {
    getattr(sqlite3, f"SQLITE_{name}")
    for name in ("BUSY", "LOCKED", "READONLY", "PERM", "CANTOPEN", "IOERR", "FULL", "AUTH", "NOMEM")
}


class Stamp:
    """What changes when a file does, as `DigestBook` sees it. Raises OSError where there is no such file.

    text: in one string. is_settled: whether it would show the next change.

    Example:
        >>> Stamp(Path("/")).text == Stamp(Path("/")).text
        True
    """

    def __init__(self, file: Path) -> None:
        status = file.stat()
        self.text = f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"
        self.is_settled = time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > _SETTLED_NS


class DigestBook:
    """Remembers the SHA-256 of files beside a stamp: their size, modification and change time, and inode.

    The change time is the system's own: `cp -p`, `rsync -t` and `touch` set the modification time, and not that one.

    path: SQLite database that holds the memory. It may be lost or shared by concurrent runs: then a file is merely
    read once more. One that is damaged is set aside and begun anew.
    base: files are noted by their path relative to this folder, so that the memory moves with a project.
    """

    def __init__(self, path: Path, base: Path) -> None:
        self._path, self._base = path, base

    def digest(self, file: Path) -> str:
        """SHA-256 of a file, from memory if its stamp is as it was. Raises OSError."""
        before = Stamp(file)
        known = self._known(self._name(file))
        if known and known[0] == before.text:
            return known[1]
        sha256 = digest_file(file)
        if before.is_settled and Stamp(file).text == before.text:
            self._write([(self._name(file), before.text, sha256)])
        return sha256

    def note(self, digests: dict[Path, str]) -> None:
        """Remember digests of files that the caller has just written and that nobody else writes."""
        self._write([(self._name(file), Stamp(file).text, sha256) for file, sha256 in digests.items()])

    def remembered(self) -> dict[Path, str]:
        """Each file of the project that is remembered and looks unchanged, with the digest that is taken for true."""
        rows = self._ask("ro", lambda database: database.execute("SELECT name, stamp, sha256 FROM files").fetchall())
        return {
            self._base / name: sha256
            for name, stamp, sha256 in rows or ()
            if _is_inside(name) and (now := _stamp_of(self._base / name)) is not None and now.text == stamp
        }

    def forget(self, files: Iterable[Path]) -> None:
        """Read these files once more when they are next asked for."""
        self._forget([self._name(file) for file in files])

    def forget_missing(self) -> None:
        """Drop notes on files that are gone."""
        rows = self._ask("ro", lambda database: database.execute("SELECT name FROM files").fetchall())
        self._forget([name for (name,) in rows or () if _stamp_of(self._base / str(name)) is None])

    def _known(self, name: str) -> tuple[str, str] | None:
        query = "SELECT stamp, sha256 FROM files WHERE name = ?"
        row = self._ask("ro", lambda database: database.execute(query, (name,)).fetchone())
        return row if row and _SHA256.fullmatch(str(row[1])) else None

    def _write(self, rows: Sequence[tuple[str, str, str]]) -> None:
        self._ask("rw", lambda database: database.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", rows))

    def _forget(self, names: Sequence[str]) -> None:
        rows = [(name,) for name in names]
        self._ask("rw", lambda database: database.executemany("DELETE FROM files WHERE name = ?", rows))

    def _ask(self, mode: str, work: Callable[[sqlite3.Connection], Any]) -> Any:
        """What a piece of work on the database returns, all of its changes kept or none; None where it cannot be had.

        mode: ro or rw. Nothing is made to read.
        """
        if mode == "rw" and not self._made():
            return None
        address = f"{self._path.absolute().as_uri()}?mode={mode}"
        try:
            with contextlib.closing(sqlite3.connect(address, uri=True, timeout=_PATIENCE)) as database, database:
                if mode == "rw":
                    database.execute(_TABLE)
                return work(database)
        except sqlite3.Error as error:
            self._meet(error)
            return None

    def _made(self) -> bool:
        """Whether the database is there, made now if it was not; nothing is made where no store is."""
        if not self._path.parent.is_dir():
            return False  # nothing has run here yet, and to look must not make a store
        if not self._path.exists():
            with contextlib.suppress(OSError):
                create(self._path)  # SQLite's own 0644 would keep the group from writing
        return self._path.is_file()

    def _meet(self, error: sqlite3.Error) -> None:
        """Set a damaged database aside; an empty one, or one that another run holds, is no damaged one."""
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in _PASSING or _size(self._path) == 0:
            return
        aside = self._path.with_name(f"{self._path.name}.damaged")
        with contextlib.suppress(OSError):
            # A journal of the damaged database would be played back into the new one.
            remove_tree(self._path.with_name(f"{self._path.name}-journal"))
            self._path.replace(aside)
            logger.warning("%s cannot be read (%s): kept as %s; files are read once more.", self._path, error, aside)

    def _name(self, file: Path) -> str:
        try:
            return file.relative_to(self._base).as_posix()
        except ValueError:
            return str(file)


def _stamp_of(file: Path) -> Stamp | None:
    """The stamp of a plain file, or None where there is none."""
    try:
        return Stamp(file) if file.is_file() else None
    except (OSError, ValueError):
        return None


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _is_inside(name: object) -> bool:
    """Whether a name that was read leads to a file of the project."""
    return isinstance(name, str) and not Path(name).is_absolute() and ".." not in Path(name).parts
