"""The folder of a new project: it takes its name when it is whole, and what a killed command leaves is swept."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from filelock import FileLock

from topicloom.errors import Problem
from topicloom.intake.record import IntakeError
from topicloom.store.files import remove_tree, sync_tree

# Beside the lock lies the folder, under the same name with another ending; the system frees the lock of a dead process.
_LOCK, _FOLDER = ".building.lock", ".building.tmp"
_OURS: Final = re.compile(rf"\..+\.[0-9a-f]{{8}}{re.escape(_LOCK)}")


@contextlib.contextmanager
def built(target: Path) -> Iterator[Path]:
    """Yield a folder that takes the name `target` when the block ends well; after an error nothing is left of it.

    Raises:
        IntakeError: It cannot be made, or another command has made `target` meanwhile.

    Example:
        >>> import tempfile
        >>> root = tempfile.TemporaryDirectory()
        >>> with built(Path(root.name) / "P") as folder:
        ...     _ = (folder / "a.txt").write_text("whole")
        >>> [path.name for path in Path(root.name).iterdir()], (Path(root.name) / "P" / "a.txt").read_text()
        (['P'], 'whole')
        >>> root.cleanup()
    """
    sweep_unfinished(target.parent)
    stem = f".{target.name}.{secrets.token_hex(4)}"
    folder = target.with_name(stem + _FOLDER)
    lock = FileLock(target.with_name(stem + _LOCK))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise _unmakable(target, error) from error
    try:
        _make(folder, target)
        yield folder
        sync_tree(folder)
        _put_in_place(folder, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # while it is held: nobody takes a file that is gone for a lock
            Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


def sweep_unfinished(root: Path) -> list[Path]:
    """Remove the folders that killed commands have left in a root, and return those that are gone.

    A folder whose command lives stays, as does one of a colleague that may not be removed.
    """
    gone = []
    for path in [path for path in root.glob(f".*{_LOCK}") if _OURS.fullmatch(path.name)]:
        folder, lock = path.with_name(path.name.removesuffix(_LOCK) + _FOLDER), FileLock(path)
        with contextlib.suppress(OSError):  # the lock is held, too
            lock.acquire(timeout=0)
            try:
                remove_tree(folder)
                if not os.path.lexists(folder):
                    Path(lock.lock_file).unlink(missing_ok=True)
                    gone.append(folder)
            finally:
                lock.release()
    return gone


def _make(folder: Path, target: Path) -> None:
    try:
        folder.mkdir()
    except OSError as error:
        raise _unmakable(target, error) from error


def _put_in_place(folder: Path, target: Path) -> None:
    try:
        if target.is_dir():
            target.rmdir()
        folder.rename(target)
    except OSError as error:
        raise IntakeError(
            target,
            Problem(f"It cannot take its name: {error.strerror}.", "See what lies there now, or give another name."),
        ) from error


def _unmakable(target: Path, error: OSError) -> IntakeError:
    return IntakeError(target, Problem(f"It cannot be made: {error.strerror}.", "Give a folder that you may write to."))
