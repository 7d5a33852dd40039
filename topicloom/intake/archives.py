"""Archives of exports, unpacked within bounds: no path leads out, and no small file becomes a huge one."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from topicloom.intake.file_names import left_by_systems
from topicloom.intake.record import FaultError
from topicloom.phrasing import number_of

MOST_FILES = 10_000
MOST_BYTES = 8 << 30  # of all that an archive holds
_MOST_RATIO = 300  # texts shrink to a tenth, long runs of one letter to a thousandth
_FREE = 64 << 20  # up to which size the ratio is not looked at
_BLOCK = 1 << 20
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


def is_archive(head: bytes) -> bool:
    """Whether a file that begins so is packed."""
    return head.startswith((GZIP, ZIP))


def unpacked(path: Path, called: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """Name and place of each file of an archive, unpacked into a folder under numbers.

    called: the name of the archive, which that of a gzip file goes by.

    Raises FaultError for one that is damaged, locked by a password, or larger than the bounds.
    """
    with path.open("rb") as file:
        head = file.read(4)
    yield from _gzip(path, called, folder) if head.startswith(GZIP) else _zip(path, folder)


def is_workbook(path: Path) -> bool:
    """Whether a file in ZIP form is a spreadsheet, which is read as it is."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "[Content_Types].xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return False


def require_bounded(archive: zipfile.ZipFile) -> None:
    """Raise FaultError where a ZIP file would become too much."""
    entries = archive.infolist()
    size = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > MOST_FILES or size > MOST_BYTES or size > max(_FREE, _MOST_RATIO * packed):
        raise FaultError(
            f"It would unpack to {number_of(len(entries), 'file', form=',')} of {size:,} bytes, which is more "
            "than an export has.",
            "Unpack it yourself, if you trust it, and give the files.",
        )


def _zip(path: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    try:
        with zipfile.ZipFile(path) as archive:
            require_bounded(archive)
            if {"mimetype", "content.xml"} <= set(archive.namelist()):
                raise FaultError("It is an OpenDocument file (.ods, .odt).", "Save it as .xlsx or CSV.")
            for entry in archive.infolist():
                name = _plain_name(entry.filename)
                if entry.is_dir() or not name:
                    continue
                if entry.flag_bits & 1:
                    raise FaultError(
                        f"{entry.filename} in it is locked by a password.", "Unpack it, and give the files."
                    )
                with archive.open(entry) as source:
                    yield name, _copied(source, folder, entry.compress_size)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise FaultError(f"It is no whole ZIP archive: {error}.", "Pack it again, or give the files in it.") from error


def _gzip(path: Path, called: str, folder: Path) -> Iterator[tuple[str, Path]]:
    try:
        with gzip.open(path) as source:
            yield called.rpartition("/")[2].removesuffix(".gz"), _copied(source, folder, path.stat().st_size)
    except (gzip.BadGzipFile, zlib.error, EOFError, OSError) as error:
        raise FaultError(f"It is no whole gzip file: {error}.", "Pack it again, or give the file in it.") from error


def _plain_name(name: str) -> str:
    """The name of an entry as people see it; "" for what systems put beside files."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    hidden = not parts or parts[0] == "__MACOSX" or left_by_systems(parts[-1])
    return "" if hidden else "/".join(parts)


def _copied(source: _Readable, folder: Path, packed: int) -> Path:
    target = folder / f"{sum(1 for _ in folder.iterdir()):06d}"
    bound, size = max(_FREE, _MOST_RATIO * packed), 0
    with target.open("xb") as file:
        while block := source.read(_BLOCK):
            size += len(block)
            if size > min(bound, MOST_BYTES):
                raise FaultError(
                    f"A file in it becomes more than {size - len(block):,} bytes, which no export does.",
                    "Unpack it yourself, if you trust it, and give the file.",
                )
            file.write(block)
    return target
