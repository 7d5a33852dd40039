"""Peak memory of a stretch of work."""

from __future__ import annotations

import contextlib
import ctypes
import resource
import sys
from pathlib import Path
from types import TracebackType

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class PeakMemory:
    """Measures the largest resident memory of this process within a `with` block.

    peak: bytes. On Linux the kernel's high-water mark is reset at the start; elsewhere, and where that is not
    allowed, it is the largest since the process began.
    """

    peak: int = 0

    def __enter__(self) -> PeakMemory:
        with contextlib.suppress(OSError):
            _CLEAR.write_text("5")  # 5 resets the high-water mark, see proc(5)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.peak = _high_water_mark()


def give_back() -> None:
    """Give memory that is free, but kept by the C library for later, back to the system. Does nothing off Linux."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _high_water_mark() -> int:
    with contextlib.suppress(OSError, StopIteration):
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
