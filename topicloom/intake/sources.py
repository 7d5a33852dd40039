"""The files that a person gives: paths, folders, patterns and archives, as a list of exports."""

from __future__ import annotations

import glob
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from topicloom.errors import InputError, Problem
from topicloom.intake.archives import is_archive, is_workbook, unpacked
from topicloom.intake.file_names import left_by_systems
from topicloom.intake.record import Export, FaultError, IntakeError
from topicloom.machine.regular_files import file_is_there, unreadable
from topicloom.phrasing import number_of

_MOST_FILES = 20_000
_DEEPEST = 3  # archives within archives


@dataclass(frozen=True)
class Given:
    """What a person gave. files: as they lie there. names: what each is kept as. exports: in them. faults: by name."""

    files: list[Path] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    exports: list[Export] = field(default_factory=list)
    faults: list[tuple[str, Problem]] = field(default_factory=list)


def given_files(
    paths: Sequence[str | Path],
    folder: Path,
    columns: dict[str, str],
    taken: Collection[str] = (),
    within: Sequence[Path] = (),
) -> Given:
    """The exports behind what a person gave.

    paths: files, folders (with all that lies below, hidden files left out) and patterns such as data/*.txt.
    folder: an empty one for what is unpacked. columns: as `Export` has them.
    taken: names that other files have already.
    within: folders that every file must lie in, links followed; anywhere where there are none.
    """
    given = Given()
    for path in paths:
        try:
            files = sorted(_files(Path(path)))
            _require_within(files, within)
        except FaultError as fault:
            given.faults.append((str(path), fault.problem))
            continue
        given.files.extend(file for file in files if file not in given.files)
    given.names.extend(distinct_names(given.files, taken))
    for file, name in zip(given.files, given.names, strict=True):
        _add(given, file, name, folder, columns, 0)
    return given


def _require_within(files: Sequence[Path], folders: Sequence[Path]) -> None:
    allowed = [folder.resolve() for folder in folders]
    for file in files:
        if folders and not any(file.resolve().is_relative_to(folder) for folder in allowed):
            raise FaultError(
                f"{file.name} in it leads out of the folders that may be read: {', '.join(map(str, folders))}.",
                "Copy the exports into one of them.",
            )


def distinct_names(files: Sequence[Path], taken: Collection[str] = ()) -> list[str]:
    """The names of files, with a number before the ending where several, or those taken, have one name."""
    used = {name.lower() for name in taken}
    names = []
    for file in files:
        name, count = file.name, 1
        while name.lower() in used:
            count += 1
            name = f"{file.stem}_{count}{file.suffix}"
        used.add(name.lower())
        names.append(name)
    return names


def _files(path: Path) -> Iterator[Path]:
    path = path.expanduser()
    try:
        if path.is_dir():
            yield from _below(path)
            return
        if file_is_there(path, IntakeError):
            yield path
            return
    except InputError as error:
        raise FaultError(error.problems[0].finding, error.problems[0].mend) from error
    pattern = str(path)
    found = [Path(name) for name in glob.glob(pattern, recursive=True)]  # noqa: PTH207  # absolute ones too
    if not found:
        raise FaultError("There is no such file or folder.", "Correct the path.")
    for one in found:
        yield from _below(one) if one.is_dir() else [one]


def _below(folder: Path) -> Iterator[Path]:
    files = [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not left_by_systems(path.name)
        and not any(part.startswith(".") or part == "__MACOSX" for part in path.relative_to(folder).parts)
    ]
    if not files or len(files) > _MOST_FILES:
        raise FaultError(
            f"The folder holds {number_of(len(files), 'file', form=',')}.",
            "Give the folder that holds the exports, or files.",
        )
    yield from files


def _add(given: Given, path: Path, name: str, folder: Path, columns: dict[str, str], depth: int) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(4)
        if not is_archive(head) or is_workbook(path):
            given.exports.append(Export(path, name, dict(columns)))
            return
        if depth >= _DEEPEST:
            raise FaultError("Archives lie in archives in it, too deep.", "Unpack it, and give the files.")
        inside = list(unpacked(path, name, folder))
        if not inside:
            raise FaultError("The archive is empty.", "Pack it again, or give the files.")
    except FaultError as fault:
        given.faults.append((name, fault.problem))
        return
    except OSError as error:
        given.faults.append((name, unreadable(error)))
        return
    for inner, place in inside:
        _add(given, place, f"{name}/{inner}", folder, columns, depth + 1)
