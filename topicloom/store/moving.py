"""A whole project moved from a folder into an object store, and back: each file by its digest, the source last.

Nothing of the source goes before every file at the target has been read and has the digest that it had at the source.
A move that is cut short goes on where the same command is given again; until it is over, the target is no project.
"""

from __future__ import annotations

import contextlib
import json
import logging
import platform
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

from topicloom.errors import InputError, Problem, StoreError, quoted_list
from topicloom.progress import tell
from topicloom.remote.address import Address, AddressError, address_of, is_address
from topicloom.remote.faults import plain
from topicloom.remote.lease import holders
from topicloom.remote.objects import Found, Objects
from topicloom.store.cleaning import results
from topicloom.store.files import digest_file, remove_tree, sync_tree
from topicloom.store.manifest import MANIFEST, load_manifest
from topicloom.store.record_form import inside_the_folder, run_records
from topicloom.store.shared.inputs import DIGESTS, require_stated, stated_digests
from topicloom.store.shared.project import MARKER, MOVING, RUN, analysis_of, history_files
from topicloom.store.shared.results import OBJECTS, SharedResults
from topicloom.store.shared.trees import Listed, Tree
from topicloom.store.store import GATE, OWN_FOLDERS, Store
from topicloom.store.swap import ANALYSIS_FILES, finish_swap

logger = logging.getLogger(__name__)

_OWN: Final = ".topicloom"
_HISTORY: Final = "history"
_INTO, _OUT = "into this place", "out of this place"


class MoveError(InputError):
    """A project cannot be moved so."""


@dataclass
class Moved:
    """What was moved. files, bytes: how many and how large; left: names that were left behind, with the reason."""

    target: str
    files: int = 0
    bytes: int = 0
    left: list[str] = field(default_factory=list)


def move_project(source: Path | str, target: Path | str, *, keep: bool = False) -> Moved:
    """Move a project, from a folder to an address or from an address to a folder.

    Args:
        source: ROOT/PROJECT, or its address.
        target: The same of where it is to lie. Its last part must be the same: settings state the project's name.
        keep: The source stays.

    Raises:
        MoveError: Both are folders or both are addresses, the names differ, the target is taken, a run is under way,
            or the source has what cannot be moved.
        AddressError: The store cannot be used so.
        StoreError: A file at the target is not as it was at the source. The source is untouched then.
    """
    if is_address(source) == is_address(target):
        what = "addresses" if is_address(source) else "folders"
        raise MoveError(str(target), Problem(f"Both are {what}.", "Give a folder and an address; cp moves the rest."))
    if is_address(target):
        return _to_store(Path(source).expanduser().absolute(), address_of(target), keep=keep)
    return _to_folder(address_of(source), Path(target).expanduser().absolute(), keep=keep)


def _require_one_name(target: str, name: str, other: str) -> None:
    if name != other:
        raise MoveError(
            target,
            Problem(
                f'The project is called "{name}" there, and would be "{other}"; its settings files state the name.',
                f"Let the target end in /{name}.",
            ),
        )


# From a folder into a store.


def _to_store(project: Path, target: Address, *, keep: bool) -> Moved:
    if not project.is_dir():
        raise MoveError(project, Problem("There is no such folder.", "Give the folder of a project, ROOT/PROJECT."))
    _require_one_name(str(target), project.name, target.name)
    _require_no_links(project)
    store = Store(project / _OWN)
    objects = Objects(target)
    own = objects.below(_OWN)
    _begin(objects, own, project)
    moved = Moved(str(target))
    with _nobody_else(store):
        for record in run_records(project):
            finish_swap(record.parent)
        put = {**_put_results(store, own, moved), **_put_trees(project, store, own)}
        put |= _put_inputs(project, objects)
        _verify_objects(objects, put)
        moved.files, moved.bytes = len(put), sum(size for _, size in put.values())
        own.create(MARKER, json.dumps({"form": 1, "conditions": True}).encode())
        own.delete([MOVING])
        if not keep:
            _remove_source(project, moved)
    return moved


def _begin(objects: Objects, own: Objects, project: Path) -> None:
    if _is_begun(own, _INTO, project):
        return
    there, folders = objects.level()
    if there or folders:
        raise MoveError(
            str(objects.address),
            Problem(
                f"Something lies there: {quoted_list([one.name for one in there] + folders)}.",
                "Give a place where nothing lies; nothing was written.",
            ),
        )
    own.require_conditions()
    own.create(MOVING, _sign(_INTO, project))


def _sign(way: str, project: Path) -> bytes:
    """What stands in the store while a move is under way: by it the same command goes on, and no other."""
    return json.dumps({"moving": way, "host": platform.node(), "folder": str(project)}).encode()


def _is_begun(own: Objects, way: str, project: Path) -> bool:
    """Whether this very move was begun, and cut short. Raises MoveError where it is another one."""
    begun = own.get(MOVING)
    if begun is None:
        return False
    if begun.content != _sign(way, project):
        raise MoveError(
            str(own.address),
            Problem(
                f"Another move is under way there, or was cut short: {plain(begun.content.decode(errors='replace'))}.",
                f"Let it come to its end, by the same command on that machine; or, if that cannot be, remove {MOVING}.",
            ),
        )
    return True


