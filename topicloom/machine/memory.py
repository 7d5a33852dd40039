"""Peak memory of a stretch of work."""

from __future__ import annotations

import contextlib
import ctypes
import resource
import sys
import threading
from pathlib import Path
from types import TracebackType

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss


class PeakMemory:
    """Measures the largest resident memory of this process within a `with` block.

    peak: bytes. On Linux the kernel's high-water mark is reset at the start; elsewhere, and where that is not
    allowed, it is the largest since the process began.
    of: what `peak` is the memory of, in words: other blocks may be measured in other threads at the same time.
    peak_of_children: bytes of the largest process that this one started and that ended within the block, as far as
    it is larger than all that had ended before; else None.
    """

    peak: int = 0
    of: str = ""
    peak_of_children: int | None = None

    def __enter__(self) -> PeakMemory:
        self._children = _largest_child()
        with _lock:
            self._alone = not _measuring
            _measuring.add(self)
            if self._alone:
                with contextlib.suppress(OSError):
                    _CLEAR.write_text("5")  # 5 resets the high-water mark, see proc(5)
            else:
                # To reset it would take from the others what they have reached.
                for other in _measuring:
                    other._alone = False
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _lock:
            _measuring.discard(self)
            self.peak = _high_water_mark()
        self.of = "this process" if self._alone else "this process, which computed other results at the same time"
        children = _largest_child()
        self.peak_of_children = children if children > self._children else None


_lock = threading.Lock()
_measuring: set[PeakMemory] = set()


def give_back() -> None:
    """Give memory that is free, but kept by the C library for later, back to the system. Does nothing off Linux."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _high_water_mark() -> int:
    with contextlib.suppress(OSError, StopIteration):
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT


def _largest_child() -> int:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _UNIT
