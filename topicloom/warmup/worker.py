"""A process of a warm-up: it reads names of pieces, a line each, compiles them, and answers each with a line.

An empty line says that all went well, another what did not.

python -m topicloom.warmup.worker
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from queue import SimpleQueue

from topicloom.warmup.pieces import PIECES

_GARBAGE = 100_000  # objects; numba makes many, and looking for rings among them so often takes a tenth of the time


def _main() -> None:
    gc.set_threshold(_GARBAGE)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what libraries print is nobody's
    asked: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_read, args=(asked,), daemon=True).start()
    while True:
        answers.write(_compile(asked.get()) + "\n")
        answers.flush()


def _read(asked: SimpleQueue[str]) -> None:
    """Read until standard input is closed: whoever started this process wants no more, or is no more."""
    for line in sys.stdin:
        asked.put(line.strip())
    os._exit(0)


def _compile(name: str) -> str:
    try:
        PIECES[name].compile()
    except Exception as error:  # noqa: BLE001  # whatever it is, the one who asked says it
        return " ".join(f"{type(error).__name__}: {error}".split())
    return ""


if __name__ == "__main__":
    _main()