def _require_no_links(project: Path) -> None:
    links = [path for path in project.rglob("*") if path.is_symlink()]
    if links:
        raise MoveError(
            project,
            Problem(
                f"It has links, and a store has none: {quoted_list([path.relative_to(project) for path in links])}.",
                "Put what they lead to in their place, or remove them.",
            ),
        )


@contextlib.contextmanager
def _nobody_else(store: Store) -> Iterator[None]:
    with store.held(GATE, "A run of the project is about to begin, or the store is being cleaned; waiting."):
        if store.is_running():
            raise MoveError(store.root.parent, Problem("A run of this project is under way.", "Move when it is over."))
        yield


_Put = dict[str, tuple[str, int]]  # SHA-256 and bytes of what was put, by the object's name


def _put_results(store: Store, own: Objects, moved: Moved) -> _Put:
    """Put every sound result; a damaged one is left behind, since the next run would make it anew anyway."""
    there = SharedResults(own, store.root)
    put: _Put = {}
    folders = list(results(store))
    for done, folder in enumerate(folders, 1):
        manifest, fault = load_manifest(folder)
        outputs = manifest.get("outputs", {})
        fault = fault or next((f"{n} is damaged" for n, o in outputs.items() if not _is_sound(folder / n, o)), "")
        if fault:
            moved.left.append(f"{folder.parent.name}/{folder.name[:12]}: {fault}; the next run makes it anew")
            continue
        there.commit(folder, instead=True)
        (folder / OBJECTS).unlink()
        for name, note in outputs.items():
            key = f"{_OWN}/{folder.parent.name}/{folder.name}/{note['sha256']}/{name}"
            put[key] = (note["sha256"], note["bytes"])
        tell("results moved", done, len(folders))
    return put


def _is_sound(path: Path, note: Mapping[str, Any]) -> bool:
    try:
        return bool(path.stat().st_size == note["bytes"] and digest_file(path) == note["sha256"])
    except OSError:
        return False


def _put_trees(project: Path, store: Store, own: Objects) -> _Put:
    """Put the history, and the outputs of each analysis."""
    trees = {_HISTORY: history_files(store.root / _HISTORY)}
    for record in run_records(project):
        analysis = record.parent.relative_to(project).as_posix().replace("/", "+")
        trees[f"outputs/{analysis}"] = {
            path.relative_to(record.parent).as_posix(): path
            for path in record.parent.rglob("*")
            if path.is_file() and ANALYSIS_FILES.admit(path.relative_to(record.parent).parts[0])
        }
    put: _Put = {}
    for name, paths in trees.items():
        files = {one: (path, digest_file(path)) for one, path in paths.items()}
        if files:
            tree = Tree(own, name, store.root / "never")
            tree.put(files, tree.listed(), {})
        for one, (path, sha256) in files.items():
            put[f"{_OWN}/{name}/files/{sha256}/{PurePosixPath(one).name}"] = (sha256, path.stat().st_size)
    return put


def _put_inputs(project: Path, objects: Objects) -> _Put:
    """Put every other file under its own name."""
    analyses = [record.parent for record in run_records(project)]
    files = {
        path.relative_to(project).as_posix(): path
        for path in sorted(project.rglob("*"))
        if path.is_file() and not _is_made(path, project, analyses)
    }
    digests = {name: digest_file(path) for name, path in files.items()}
    stated: dict[str, dict[str, str]] = {}
    for done, (name, path) in enumerate(files.items(), 1):
        there = objects.head(name)
        same = there is not None and there.size == path.stat().st_size
        stated[name] = {"etag": there.etag if there and same else objects.put(name, path), "sha256": digests[name]}
        tell("files moved", done, len(files))
    objects.put(f"{_OWN}/{DIGESTS}", json.dumps(stated).encode())
    return {name: (digests[name], path.stat().st_size) for name, path in files.items()}


def _is_made(path: Path, project: Path, analyses: list[Path]) -> bool:
    """Whether topicloom makes a file: it is moved in another form, or is of this machine alone."""
    if any(part.startswith(_OWN) for part in path.relative_to(project).parts):
        return True
    folder = next((one for one in analyses if path.is_relative_to(one)), None)
    return folder is not None and ANALYSIS_FILES.admit(path.relative_to(folder).parts[0])


def _verify_objects(objects: Objects, put: _Put) -> None:
    """Read every object back, and compare. Raises StoreError."""
    for done, (name, (sha256, size)) in enumerate(put.items(), 1):
        found = objects.head(name)
        if found is None or found.size != size or _digest_of(objects, name, found) != sha256:
            objects.delete([name])
            raise StoreError(
                f"{objects.address.below(name)}: it came back from the store otherwise than it was put. The folder is "
                "untouched. Give the same command again: what is there already is not put again."
            )
        tell("files verified", done, len(put))


