"""How many threads this process may use."""

from __future__ import annotations

import os
import re

from topicloom.errors import TopicloomError

_VARIABLE = "TOPICLOOM_THREADS"
_NUMBER = re.compile(r"0{0,9}[1-9][0-9]{0,8}")  # not \d: "²" is a digit to Python, and no number


class ThreadsError(TopicloomError):
    """$TOPICLOOM_THREADS is no number of threads."""


def available_threads() -> int:
    """Cores that this process may use, at least 1.

    Its affinity, the quota of its control group (a container's) and $TOPICLOOM_THREADS are respected. The number never
    decides a result, only how soon it is there. Raises ThreadsError for a variable that is no number.
    """
    import joblib  # late: who only asks for help or for what is kept needs no cores

    wanted = wanted_threads()
    cores = int(joblib.cpu_count())
    return cores if wanted is None else min(cores, wanted)


def takes_several_threads() -> bool:
    """Whether loops that numba runs on every core may be begun by several threads of this process at once.

    Under OpenMP and TBB they may. Under numba's own threads, workqueue, the only ones where neither is installed, the
    process aborts; what cannot be found out counts as no. Imports numba, and starts its threads.

    Source: numba's page on the threading layers.
    """
    import numba

    try:
        numba.get_num_threads()
        return numba.threading_layer() in ("omp", "tbb")  # type: ignore[attr-defined]
    except (AttributeError, ValueError):
        return False


def wanted_threads() -> int | None:
    """What $TOPICLOOM_THREADS says, None where it says nothing. Raises ThreadsError where that is no number."""
    wanted = os.environ.get(_VARIABLE)
    if not wanted:
        return None
    if not _NUMBER.fullmatch(wanted):
        raise ThreadsError(
            f"The environment variable {_VARIABLE} is {wanted[:40]!r}; it must be a whole number of at least 1.\n"
            "  Change it, or unset it to use every core."
        )
    return int(wanted)
