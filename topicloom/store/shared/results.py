"""Results of stages in an object store: there whole or not at all, computed once by whichever worker comes first.

    PROJECT/.topicloom/<stage>/<key>/<sha256>/<artifact>    put first, under the digest of its content
    PROJECT/.topicloom/<stage>/<key>/manifest.json          put last, where there is none: that is the commit

The mirror has the same result as a folder. An artifact that nobody on this machine has asked for is not in it yet:
.objects.json says where it lies.
"""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import shutil
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from topicloom.errors import StoreError
from topicloom.remote.objects import Found, Objects, side_by_side
from topicloom.store.files import read_json, replaced, write_json
from topicloom.store.manifest import MANIFEST, fault_of

logger = logging.getLogger(__name__)

OBJECTS: Final = ".objects.json"  # in the folder of a result: where its artifacts lie in the store
_FORM: Final = 1


class SharedResults:
    """The results of one project, in the store and in the mirror.

    Args:
        objects: Those of the project's `.topicloom`.
        root: The folder `.topicloom` of the mirror.
    """

    def __init__(self, objects: Objects, root: Path) -> None:
        self._objects, self._root = objects, root

    def bring(self, stage: str, key: str) -> None:
        """Have the manifest of a result in the mirror, if the store has the result and the mirror has not."""
        folder = self._root / stage / key
        if folder.is_dir():
            return
        found = self._objects.get(_manifest_name(stage, key))
        entry = _entry(found)
        if entry is None:
            return
        temporary = folder.with_name(f".{key[:16]}.{secrets.token_hex(4)}.tmp")
        temporary.mkdir(parents=True)
        try:
            write_json(temporary / MANIFEST, entry["manifest"])
            write_json(temporary / OBJECTS, entry["objects"])
            with contextlib.suppress(OSError):  # another run has brought it meanwhile
                temporary.rename(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def is_committed(self, folder: Path) -> bool:
        """Whether the store has what a folder of the mirror holds."""
        return (folder / OBJECTS).is_file()

    def knows(self, folder: Path, name: str) -> bool:
        """Whether the store has an artifact of a result."""
        return name in _noted(folder)

    def fault(self, folder: Path, names: Iterable[str]) -> str:
        """What is wrong with artifacts in the store, by their size and etag; empty if nothing. They are not read."""
        noted = _noted(folder)
        listed = {found.name: found for found in self._objects.listing(_place(folder))}
        for name in names:
            note = noted[name]
            found = listed.get(note["object"])
            if found is None:
                return f"{name} is missing in the store"
            if (found.etag, found.size) != (note["etag"], note["bytes"]):
                return f"{name} in the store is not as it was written"
        return ""

    def fetch(self, folder: Path, names: Iterable[str] | None = None) -> dict[Path, str]:
        """Have artifacts of a result in the mirror; returns the digest of each that was fetched now.

        Args:
            folder: Of the result.
            names: Of artifacts; all of them where it is None.

        Raises:
            StoreError: One is not as it was written. The result is given up then, so that the next run makes it anew.
        """
        noted = _noted(folder)
        missing = [name for name in (noted if names is None else names) if name in noted]
        missing = [name for name in missing if not (folder / name).exists()]
        if not missing:
            return {}
        stated = (read_json(folder / MANIFEST) or {}).get("outputs", {})
        calls = [partial(self._fetch_one, folder, name, noted[name], stated[name]["sha256"]) for name in missing]
        return dict(zip([folder / name for name in missing], side_by_side(calls), strict=True))

    def _fetch_one(self, folder: Path, name: str, note: Mapping[str, Any], sha256: str) -> str:
        found = self._objects.head(note["object"])
        if found is not None and found.size == note["bytes"]:
            for _ in range(2):  # what went wrong on the way is right the second time
                with replaced(folder / name) as temporary:
                    if self._objects.fetch(note["object"], temporary, found) == sha256:
                        return sha256
                    temporary.write_bytes(b"")
                (folder / name).unlink(missing_ok=True)
        self.give_up(folder)
        raise StoreError(
            f"{self._objects.address.below(note['object'])}: it is not as it was written. The result that it belongs "
            "to was given up; run again, and it is computed anew."
        )

    def give_up(self, folder: Path) -> None:
        """Forget a damaged result, here and in the store."""
        self._objects.delete([f"{_place(folder)}/{MANIFEST}"])
        shutil.rmtree(folder, ignore_errors=True)

    def commit(self, folder: Path, *, instead: bool = False) -> bool:
        """Bring a result of the mirror into the store; whether it is there now, and not another worker's.

        Args:
            folder: Of the result.
            instead: Also where the store has a result of this key: it is damaged, or was asked for anew.
        """
        manifest = read_json(folder / MANIFEST)
        place = _place(folder)
        names = list(manifest["outputs"])
        keys = [f"{place}/{manifest['outputs'][name]['sha256']}/{name}" for name in names]
        etags = side_by_side(
            [partial(self._objects.put, key, folder / name) for key, name in zip(keys, names, strict=True)]
        )
        objects = {
            name: {"object": key, "etag": etag, "bytes": manifest["outputs"][name]["bytes"]}
            for name, key, etag in zip(names, keys, etags, strict=True)
        }
        content = json.dumps({"form": _FORM, "manifest": manifest, "objects": objects}).encode()
        if not self._put_manifest(_manifest_name(*place.split("/")), content, instead=instead):
            return False
        write_json(folder / OBJECTS, objects)
        return True

    def _put_manifest(self, name: str, content: bytes, *, instead: bool) -> bool:
        if self._objects.create(name, content) is not None:
            return True
        there = self._objects.get(name)
        while there is not None:
            if not instead and _entry(there) is not None:
                return False
            if self._objects.replace(name, content, there.etag) is not None:
                return True
            there = self._objects.get(name)
        return self._put_manifest(name, content, instead=instead)

    def adopt(self, folder: Path) -> None:
        """Take the store's result of a key in the place of the mirror's own."""
        logger.warning("%s: another worker has computed the same result first; its result is used.", folder.parent.name)
        shutil.rmtree(folder, ignore_errors=True)
        self.bring(folder.parent.name, folder.name)


def _place(folder: Path) -> str:
    return f"{folder.parent.name}/{folder.name}"


def _manifest_name(stage: str, key: str) -> str:
    return f"{stage}/{key}/{MANIFEST}"


def _noted(folder: Path) -> dict[str, dict[str, Any]]:
    noted = read_json(folder / OBJECTS)
    return noted if isinstance(noted, dict) else {}


def _entry(found: Found | None) -> dict[str, Any] | None:
    """What a manifest in the store says; None where it is not one that topicloom wrote for this place."""
    if found is None:
        return None
    stage, key, _ = found.name.rsplit("/", 2)
    with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
        entry: dict[str, Any] = json.loads(found.content)
        manifest, objects = entry["manifest"], entry["objects"]
        sound = not fault_of(manifest, stage, key) and objects.keys() == manifest["outputs"].keys()
        if sound and all(_is_own(f"{stage}/{key}", name, objects[name], manifest["outputs"][name]) for name in objects):
            return entry
    logger.warning("%s in the store is no manifest of this result; it is computed again.", found.name)
    return None


def _is_own(place: str, name: str, note: Mapping[str, Any], output: Mapping[str, Any]) -> bool:
    stated = note["object"] == f"{place}/{output['sha256']}/{name}" and note["bytes"] == output["bytes"]
    return stated and isinstance(note["etag"], str)
