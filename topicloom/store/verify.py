"""Every digest of a project looked at anew: what a disk or another hand has changed without a trace."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from topicloom.errors import StoreError
from topicloom.machine.threads import available_threads
from topicloom.progress import tell
from topicloom.store.cleaning import results
from topicloom.store.files import digest_file
from topicloom.store.manifest import load_manifest
from topicloom.store.record_form import load_record, run_records
from topicloom.store.store import Store


@dataclass(frozen=True)
class Damage:
    """A file that is not as it was written, and in what way."""

    path: Path
    fault: str


@dataclass(frozen=True)
class Verified:
    """What was found. files: how many were read, bytes: how much."""

    files: int
    bytes: int
    damaged: list[Damage]


def verify_project(store: Store) -> Verified:
    """Read every file that a digest is known of, and compare.

    These are the artifacts of all results in the store, the exported files and pictures of all analyses, and the inputs
    as they were last read. Of what lies in an object store alone, size and etag are compared. Digests that no longer
    hold are forgotten, so that the next run sees what has changed, and computes it again. Progress is told in files.
    """
    with _kept_meanwhile(store):
        stated, damaged = _stated(store)
        remembered = store.digests.remembered()
        files = sorted({*stated, *remembered})
        with ThreadPoolExecutor(available_threads()) as threads:
            found: dict[Path, str] = {}
            for done, (path, digest) in enumerate(zip(files, threads.map(_digest, files), strict=True), 1):
                found[path] = digest
                tell("files verified", done, len(files))
        damaged += [Damage(path, fault) for path in files if (fault := _fault(path, found[path], stated, remembered))]
        store.digests.forget(one.path for one in damaged)
    sizes = [path.stat().st_size for path in files if path.is_file()]
    return Verified(len(sizes), sum(sizes), sorted(damaged, key=lambda one: one.path))


def _stated(store: Store) -> tuple[dict[Path, str], list[Damage]]:
    """The digest of each file that a manifest or a run.json states, and those of them that cannot be believed."""
    stated: dict[Path, str] = {}
    damaged = []
    for folder in results(store):
        manifest, fault = load_manifest(folder)
        if fault:
            damaged.append(Damage(folder, fault))
        outputs = manifest.get("outputs", {})
        elsewhere = [name for name in outputs if _is_elsewhere(store, folder, name)]
        if store.shared is not None and elsewhere and (fault := store.shared.results.fault(folder, elsewhere)):
            damaged.append(Damage(folder, fault))
        stated |= {folder / name: note["sha256"] for name, note in outputs.items() if name not in elsewhere}
    for path in run_records(store.root.parent):
        record, fault = load_record(path)
        if fault:
            damaged.append(Damage(path, fault))
        exported = (record.get("export") or {}).get("files", {})
        stated |= {path.parent / name: note["sha256"] for name, note in exported.items()}
        pictures = (record.get("pictures") or {}).get("files", {})
        stated |= {path.parent / name: sha256 for name, sha256 in pictures.items()}
    return stated, damaged


def _is_elsewhere(store: Store, folder: Path, name: str) -> bool:
    """Whether an artifact is in the object store alone, since nobody has asked for it here."""
    return store.shared is not None and not (folder / name).exists() and store.shared.results.knows(folder, name)


def _digest(path: Path) -> str:
    """SHA-256 of a file, or why there is none, in words with a space."""
    try:
        return digest_file(path) if path.is_file() else "it is missing"
    except OSError as error:
        return f"it cannot be read ({error.strerror})"


def _fault(path: Path, found: str, stated: Mapping[Path, str], remembered: Mapping[Path, str]) -> str:
    if " " in found:
        return found if path in stated else ""
    if found != stated.get(path, found):
        return "it is not as it was written"
    if found != remembered.get(path, found):
        return "it has changed, though its size and times have not"
    return ""


@contextlib.contextmanager
def _kept_meanwhile(store: Store) -> Iterator[None]:
    """Keep results from being cleaned away while they are read; where nothing may be written, nobody else cleans."""
    with contextlib.ExitStack() as stack:
        if store.root.is_dir():
            with contextlib.suppress(OSError, StoreError):
                stack.enter_context(store.run())
        yield
