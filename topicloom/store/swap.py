"""Several files put in place together: all of them or none, also when the process is killed in between.

The new files are staged in a hidden folder beside the old ones, where copies of those (hard links, which cost nothing)
are kept too. Then a journal is written that says which of them take the place of what; from that moment the change is
decided. The renames that follow take less than a millisecond. Whoever finds a journal, because a kill fell between
them, carries it out to the end (`finish_swap`). Where that cannot be, since a file may not be replaced, the change is
taken back, so that the folder holds the old files, whole.

A journal is a file that others may have written: it moves files of the names that this folder's owner states, and no
others, and nothing outside the folder.

    FOLDER/.topicloom-swap.json                journal
    FOLDER/.topicloom-staging-ID/new/NAME      to be put in place
    FOLDER/.topicloom-staging-ID/old/NAME      copies of the files that they replace
    FOLDER/.topicloom-aside-ID-NAME            folders that they replace; of a colleague, perhaps, whose folder can be
                                               renamed but not moved into another
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, ValidationError

from topicloom.errors import TopicloomError
from topicloom.output_files import DRAWN, EXPORTED, FOLDERS, RUN_RECORD
from topicloom.store.disk import disk_errors
from topicloom.store.files import read_json, remove_tree, set_aside, sync, sync_tree, write_json

logger = logging.getLogger(__name__)

JOURNAL = ".topicloom-swap.json"
_LOCK = ".topicloom.lock"
_STAGING, _ASIDE = ".topicloom-staging-", ".topicloom-aside-"
_STAGING_NAME = re.compile(rf"{re.escape(_STAGING)}[0-9a-f]{{8}}")


class SwapError(TopicloomError):
    """A change of several files could be neither carried out nor taken back."""


@dataclass(frozen=True)
class Names:
    """The names that a change of a folder may touch: of files, of folders, and patterns of files."""

    files: frozenset[str]
    folders: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = field(default=())

    def admit(self, name: str) -> bool:
        """Whether it is one of them; a name that leads elsewhere is none."""
        if not name or "/" in name or "\\" in name or "\0" in name or name.startswith("."):
            return False
        return name in self.files | self.folders or any(fnmatchcase(name, pattern) for pattern in self.patterns)


ANALYSIS_FILES: Final = Names(frozenset((*EXPORTED, *DRAWN, RUN_RECORD)), FOLDERS)


class _Journal(BaseModel):
    """A decided change. put, remove: names. had: those of them that were there. back: it is being taken back."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    staging: str
    put: list[str]
    remove: list[str]
    had: list[str]
    back: bool = False


@dataclass(frozen=True)
class _Places:
    """Where the forms of one name lie: in place, new, and old (a copy of a file; a folder, moved aside)."""

    place: Path
    new: Path
    copy: Path
    aside: Path

    @property
    def kept(self) -> Path | None:
        """What was in its place before, as far as it is kept elsewhere."""
        return next((path for path in (self.aside, self.copy) if os.path.lexists(path)), None)


@contextlib.contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder that no store has one for: one change of its files at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / _LOCK):
        try:
            yield
        finally:
            # Whoever waits for it sees that the file is gone, and takes the next one.
            (folder / _LOCK).unlink(missing_ok=True)


