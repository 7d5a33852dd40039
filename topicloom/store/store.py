"""The stage store: each stage's result in a folder named after what it was made from, so nothing is computed twice.

    ROOT/PROJECT/.topicloom/<stage>/<key>/   artifacts + manifest.json

A result exists whole or not at all: it is written to a temporary sibling, synced, then renamed.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import platform
import re
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict

from topicloom import __version__
from topicloom.errors import StoreError
from topicloom.machine.memory import PeakMemory, give_back
from topicloom.remote.address import mirrored
from topicloom.store.digests import DigestBook
from topicloom.store.disk import disk_errors
from topicloom.store.files import (
    clear_temporaries,
    digest_file,
    digest_json,
    sync,
    sync_tree,
    write_json,
)
from topicloom.store.manifest import MANIFEST, load_manifest, sealed

if TYPE_CHECKING:
    from topicloom.store.shared.project import SharedProject

logger = logging.getLogger(__name__)

OWN_FOLDERS = ("locks", "prefect", "embedding", "history", "remote")  # of the store that hold no results
GATE = "gate"  # the lock that a run takes to begin, and that cleaning holds while it lasts
_RUN = "run-"
_TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.[0-9a-f]{8}\.(tmp|old)")
_PATIENCE = 2.0  # seconds that nobody has to be told of


class StagePlan(BaseModel):
    """What a stage's result will be made from; its digest is the key of the result.

    parameters: the settings that the stage reads, and no others.
    inputs: SHA-256 of each input file or artifact that decides the result, by name.
    libraries: versions of the libraries that decide its numbers.
    """

    model_config = ConfigDict(frozen=True)

    stage: str
    version: int
    parameters: dict[str, Any]
    inputs: dict[str, str]
    libraries: dict[str, str]

    @cached_property
    def key(self) -> str:
        """SHA-256 over all of the plan: not over paths, dates or the analysis it is for."""
        return digest_json(self.model_dump(mode="json"))


class StageRef(BaseModel):
    """A small reference to a stage's result: what tasks pass on instead of arrays.

    outputs: SHA-256 of each artifact by name.
    facts: a few numbers about the result, such as how many topics it has.
    """

    model_config = ConfigDict(frozen=True)

    stage: str
    key: str
    outputs: dict[str, str]
    facts: dict[str, Any] = {}


def ref_of(manifest: Mapping[str, Any]) -> StageRef:
    """The reference to the result that a manifest describes."""
    outputs = {name: str(note["sha256"]) for name, note in manifest["outputs"].items()}
    return StageRef(stage=manifest["stage"], key=manifest["key"], outputs=outputs, facts=manifest.get("facts", {}))


class Finding(BaseModel):
    """What the store holds for a key: a sound result, or why there is none."""

    ref: StageRef | None
    fault: str = ""


class Workspace:
    """The temporary folder in which a stage writes its artifacts, and the facts it states about them.

    parts: keys of results of their own that the stage rests on, by name; they live as long as the stage's does.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.facts: dict[str, Any] = {}
        self.parts: dict[str, str] = {}

    def path(self, name: str) -> Path:
        """Where to write the artifact `name`."""
        return self.folder / name


