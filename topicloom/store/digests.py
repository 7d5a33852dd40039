"""Digests of files, remembered, so that an unchanged file of gigabytes is not read again at every run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from topicloom.store.files import digest_file, read_json, write_json

# A file that is this fresh may be written again within one tick of its clock, and look unchanged.
_SETTLED_NS = 2_000_000_000


class DigestBook:
    """Remembers the SHA-256 of files beside their size, modification time and inode.

    path: JSON file that holds the memory. It may be lost or shared by concurrent runs: then a file is
    merely read once more.
    base: files are noted by their path relative to this folder, so that the memory moves with a project.
    """

    def __init__(self, path: Path, base: Path) -> None:
        self._path, self._base = path, base
        self._notes: dict[str, Any] = {}
        self._read = False

    def digest(self, file: Path) -> str:
        """SHA-256 of a file, from memory if size, mtime_ns and inode are as they were. Raises OSError."""
        before = _stamp(file)
        known = self._known().get(self._name(file))
        if known and known["stamp"] == before:
            return str(known["sha256"])
        sha256 = digest_file(file)
        if _stamp(file) == before and time.time_ns() - before[1] > _SETTLED_NS:
            self._note({self._name(file): {"stamp": before, "sha256": sha256}})
        return sha256

    def note(self, digests: dict[Path, str]) -> None:
        """Remember digests of files that the caller has just written and that nobody else writes."""
        self._note({self._name(file): {"stamp": _stamp(file), "sha256": sha} for file, sha in digests.items()})

    def forget_missing(self) -> None:
        """Drop notes on files that are gone."""
        kept = {name: note for name, note in self._known().items() if (self._base / name).exists()}
        if len(kept) < len(self._notes):
            self._notes = kept
            write_json(self._path, kept)

    def _known(self) -> dict[str, Any]:
        if not self._read:
            found = read_json(self._path)
            self._notes = found if isinstance(found, dict) else {}
            self._read = True
        return self._notes

    def _note(self, notes: dict[str, Any]) -> None:
        self._read = False  # another run may have noted something since
        self._notes = {**self._known(), **notes}
        if not self._path.parent.is_dir():
            return  # nothing has run here yet, and to look must not make a store
        try:
            write_json(self._path, self._notes)
        except OSError:
            return  # a folder that cannot be written to is read again next time

    def _name(self, file: Path) -> str:
        try:
            return file.relative_to(self._base).as_posix()
        except ValueError:
            return str(file)


def _stamp(file: Path) -> list[int]:
    status = file.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ino]