@contextlib.contextmanager
def swapped_in(folder: Path, names: Names = ANALYSIS_FILES, *, gone: Sequence[str] = ()) -> Iterator[Path]:
    """Yield a staging folder; what the block writes there takes its place in `folder`, all or nothing.

    The caller holds the lock of the folder.

    Args:
        folder: It is made where it is missing.
        names: What may be put there or removed.
        gone: Names of files that are removed at the same moment, if they are there and not written again.

    Raises:
        OSError: The files could not be put in place; `folder` is as it was, as it is after an error in the block.
        SwapError: Nor could those be taken back that were in place already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    finish_swap(folder, names)
    _clear(folder, names)
    staging = folder / f"{_STAGING}{secrets.token_hex(4)}"
    try:
        for inner in ("new", "old"):
            (staging / inner).mkdir(parents=True)
        with disk_errors():
            yield staging / "new"
        sync_tree(staging / "new")
        journal = _planned(folder, staging, names, gone)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    try:
        write_json(folder / JOURNAL, journal.model_dump())
    except BaseException as error:
        if not os.path.lexists(folder / JOURNAL):
            shutil.rmtree(staging, ignore_errors=True)
            raise
        # It is decided, and only word of it was stopped: an error of the disk is over once the files are in place.
        if finish_swap(folder, names) and isinstance(error, OSError):
            return
        raise
    fault = _settle(folder, journal)
    if fault:
        raise fault


def finish_swap(folder: Path, names: Names = ANALYSIS_FILES) -> bool:
    """Carry a decided change out to the end, if a journal is there; take it back where that cannot be.

    Safe to repeat. The caller holds the lock of the folder. A journal that topicloom has not written is set aside, and
    nothing is done of what it says.

    Returns:
        Whether there was a journal, and the change was carried out.

    Raises:
        SwapError: It can be neither carried out nor taken back.
    """
    if not os.path.lexists(folder / JOURNAL):
        return False
    journal = _read(folder, names)
    if journal is None:
        with contextlib.suppress(OSError):
            aside = set_aside(folder / JOURNAL)
            logger.warning(
                "%s is no journal that topicloom wrote for this folder; it was not obeyed, and is kept as %s.",
                folder / JOURNAL,
                aside.name,
            )
        return False
    fault = _settle(folder, journal)
    if fault:
        logger.warning(
            "%s: a change of its files that had been cut short could not be carried out (%s); it was taken back, and "
            "the files are those from before it.",
            folder,
            _reason(fault),
        )
    return not fault and not journal.back


def _read(folder: Path, names: Names) -> _Journal | None:
    """The journal of a folder; None where it states anything that a journal of ours would not."""
    try:
        journal = _Journal.model_validate(read_json(folder / JOURNAL))
    except ValidationError:
        return None
    staging = folder / journal.staging
    stated = {*journal.put, *journal.remove, *journal.had}
    if not _STAGING_NAME.fullmatch(journal.staging) or not all(map(names.admit, stated)):
        return None
    # A link would lead the renames to another place.
    return journal if all(map(_is_folder, (staging, staging / "new", staging / "old"))) else None


def _planned(folder: Path, staging: Path, names: Names, gone: Sequence[str]) -> _Journal:
    """The journal of a change, once all is ready to carry it out and to take it back."""
    put = sorted(path.name for path in (staging / "new").iterdir())
    foreign = [name for name in (*put, *gone) if not names.admit(name)]
    if foreign:
        raise ValueError(f"{foreign} may not be put into {folder}")
    remove = [name for name in gone if name not in put and os.path.lexists(folder / name)]
    # A folder where a file should be, or a file where a folder should be, is none of ours.
    remove = [name for name in remove if _is_folder(folder / name) == (name in names.folders)]
    had = [name for name in (*put, *remove) if os.path.lexists(folder / name)]
    for name in had:
        if name in put:
            _require_same_kind(folder / name, name in names.folders)
        if not _is_folder(folder / name):
            _keep(folder / name, staging / "old" / name)
    return _Journal(staging=staging.name, put=put, remove=remove, had=had)


def _require_same_kind(place: Path, wants_folder: bool) -> None:
    if _is_folder(place) and not wants_folder:
        raise IsADirectoryError(errno.EISDIR, "it is a folder, and a file is to be written there; move it away", place)
    if place.is_file() and wants_folder:
        raise NotADirectoryError(errno.ENOTDIR, "it is a file, and a folder is to be made there; move it away", place)


def _keep(place: Path, copy: Path) -> None:
    try:
        os.link(place, copy, follow_symlinks=False)
    except (OSError, NotImplementedError):  # a file system without links, or a file of a colleague
        shutil.copy2(place, copy, follow_symlinks=False)


def _settle(folder: Path, journal: _Journal) -> OSError | None:
    """Carry a change out, or take it back; returns what made it necessary to take it back."""
    fault = None
    if not journal.back:
        try:
            _put(folder, journal)
        except OSError as error:
            fault = error
            journal = journal.model_copy(update={"back": True})
    if journal.back:
        try:
            if fault:
                write_json(folder / JOURNAL, journal.model_dump())
            _take_back(folder, journal)
        except OSError as error:
            why = f"could not be carried out ({_reason(fault)}), nor taken back" if fault else "cannot be taken back"
            raise SwapError(
                f"{folder}: a change of its files {why} ({_reason(error)}). Some of its files are new, and some are "
                "old. Give the right to change the file that is named, and run again: the old files are put back first."
            ) from error
    try:
        sync(folder)
        (folder / JOURNAL).unlink()
        _clear(folder)
    except OSError as error:  # the files are whole; to carry the change out once more changes nothing
        logger.warning(
            "%s: its files are in place, and what the change of them has left cannot be removed (%s); the next command "
            "clears it up.",
            folder,
            _reason(error),
        )
    return fault


def _put(folder: Path, journal: _Journal) -> None:
    for name in (*journal.put, *journal.remove):
        at = _places(folder, journal, name)
        try:
            _put_one(at) if name in journal.put else _remove_one(at)
        except OSError as error:  # the person knows the file by its own place
            raise OSError(error.errno, error.strerror, str(at.place)) from error


def _put_one(at: _Places) -> None:
    if not os.path.lexists(at.new):
        return  # it was put in place before a kill
    if os.path.lexists(at.place) and _is_folder(at.new):
        at.place.replace(at.aside)
    at.new.replace(at.place)


def _remove_one(at: _Places) -> None:
    if _is_folder(at.place):
        at.place.replace(at.aside)
    else:
        at.place.unlink(missing_ok=True)


def _take_back(folder: Path, journal: _Journal) -> None:
    for name in journal.put:
        at = _places(folder, journal, name)
        if os.path.lexists(at.new) and not os.path.lexists(at.aside):
            continue  # it was never put in place, or was taken back before a kill
        if os.path.lexists(at.place) and (_is_folder(at.place) or name not in journal.had):
            at.place.replace(at.new)
        if at.kept:
            at.kept.replace(at.place)
    for name in journal.remove:
        at = _places(folder, journal, name)
        if at.kept and not os.path.lexists(at.place):
            at.kept.replace(at.place)


def _places(folder: Path, journal: _Journal, name: str) -> _Places:
    staging = folder / journal.staging
    aside = folder / f"{_ASIDE}{journal.staging.removeprefix(_STAGING)}-{name}"
    return _Places(folder / name, staging / "new" / name, staging / "old" / name, aside)


def _clear(folder: Path, names: Names | None = None) -> None:
    """Remove what changes have left: no journal names it any more. names: also temporary files of these names."""
    for left in (*folder.glob(f"{_STAGING}*"), *folder.glob(f"{_ASIDE}*")):
        with contextlib.suppress(OSError):
            remove_tree(left)
        if os.path.lexists(left):
            logger.warning("%s is of an earlier result and cannot be removed; its owner can.", left)
    for left in folder.glob(".*.tmp") if names else ():
        name = left.name[1:].rsplit(".", 2)[0]
        if names and (names.admit(name) or name == JOURNAL):
            with contextlib.suppress(OSError):
                left.unlink()


def _is_folder(path: Path) -> bool:
    """Whether it is a folder itself, and no link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _reason(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)
