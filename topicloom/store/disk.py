"""What libraries say of a full or failing disk, as the OSError that Python itself would raise."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import sqlite3
from collections.abc import Iterator
from typing import Final

# Libraries in Rust, such as safetensors, raise a class of their own and put the number at the end of the message.
_NUMBER: Final = re.compile(r"\(os error (\d+)\)")
# Faults that may be gone at the next try: somebody makes room, the network drive answers again.
_PASSING: Final = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.ETIMEDOUT, errno.ESTALE),
    *(errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENOMEM),
}


@contextlib.contextmanager
def disk_errors() -> Iterator[None]:
    """Let the block raise OSError for every fault of the disk, whatever class a library has for it.

    Raises:
        OSError: A library has said so in a class of its own.
    """
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        found = as_os_error(error)
        if found is None:
            raise
        raise found from error


def as_os_error(error: Exception) -> OSError | None:
    """The fault of the disk that an error tells of, if it does."""
    if isinstance(error, OSError):
        return error
    if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    number = _NUMBER.search(str(error))
    if number is None:
        return None
    return OSError(int(number[1]), os.strerror(int(number[1])))


def may_pass(error: BaseException | None) -> bool:
    """Whether an error is a fault of the disk that may be gone at the next try; a missing right is not."""
    return isinstance(error, OSError) and error.errno in _PASSING
