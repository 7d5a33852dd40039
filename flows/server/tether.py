"""A process that ends when the one that started it does, however that one ends: `kill -9` included.

Run as a script: tether.py PARENT MODULE [ARGUMENT ...]. Only the standard library is used, so that it starts at once.
"""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

_LOOK_SECONDS = 0.5
# What the server and the worker have to end in order; then they are killed with all that they have started.
_END_SECONDS = 20.0


def start_tethered(
    module: str, *arguments: str, env: Mapping[str, str], cwd: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start `python -m MODULE ARGUMENTS` tethered to this process.

    It has a session of its own, so that Ctrl-C reaches this process alone, and no terminal to ask questions at.
    """
    here = str(Path(__file__).resolve().parent.parent.parent)  # `flows` is found whatever the folder
    paths = os.pathsep.join(path for path in (env.get("PYTHONPATH", ""), here) if path)
    command = [sys.executable, "-P", __file__, str(os.getpid()), module, *arguments]
    return subprocess.Popen(
        command, cwd=cwd, env={**env, "PYTHONPATH": paths}, stdin=subprocess.DEVNULL, start_new_session=True
    )


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_END_SECONDS)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _main() -> None:
    parent, module, arguments = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
