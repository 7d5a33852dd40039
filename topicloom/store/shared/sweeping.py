"""What killed uploads leave in an object store: objects that nothing names. They are removed when they are old."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from topicloom.remote.objects import Found, Objects
from topicloom.store.manifest import MANIFEST
from topicloom.store.shared.project import SharedProject
from topicloom.store.shared.trees import CONTENTS, CURRENT

logger = logging.getLogger(__name__)

OLD: Final = timedelta(days=2)  # an upload that still goes on after that is given up
_EVERY: Final = timedelta(days=1)
_SWEPT: Final = "swept"
_TREES: Final = ("history", "outputs")
_NO_RESULTS: Final = (*_TREES, "leases")


def sweep_store(shared: SharedProject) -> list[str]:
    """Remove old objects that no manifest and no listing names; returns their names. At most once a day does anything.

    Which are old is told by the store's own clock.
    """
    own = shared.own
    now = own.now()
    last = own.head(_SWEPT)
    if last is not None and now - last.modified < _EVERY:
        return []
    own.put(_SWEPT, now.isoformat().encode())
    doomed = [one.name for one in _unnamed(own) if now - one.modified > OLD]
    if doomed:
        logger.info("%d objects that killed runs have left in the store are removed.", len(doomed))
    own.delete(doomed)
    return doomed


@dataclass(frozen=True)
class Unneeded:
    """A result in the store that no analysis refers to. place: STAGE/KEY; bytes: of all its objects."""

    place: str
    bytes: int
    names: tuple[str, ...]


def unneeded_results(shared: SharedProject, keep: Collection[str]) -> list[Unneeded]:
    """Old results in the store whose keys are none of those to keep.

    A younger one may be of a run that is under way on another machine and is not in its run.json yet.
    """
    own, now = shared.own, shared.own.now()
    found = []
    for stage in own.level()[1]:
        results = {} if stage in _NO_RESULTS else _by_place(own, stage)
        for place, objects in results.items():
            if place.partition("/")[2] not in keep and all(now - one.modified > OLD for one in objects):
                # Without its manifest it is no result, whatever becomes of the rest.
                names = sorted((one.name for one in objects), key=lambda name: not name.endswith(f"/{MANIFEST}"))
                found.append(Unneeded(place, sum(one.size for one in objects), tuple(names)))
    return found


def _by_place(own: Objects, stage: str) -> dict[str, list[Found]]:
    results: dict[str, list[Found]] = {}
    for one in own.listing(stage):
        results.setdefault("/".join(one.name.split("/")[:2]), []).append(one)
    return results


def _unnamed(own: Objects) -> Iterator[Found]:
    """Objects that no manifest and no listing names."""
    for stage in own.level()[1]:
        if stage not in _NO_RESULTS:
            yield from _unnamed_results(own, stage)
    for tree in ("history", *own.level("outputs")[1]):
        yield from _unnamed_contents(own, tree)


def _unnamed_results(own: Objects, stage: str) -> Iterator[Found]:
    for place, objects in _by_place(own, stage).items():
        manifest = f"{place}/{MANIFEST}"
        if len({one.name for one in objects}) == 1 and objects[0].name == manifest:
            continue
        named = {manifest, *_named(own, manifest, any(one.name == manifest for one in objects))}
        yield from (one for one in objects if one.name not in named)


def _named(own: Objects, manifest: str, there: bool) -> set[str]:
    found = own.get(manifest) if there else None
    try:
        return {note["object"] for note in json.loads(found.content)["objects"].values()} if found else set()
    except (ValueError, KeyError, TypeError, AttributeError):
        return set()


def _unnamed_contents(own: Objects, tree: str) -> Iterator[Found]:
    found = own.get(f"{tree}/{CURRENT}")
    try:
        files = json.loads(found.content)["files"] if found else {}
        named = {note["sha256"] for note in files.values()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return  # what it names is not known
    for one in own.listing(f"{tree}/{CONTENTS}"):
        if one.name.split("/")[-2] not in named:
            yield one
