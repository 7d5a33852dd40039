"""Files that change together: their contents in the store under their digests, and one small object that lists them.

    NAME/files/<sha256>/<name>     contents, put first
    NAME/current.json              which they are; put under the condition that it is as it was read

So who reads sees all files of one moment, and of two writers one is told that the other was first.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from topicloom.errors import StoreError, quoted_list
from topicloom.remote.faults import RemoteUnavailableError
from topicloom.remote.objects import Objects, side_by_side
from topicloom.store.files import read_json, replaced, write_json
from topicloom.store.record_form import InnerName, Key

logger = logging.getLogger(__name__)

CURRENT: Final = "current.json"
CONTENTS: Final = "files"


class _File(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)

    sha256: Key
    bytes: Annotated[int, Field(ge=0)]


class _Listing(BaseModel):
    """What current.json says. files: by their names; note: what a person may want to know."""

    model_config = ConfigDict(strict=True)

    files: dict[InnerName, _File]
    note: dict[str, Any] = {}


class _NotAsWrittenError(Exception):
    """A content does not have its digest."""


class OvertakenError(RemoteUnavailableError):
    """Another worker has changed the files since they were read."""


@dataclass(frozen=True)
class Listed:
    """The files as the store lists them. etag: of the listing, empty where there is none yet."""

    etag: str = ""
    files: Mapping[str, _File] = field(default_factory=dict)

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 of each file, by name."""
        return {name: one.sha256 for name, one in self.files.items()}


class Tree:
    """Files that change together, in the store and in a folder of the mirror.

    Args:
        objects: Those of the project's `.topicloom`.
        name: Of the tree in the store.
        note: File of the mirror that says as what they were last read or written.
    """

    def __init__(self, objects: Objects, name: str, note: Path) -> None:
        self._objects, self._note = objects.below(name), note

    def listed(self) -> Listed:
        """What the store lists now. Raises StoreError for a listing that topicloom has not written."""
        found = self._objects.get(CURRENT)
        if found is None:
            return Listed()
        try:
            return Listed(found.etag, _Listing.model_validate_json(found.content).files)
        except ValidationError as error:
            raise StoreError(
                f"{self._objects.address.below(CURRENT)}: this is no list of files that topicloom wrote. Put an "
                "earlier version of it back, or remove it: the next run writes it anew."
            ) from error

    def seen(self) -> Listed:
        """What the mirror was last brought to."""
        stated = read_json(self._note)
        with contextlib.suppress(ValidationError, KeyError, TypeError):
            return Listed(stated["etag"], _Listing.model_validate({"files": stated["files"]}).files)
        return Listed()

    def still_seen(self, listed: Listed) -> bool:
        """Whether the store lists what the mirror was last brought to. Where it lists nothing, that is noted."""
        seen = self.seen()
        if not listed.etag and seen.etag:
            self.note(listed)
        return not listed.etag or listed.etag == seen.etag

    def note(self, listed: Listed) -> None:
        """Note that the mirror is as the store lists it."""
        write_json(self._note, {"etag": listed.etag, "files": {n: one.model_dump() for n, one in listed.files.items()}})

    def fetch(self, listed: Listed, places: Mapping[str, Path]) -> Listed:
        """Write files of a listing, as far as they are as they were written; the others are said in the log.

        Args:
            listed: What the store lists.
            places: Where to write each, by name.

        Returns:
            The listing without the files that are damaged: to be noted, so that they are put anew once they are made.
        """
        names = list(places)
        sound = side_by_side([partial(self._fetch_one, listed.files[name], name, places[name]) for name in names])
        damaged = [name for name, is_sound in zip(names, sound, strict=True) if not is_sound]
        if damaged:
            logger.warning(
                "%s: %s in the store cannot be used: missing, or not as it was written. The next run makes it anew.",
                self._objects.address,
                quoted_list(damaged),
            )
        return Listed(listed.etag, {name: one for name, one in listed.files.items() if name not in damaged})

    def _fetch_one(self, file: _File, name: str, path: Path) -> bool:
        key = _content_name(name, file.sha256)
        found = self._objects.head(key)
        if found is None or found.size != file.bytes:
            return False
        for _ in range(2):  # what went wrong on the way is right the second time
            with contextlib.suppress(_NotAsWrittenError), replaced(path) as temporary:
                if self._objects.fetch(key, temporary, found) != file.sha256:
                    raise _NotAsWrittenError
                return True
        return False

    def put(self, files: Mapping[str, tuple[Path, str]], since: Listed, note: Mapping[str, Any]) -> Listed:
        """Make files current; nothing is asked of the store where they are those that it lists.

        Args:
            files: All of them, by name: where each lies, and its SHA-256.
            since: As what the store last listed them.
            note: What a person may want to know, such as the host.

        Returns:
            What the store lists now.

        Raises:
            OvertakenError: Another worker has changed them since. Nothing is made current then.
        """
        if {name: sha256 for name, (_, sha256) in files.items()} == since.digests and since.etag:
            return since
        there = {(PurePosixPath(name).name, one.sha256) for name, one in since.files.items()}
        new = {n: file for n, file in files.items() if (PurePosixPath(n).name, file[1]) not in there}
        side_by_side([partial(self._objects.put, _content_name(name, sha), path) for name, (path, sha) in new.items()])
        entries = {
            name: _File(sha256=sha256, bytes=path.stat().st_size) for name, (path, sha256) in sorted(files.items())
        }
        listing = {"files": {name: one.model_dump() for name, one in entries.items()}, "note": dict(note)}
        content = json.dumps(listing, indent=1).encode()
        if since.etag:
            etag = self._objects.replace(CURRENT, content, since.etag)
        else:
            etag = self._objects.create(CURRENT, content)
        if etag is None:
            raise OvertakenError(
                f"{self._objects.address}: another worker has written there since this one has read it. Its files "
                "stand; run again."
            ) from TimeoutError("overtaken")
        return Listed(etag, entries)


def _content_name(name: str, sha256: str) -> str:
    return f"{CONTENTS}/{sha256}/{PurePosixPath(name).name}"
