"""Inputs in an object store: plain objects under the names that the files of a project folder have."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Final

from topicloom.errors import Problem
from topicloom.remote.address import AddressError
from topicloom.remote.objects import DamagedObjectError, Found, Objects, side_by_side
from topicloom.store.digests import Stamp
from topicloom.store.files import read_json, write_json
from topicloom.store.record_form import inside_the_folder

_NOTED: Final = "inputs.json"
DIGESTS: Final = "digests.json"  # in the store: the SHA-256 of each input that `topicloom move` has put, by its etag


class SharedInputs:
    """The inputs of one project, in the store and in the mirror.

    Args:
        objects: Those of the project.
        project: Folder of the project in the mirror.
        notes: Folder of the mirror's notes.
    """

    def __init__(self, objects: Objects, project: Path, notes: Path) -> None:
        self._objects, self._project, self._path = objects, project, notes / _NOTED

    def pull(self, found: Iterable[Found], beside: Sequence[str], below: Sequence[str] = ()) -> dict[Path, str]:
        """Have inputs in the mirror as they are in the store; one whose etag, size and file are as noted stays.

        Args:
            found: The objects, by names relative to the project.
            beside: Folders right in which they are all there are: what the mirror has had from there, and the store no
                longer has, goes.
            below: Folders of which the same holds however deep.

        Returns:
            The digest of each file that was fetched now.
        """
        wanted = {one.name: one for one in found}
        for name in wanted:
            self._require_inside(name)
        noted = self._noted()
        stale = [one for one in wanted.values() if not self._is_as_noted(one, noted.get(one.name))]
        stated = stated_digests(self._objects) if stale else {}
        digests = dict(
            zip(
                [self._project / one.name for one in stale],
                side_by_side([partial(self._fetch, one, stated) for one in stale]),
                strict=True,
            )
        )
        gone = [name for name in noted if name not in wanted and _is_within(name, beside, below)]
        for name in gone:
            (self._project / name).unlink(missing_ok=True)
        noted = {name: note for name, note in noted.items() if name not in gone}
        self._note({**noted, **{one.name: self._entry(one.name, one.etag, one.size) for one in stale}})
        return digests

    def push(self, folder: Path) -> list[str]:
        """Put files of the mirror below a folder into the store that it has not had from there; returns their names.

        The largest comes last: embeddings count once they are there, and by then what belongs to them is there too.
        """
        noted = self._noted()
        files = {path.relative_to(self._project).as_posix(): path for path in sorted(folder.rglob("[!.]*"))}
        own = {n: path for n, path in files.items() if path.is_file() and not self._is_own(path, noted.get(n))}
        own = dict(sorted(own.items(), key=lambda item: item[1].stat().st_size))
        puts = [partial(self._objects.put, name, path) for name, path in own.items()]
        etags = [*side_by_side(puts[:-1]), *side_by_side(puts[-1:])]
        new = {
            name: self._entry(name, etag, path.stat().st_size)
            for (name, path), etag in zip(own.items(), etags, strict=True)
        }
        if new:
            self._note({**noted, **new})
        return list(new)

    def _fetch(self, one: Found, stated: Mapping[str, Mapping[str, str]]) -> str:
        path = self._project / one.name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name[:60]}.{secrets.token_hex(4)}.tmp")
        try:
            try:
                digest = self._objects.fetch(one.name, temporary, one)
            except DamagedObjectError:
                latest = self._objects.head(one.name)  # it was written while we looked
                if latest is None or latest.etag == one.etag:
                    raise
                digest = self._objects.fetch(one.name, temporary, latest)
            require_stated(self._objects, one, digest, stated)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        return digest

    def _is_as_noted(self, one: Found, note: Mapping[str, Any] | None) -> bool:
        same = note is not None and (note.get("etag"), note.get("bytes")) == (one.etag, one.size)
        return same and self._is_own(self._project / one.name, note)

    def _is_own(self, path: Path, note: Mapping[str, Any] | None) -> bool:
        """Whether a file of the mirror is the one that was fetched or put, by its stamp."""
        try:
            return note is not None and note.get("stamp") == Stamp(path).text
        except OSError:
            return False

    def _entry(self, name: str, etag: str, size: int) -> dict[str, Any]:
        return {"etag": etag, "bytes": size, "stamp": Stamp(self._project / name).text}

    def _require_inside(self, name: str) -> None:
        try:
            inside_the_folder(name)
            if any(part.startswith(".topicloom") for part in PurePosixPath(name).parts):
                raise ValueError("a name of topicloom's own")
        except ValueError as error:
            raise AddressError(
                str(self._objects.address.below(name)), Problem("No file can have this name.", "Remove the object.")
            ) from error

    def _noted(self) -> dict[str, dict[str, Any]]:
        noted = read_json(self._path)
        return noted if isinstance(noted, dict) else {}

    def _note(self, noted: Mapping[str, Any]) -> None:
        write_json(self._path, dict(noted))


def stated_digests(objects: Objects) -> dict[str, dict[str, str]]:
    """What `topicloom move` has noted of the inputs of a project: etag and SHA-256, by name."""
    found = objects.get(f".topicloom/{DIGESTS}")
    try:
        stated = json.loads(found.content) if found else {}
    except ValueError:
        return {}
    return stated if isinstance(stated, dict) else {}


def require_stated(objects: Objects, one: Found, digest: str, stated: Mapping[str, Mapping[str, str]]) -> None:
    """Raise AddressError where an object that nobody has written since does not have the digest that was noted."""
    note = stated.get(one.name, {})
    if note.get("etag") == one.etag and note.get("sha256") not in (None, digest):
        raise AddressError(
            str(objects.address.below(one.name)),
            Problem("It is not as `topicloom move` has put it.", "Put it there again, from where it came."),
        )


def _is_within(name: str, beside: Sequence[str], below: Sequence[str]) -> bool:
    return name.rpartition("/")[0] in beside or any(name.startswith(f"{folder}/") for folder in below)
