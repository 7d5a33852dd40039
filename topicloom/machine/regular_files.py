"""Files that are read whole: no folder, pipe or device, which has no end, is taken for one."""

from __future__ import annotations

import stat
from pathlib import Path

from topicloom.errors import InputError, Problem

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def file_is_there(path: Path, error: type[InputError]) -> bool:
    """Whether a regular file, or a link to one, lies at `path`; False where nothing lies there.

    Raises `error` for what has the name and is no such file: a folder, a pipe, a device, a link to nothing. Opening
    a pipe would wait for ever, and a device such as /dev/zero has no end.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        if path.is_symlink():
            raise error(
                path, Problem("It is a link to a file that is not there.", "Correct the link, or remove it.")
            ) from None
        return False
    except (OSError, ValueError) as found:
        raise error(path, unreadable(found)) from found
    if stat.S_ISREG(mode):
        return True
    kind = _KINDS.get(stat.S_IFMT(mode), "something else")
    raise error(path, Problem(f"It is {kind}; it must be a file.", "Put a file in its place, or remove it."))


def read_whole(path: Path, most: int, error: type[InputError]) -> bytes:
    """The bytes of a regular file of at most `most` bytes.

    Raises `error` where it is none, longer, or unreadable.
    """
    if not file_is_there(path, error):
        raise error(path, Problem("There is no such file.", "Correct the path."))
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as found:
        raise error(path, unreadable(found)) from found
    if len(content) > most:
        raise error(
            path,
            Problem(f"It is longer than {most:,} bytes, so it is not what it should be.", "Check what wrote it."),
        )
    return content


def unreadable(found: Exception) -> Problem:
    """What to say of a file that the system does not let be read."""
    reason = getattr(found, "strerror", None) or str(found)
    return Problem(f"It cannot be read: {reason}.", "Give yourself the right to read it, or correct its path.")