def _digest_of(objects: Objects, name: str, found: Found) -> str:
    with tempfile.TemporaryDirectory() as folder:
        return objects.fetch(name, Path(folder) / "content", found)


def _remove_source(project: Path, moved: Moved) -> None:
    aside = project.with_name(f".{project.name}.{secrets.token_hex(4)}.moved")
    try:
        project.rename(aside)  # at one moment no run finds it any more
    except OSError as error:
        moved.left.append(f"{project}: it cannot be removed ({error.strerror}); remove it by hand")
        return
    remove_tree(aside)


# From a store into a folder.


def _to_folder(source: Address, project: Path, *, keep: bool) -> Moved:
    _require_one_name(str(project), source.name, project.name)
    objects = Objects(source)
    own = objects.below(_OWN)
    moved = Moved(str(project))
    if _is_begun(own, _OUT, project) and project.exists():
        _remove_objects(objects, own)  # the folder was put in place when it was whole
        return moved
    if project.exists():
        raise MoveError(project, Problem("Something lies there.", "Give a folder that is not there yet."))
    if own.head(MARKER) is None:
        problem = Problem(
            "No project of topicloom lies there.", "Give the address of a project, s3://BUCKET/PREFIX/PROJECT."
        )
        raise AddressError(str(source), problem)
    with _no_run_elsewhere(own, project, keep=keep):
        _build(objects, own, project, moved)
    if not keep:
        _remove_objects(objects, own)
    return moved


def _build(objects: Objects, own: Objects, project: Path, moved: Moved) -> None:
    project.parent.mkdir(parents=True, exist_ok=True)
    building = project.with_name(f".{project.name}.{secrets.token_hex(4)}.tmp")
    building.mkdir()
    try:
        _fetch_all(objects, own, building, moved)
        sync_tree(building)
        building.rename(project)
    finally:
        shutil.rmtree(building, ignore_errors=True)


@contextlib.contextmanager
def _no_run_elsewhere(own: Objects, project: Path, *, keep: bool) -> Iterator[None]:
    """See that no machine is at work on the project; unless it stays, none begins from now on, but after an error."""
    if not keep:
        own.create(MOVING, _sign(_OUT, project))
    try:
        hosts = holders(own, RUN)
        if hosts:
            raise MoveError(
                str(own.address),
                Problem(
                    f"A run of this project is under way on {quoted_list(sorted(set(hosts)))}.",
                    "Move when it is over; that of a machine that has died is over in a minute.",
                ),
            )
        yield
    except BaseException:
        if not keep:
            own.delete([MOVING])
        raise


def _remove_objects(objects: Objects, own: Objects) -> None:
    moving = f"{_OWN}/{MOVING}"
    objects.delete([one.name for one in objects.listing() if one.name != moving])
    own.delete([MOVING])  # last: until then nobody begins anything there


def _fetch_all(objects: Objects, own: Objects, building: Path, moved: Moved) -> None:
    stages = [name for name in own.level()[1] if name not in (*OWN_FOLDERS, "outputs", "leases")]
    trees = [_HISTORY, *own.level("outputs")[1]]
    inputs = [one for one in objects.listing() if not one.name.startswith(f"{_OWN}/")]
    stated = stated_digests(objects)
    for done, one in enumerate(inputs, 1):
        path = building / inside_the_folder(one.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        require_stated(objects, one, objects.fetch(one.name, path, one), stated)
        _count(moved, path)
        tell("files moved", done, len(inputs))
    for tree in trees:
        _fetch_tree(own, tree, building, moved)
    there = SharedResults(own, building / _OWN)
    for stage in stages:
        for place in own.level(stage)[1]:
            _fetch_result(there, building / _OWN / inside_the_folder(place), moved)


def _fetch_tree(own: Objects, name: str, building: Path, moved: Moved) -> None:
    note = building / _OWN / "never"
    tree = Tree(own, name, note)
    listed: Listed = tree.listed()
    folder = building / (f"{_OWN}/{_HISTORY}" if name == _HISTORY else analysis_of(name.removeprefix("outputs/")))
    places = {one: folder / one for one in listed.files}
    for path in places.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    sound = tree.fetch(listed, places)
    moved.left += [f"{name}/{one}: it is damaged in the store" for one in listed.files.keys() - sound.files.keys()]
    for one in sound.files:
        _count(moved, places[one])


def _fetch_result(there: SharedResults, folder: Path, moved: Moved) -> None:
    there.bring(folder.parent.name, folder.name)
    if not (folder / MANIFEST).is_file():
        return  # an upload that never came to its end
    try:
        there.fetch(folder)
    except StoreError as error:
        moved.left.append(f"{folder.parent.name}/{folder.name[:12]}: {error}")
        shutil.rmtree(folder, ignore_errors=True)
        return
    (folder / OBJECTS).unlink()
    for path in folder.rglob("*"):
        if path.is_file():
            _count(moved, path)


def _count(moved: Moved, path: Path) -> None:
    moved.files += 1
    moved.bytes += path.stat().st_size
