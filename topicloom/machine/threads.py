"""How many threads this process may use."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

from topicloom.errors import TopicloomError

_VARIABLE = "TOPICLOOM_THREADS"
_NUMBER = re.compile(r"0{0,9}[1-9][0-9]{0,8}")  # not \d: "²" is a digit to Python, and no number
_QUOTAS = (Path("/sys/fs/cgroup/cpu.max"), Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"))


class ThreadsError(TopicloomError):
    """$TOPICLOOM_THREADS is no number of threads."""


def available_threads() -> int:
    """Cores that this process may use: its affinity, a container's quota and $TOPICLOOM_THREADS respected; at least 1.

    The number never decides a result, only how soon it is there. Raises ThreadsError for a variable that is no number.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(min(cap for cap in (cores, _quota(), _wanted()) if cap), 1)


def _wanted() -> int | None:
    wanted = os.environ.get(_VARIABLE)
    if not wanted:
        return None
    if not _NUMBER.fullmatch(wanted):
        raise ThreadsError(
            f"The environment variable {_VARIABLE} is {wanted[:40]!r}; it must be a whole number of at least 1.\n"
            "  Change it, or unset it to use every core."
        )
    return int(wanted)


def _quota() -> int | None:
    """Whole cores of the control group's quota, rounded up, or None where there is none."""
    newer, older = _QUOTAS
    try:
        quota, _, period = newer.read_text().partition(" ")
    except OSError:
        try:
            quota, period = older.read_text(), older.with_name("cpu.cfs_period_us").read_text()
        except OSError:
            return None
    if not quota.strip().isdigit():  # "max", or -1 in the older form
        return None
    return math.ceil(int(quota) / int(period))
