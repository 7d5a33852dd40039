"""A project in an object store, as its local mirror sees it; found by where the mirror lies, and by nothing in it."""

from __future__ import annotations

import contextlib
import json
import logging
import platform
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from topicloom.errors import Problem, StoreError, quoted_list
from topicloom.remote.address import AddressError, mirrored
from topicloom.remote.lease import Lease, holders, life
from topicloom.remote.objects import Objects
from topicloom.store.files import digest_file, read_json, write_json
from topicloom.store.record_form import inside_the_folder
from topicloom.store.shared.inputs import SharedInputs
from topicloom.store.shared.results import SharedResults
from topicloom.store.shared.room import limit_bytes
from topicloom.store.shared.trees import Tree

logger = logging.getLogger(__name__)

NOTES: Final = "remote"  # folder of the mirror's store that says as what things were last seen
MARKER: Final = "store.json"
MOVING: Final = "moving.json"
_HISTORY: Final = "history"
RUN: Final = "run-"  # how the names of leases of runs begin
_SKEW_SECONDS: Final = 60.0


class SharedProject:
    """One project in an object store.

    Args:
        root: The folder `.topicloom` of its local mirror.
    """

    def __init__(self, root: Path) -> None:
        address = mirrored(root.parent)
        if address is None:
            raise ValueError(f"{root} is in no mirror")
        self.root = root
        self.objects = Objects(address)
        self.own = self.objects.below(".topicloom")
        self.notes = root / NOTES
        self.results = SharedResults(self.own, root)
        self.inputs = SharedInputs(self.objects, root.parent, self.notes)

    def begin_to_write(self) -> None:
        """See that the store can be written to, and obeys conditions, before anything is computed.

        Raises:
            AddressError: It does not obey them, these keys may not write, or a move into it was cut short.
        """
        limit_bytes()
        life()
        marker = self.own.get(MARKER)
        if marker is None:
            self.require_no_move()
            self.own.require_conditions()
            self.mark()
        skew = (datetime.now(UTC) - self.own.now()).total_seconds()
        if abs(skew) > _SKEW_SECONDS:
            logger.warning(
                "The clock of this machine is %.0f s %s that of the store. Leases go by the store's; the times in "
                "run.json and in the history are this machine's. Set its clock.",
                abs(skew),
                "ahead of" if skew > 0 else "behind",
            )

    def mark(self) -> None:
        """Note in the store that a project of topicloom lies there whole, and that the store obeys conditions."""
        self.own.create(MARKER, json.dumps({"form": 1, "conditions": True}).encode())

    def require_no_move(self) -> None:
        """Raise AddressError where a move into this place, or out of it, has not come to its end."""
        if self.own.head(MOVING) is not None:
            raise AddressError(
                str(self.objects.address),
                Problem(
                    "A move into this place or out of it is under way, or was cut short: not all of the project may be "
                    "there.",
                    "Give the same command `topicloom move` again on the same machine: it goes on where it was.",
                ),
            )

    @contextlib.contextmanager
    def run(self) -> Iterator[None]:
        """Say in the store that a run is under way, so that nobody moves the project away or cleans it meanwhile.

        Raises AddressError where somebody moves it.
        """
        lease = self.lease(f"{RUN}{secrets.token_hex(6)}")
        lease.take()
        try:
            self.require_no_move()  # whoever moves it looks for runs after it has said so
            yield
        finally:
            lease.end()

    def require_no_run(self) -> None:
        """Raise AddressError where a run of the project is under way, on whatever machine."""
        hosts = holders(self.own, RUN)
        if hosts:
            raise AddressError(
                str(self.objects.address),
                Problem(
                    f"A run of this project is under way on {quoted_list(sorted(set(hosts)))}.",
                    "Wait until it is over; that of a machine that has died is over in a minute.",
                ),
            )

    def lease(self, name: str) -> Lease:
        """A lease of the project."""
        return Lease(self.own, name)

    def tree(self, name: str) -> Tree:
        """Files that change together."""
        return Tree(self.own, name, self.notes / f"{name.replace('/', '+')}.json")

    def outputs(self, analysis: str) -> Tree:
        """The outputs of an analysis."""
        return self.tree(f"outputs/{analysis.replace('/', '+')}")

    @contextlib.contextmanager
    def writing_history(self) -> Iterator[None]:
        """Within the block the mirror's history is the store's, and no other worker writes it; then it is put back.

        The caller holds the mirror's lock of the history.
        """
        with self.lease(_HISTORY).held("Another worker writes the project's history; waiting."):
            self.pull_history()
            yield
            self.push_history()

    def pull_history(self) -> None:
        """Bring the mirror's history to that of the store. The caller holds the mirror's lock of the history."""
        tree, folder = self.tree(_HISTORY), self.root / _HISTORY
        listed, local = tree.listed(), history_files(folder)
        seen = tree.still_seen(listed)
        if not listed.etag or (seen and local.keys() == listed.files.keys()):
            return
        digests = {name: digest_file(path) for name, path in local.items()}
        stale = [name for name, sha256 in listed.digests.items() if digests.get(name) != sha256]
        sound = tree.fetch(listed, {name: folder / name for name in stale})
        for name in local.keys() - sound.files.keys():
            (folder / name).unlink(missing_ok=True)  # of a run that another worker was before; or what is damaged there
        tree.note(sound)

    def push_history(self) -> None:
        """Make the mirror's history the store's, if it has changed."""
        tree, folder = self.tree(_HISTORY), self.root / _HISTORY
        files = {name: (path, digest_file(path)) for name, path in history_files(folder).items()}
        if files:
            tree.note(tree.put(files, tree.seen(), self.note()))

    def note(self) -> dict[str, Any]:
        """Who writes, for a person who looks."""
        return {"host": platform.node(), "written": datetime.now(UTC).isoformat(timespec="seconds")}

    def remember(self, name: str, value: Any) -> None:
        """Keep a note of the mirror."""
        write_json(self.notes / f"{name}.json", value)

    def remembered(self, name: str) -> Any:
        """A note of the mirror, or None."""
        return read_json(self.notes / f"{name}.json")


def history_files(folder: Path) -> dict[str, Path]:
    """The files of a history that are the history: the database, and the records of runs."""
    found = [*folder.glob("history.sqlite"), *folder.glob("*/*.json.gz")]
    return {path.relative_to(folder).as_posix(): path for path in sorted(found) if path.is_file()}


def analysis_of(name: str) -> str:
    """The analysis whose outputs lie under a name in the store. Raises StoreError for one that leads elsewhere."""
    try:
        return inside_the_folder(name.replace("+", "/"))
    except ValueError as error:
        raise StoreError(
            f"outputs/{name} in the store is of no analysis. Look who may write into the bucket."
        ) from error


@lru_cache(maxsize=16)
def shared_project(root: Path) -> SharedProject:
    """The project whose mirror has this store. root: `.topicloom`."""
    return SharedProject(root)