class Store:
    """The stage store of one project.

    root: the folder `.topicloom` of the project; it is made when first written to. Where the project lies in an object
    store it is that of the project's local mirror.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.digests = DigestBook(root / "digests.sqlite", base=root.parent)

    @cached_property
    def shared(self) -> SharedProject | None:
        """The project in the object store; None for one that lies in a folder.

        It is where the folder lies that says so: what a project's own files say would not be obeyed.
        """
        if mirrored(self.root.parent) is None:
            return None
        from topicloom.store.shared.project import shared_project

        return shared_project(self.root)

    def place(self, stage: str, key: str) -> Path:
        """Where the result of `stage` under `key` lies, or would lie; not all of its artifacts need be there yet."""
        return self.root / stage / key

    def folder(self, stage: str, key: str) -> Path:
        """The folder of the result of `stage` under `key`, with all that there is of it."""
        folder = self.place(stage, key)
        self._fetch(folder, None)
        return folder

    def artifact(self, ref: StageRef, name: str) -> Path:
        """Path of one artifact of a result."""
        folder = self.place(ref.stage, ref.key)
        self._fetch(folder, [name])
        return folder / name

    def _fetch(self, folder: Path, names: list[str] | None) -> None:
        if self.shared is None:
            return
        self.shared.results.bring(folder.parent.name, folder.name)
        if fetched := self.shared.results.fetch(folder, names):
            self.digests.note(fetched)

    def manifest(self, ref: StageRef) -> dict[str, Any]:
        """The provenance record of a result; empty if it has gone or cannot be believed."""
        return self.manifest_of(ref.stage, ref.key)

    def manifest_of(self, stage: str, key: str) -> dict[str, Any]:
        """The provenance record of the result of a stage under a key; empty if it has gone or cannot be believed."""
        if self.shared is not None:
            self.shared.results.bring(stage, key)
        return load_manifest(self.place(stage, key))[0]

    def find(self, plan: StagePlan) -> Finding:
        """Look for a result, and trust it only after a check of every artifact.

        An artifact is checked by its digest; the digest is remembered beside what changes with the file, so a sound
        result costs one stat per file.
        """
        folder = self.place(plan.stage, plan.key)
        if self.shared is not None:
            self.shared.results.bring(plan.stage, plan.key)
        if not folder.is_dir():
            return Finding(ref=None, fault="")
        manifest, fault = load_manifest(folder)
        if fault:
            return Finding(ref=None, fault=fault)
        faults = {
            name: fault for name, note in manifest["outputs"].items() if (fault := self._fault(folder / name, note))
        }
        fault = self._fault_elsewhere(folder, faults) if faults else ""
        return Finding(ref=None, fault=fault) if fault else Finding(ref=ref_of(manifest))

    def _fault_elsewhere(self, folder: Path, faults: Mapping[str, str]) -> str:
        """What is wrong with artifacts that are not sound here: nothing, where the object store has them all."""
        results = None if self.shared is None else self.shared.results
        if results is None or not all(results.knows(folder, name) for name in faults):
            return next(iter(faults.values()))
        for name in faults:
            (folder / name).unlink(missing_ok=True)
        return results.fault(folder, faults)

    def _fault(self, artifact: Path, note: Mapping[str, Any]) -> str:
        try:
            if artifact.stat().st_size != note["bytes"]:
                return f"{artifact.name} has another size than when it was written"
            if self.digests.digest(artifact) != note["sha256"]:
                return f"{artifact.name} is not as it was written"
        except FileNotFoundError:
            return f"{artifact.name} is missing"
        except OSError as error:
            return f"{artifact.name} cannot be read ({error.strerror})"
        return ""

    def obtain(
        self,
        plan: StagePlan,
        compute: Callable[[Workspace], None],
        *,
        refresh: bool = False,
        run_id: str | None = None,
    ) -> tuple[StageRef, bool]:
        """The result for `plan`, computed if the store has no sound one. Returns it, and whether it was computed.

        Of two runs that want the same key one computes; the other waits and reads.
        refresh: compute even if there is a result.
        """
        waiting = f"{plan.stage}: another run is computing the same result; waiting for it."
        name = f"{plan.stage}-{plan.key[:16]}"
        with self.held(name, waiting), self._held_by_no_other_worker(name, waiting):
            found = self.find(plan)
            if found.ref and not refresh:
                return self._shared_by_all(found.ref), False
            if found.fault:
                logger.warning("%s: the kept result is not used: %s. It is computed again.", plan.stage, found.fault)
            ref = self._compute(plan, compute, run_id)
            return self._shared_by_all(ref, instead=refresh or bool(found.fault)), True

    def _held_by_no_other_worker(self, name: str, waiting: str) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext() if self.shared is None else self.shared.lease(name).held(waiting)

    def _shared_by_all(self, ref: StageRef, *, instead: bool = False) -> StageRef:
        """A result that the object store has too, where the project lies in one; another worker's, if it was first."""
        folder = self.place(ref.stage, ref.key)
        if self.shared is None or self.shared.results.is_committed(folder):
            return ref
        if not self.shared.results.commit(folder, instead=instead):
            self.shared.results.adopt(folder)
            return ref_of(self.manifest(ref)) if self.manifest(ref) else ref
        return ref

    def _compute(self, plan: StagePlan, compute: Callable[[Workspace], None], run_id: str | None) -> StageRef:
        folder = self.place(plan.stage, plan.key)
        self._sweep(folder)
        workspace = Workspace(folder.with_name(f".{plan.key[:16]}.{uuid.uuid4().hex[:8]}.tmp"))
        _make(workspace.folder)
        started = datetime.now(UTC)
        try:
            with PeakMemory() as memory, disk_errors():
                compute(workspace)
            give_back()
            outputs = {
                path.relative_to(workspace.folder).as_posix(): path
                for path in sorted(workspace.folder.rglob("*"))
                if path.is_file()
            }
            digests = {name: digest_file(path) for name, path in outputs.items()}
            ended = datetime.now(UTC)
            manifest = {
                "stage": plan.stage,
                "key": plan.key,
                "made_from": plan.model_dump(mode="json"),
                "outputs": {
                    name: {"sha256": digests[name], "bytes": path.stat().st_size} for name, path in outputs.items()
                },
                "facts": workspace.facts,
                "parts": workspace.parts,
                "started": started.isoformat(timespec="seconds"),
                "ended": ended.isoformat(timespec="seconds"),
                "seconds": round((ended - started).total_seconds(), 3),
                "peak_memory_bytes": memory.peak,
                "peak_memory_of": memory.of,
                "peak_child_memory_bytes": memory.peak_of_children,
                "host": platform.node(),
                "python": platform.python_version(),
                "topicloom": __version__,
                "prefect_run_id": run_id,
            }
            write_json(workspace.path(MANIFEST), sealed(manifest))
            sync_tree(workspace.folder)
            self._put_in_place(workspace.folder, folder)
        finally:
            shutil.rmtree(workspace.folder, ignore_errors=True)
        self.digests.note({folder / name: digest for name, digest in digests.items()})
        return StageRef(stage=plan.stage, key=plan.key, outputs=digests, facts=workspace.facts)

    def _put_in_place(self, temporary: Path, folder: Path) -> None:
        if folder.exists():
            aside = folder.with_name(f".{folder.name[:16]}.{uuid.uuid4().hex[:8]}.old")
            folder.rename(aside)
            temporary.rename(folder)
            shutil.rmtree(aside, ignore_errors=True)
        else:
            temporary.rename(folder)
        sync(folder.parent)

    def _sweep(self, folder: Path) -> None:
        """Remove what a killed run left of this key; the lock says that no living run is at it."""
        for left in folder.parent.glob(f".{folder.name[:16]}.*"):
            shutil.rmtree(left, ignore_errors=True)

    @contextlib.contextmanager
    def held(self, name: str, waiting: str, patience: float = 0) -> Iterator[None]:
        """Hold a lock of the project; `waiting` is logged where another run holds it for longer than `patience` (s)."""
        lock = self.lock(name)
        try:
            lock.acquire(timeout=patience)
        except Timeout:
            logger.warning("%s", waiting)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    @contextlib.contextmanager
    def writing_history(self) -> Iterator[None]:
        """Hold the lock of the history; where the project lies in an object store, against all workers."""
        elsewhere = contextlib.nullcontext() if self.shared is None else self.shared.writing_history()
        with self.lock("history"), elsewhere:
            yield

    def lock(self, name: str) -> FileLock:
        """A lock of the project; the system frees it when the process that holds it dies."""
        path = self.root / "locks" / f"{name}.lock"
        _make(path.parent)
        if not path.exists() and not _may_write(path.parent):
            raise _not_writable(path.parent, "it is somebody else's, or write-protected")
        return FileLock(path)

    def sweep(self) -> list[Path]:
        """Remove the temporary folders that runs which are no more have left; those of living runs stay.

        So does what lies behind a link: it may be another project's, whose living runs this one's locks do not show.
        """
        history = self.root / "history"
        if not history.is_symlink():
            with contextlib.suppress(Timeout), self.lock("history").acquire(timeout=0):
                clear_temporaries(history)
        stages = [path for path in self.root.glob("*/") if path.name not in OWN_FOLDERS and not path.is_symlink()]
        left = [path for stage in stages for path in stage.glob(".*") if _TEMPORARY.fullmatch(path.name)]
        return [path for path in left if self._sweep_one(path)]

    def _sweep_one(self, path: Path) -> bool:
        key = path.name.split(".")[1]
        try:
            with self.lock(f"{path.parent.name}-{key}").acquire(timeout=0):
                shutil.rmtree(path, ignore_errors=True)
        except Timeout:
            return False  # somebody is at work on it
        return True

    @contextlib.contextmanager
    def run(self) -> Iterator[None]:
        """Say that a run of the project is under way, so that nothing it has made is cleaned away.

        Waits while the store is cleaned. What runs that are no more have left is removed.
        """
        lock = self.lock(f"{_RUN}{uuid.uuid4().hex[:12]}")
        waiting = "Another run of the project begins, or its store is being cleaned; this run waits until that is over."
        with self.held(GATE, waiting, patience=_PATIENCE):
            self.is_running()
            self.sweep()
            lock.acquire()
        try:
            yield
        finally:
            # While it is held: whoever has opened the file to look waits for it, and then sees that it is gone.
            Path(lock.lock_file).unlink(missing_ok=True)
            lock.release()

    def is_running(self) -> bool:
        """Whether a run of the project is under way. Removes the locks of runs that are no more.

        The caller holds the gate, so that no run begins meanwhile.
        """
        living = [path for path in self.root.glob(f"locks/{_RUN}*.lock") if self._lives(path)]
        return bool(living)

    def _lives(self, path: Path) -> bool:
        try:
            with self.lock(path.stem).acquire(timeout=0):
                path.unlink(missing_ok=True)
        except Timeout:
            return True
        return False


def _make(folder: Path) -> None:
    """Make a folder of the store. Raises StoreError where that is not allowed, OSError where the disk does not."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise _not_writable(folder, str(error.strerror)) from error
        raise


def _may_write(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids)


def _not_writable(folder: Path, reason: str) -> StoreError:
    return StoreError(
        f"{folder} cannot be written to ({reason}). Give all who run the project the right to write in the whole store "
        "(a shared group, and umask 002)."
    )
