"""The processes of flow runs on this machine. A worker puts the id of the run into the environment of its process."""

from __future__ import annotations

import contextlib
import os
import socket
from collections import defaultdict
from pathlib import Path
from typing import Final

# What a run is labelled with while it runs, so that its machine can tell later whether it has died.
HOST_LABEL: Final = "topicloom.host"
PROCESS_LABEL: Final = "topicloom.process"
_RUN_ID: Final = b"PREFECT__FLOW_RUN_ID="
_PROC: Final = Path("/proc")


def this_host() -> str:
    """The name of this machine, as a worker started here is named too."""
    return socket.gethostname()


def run_processes(of: bytes = b"") -> dict[str, list[int]]:
    """Process ids by the id of their flow run, as far as this user may see them. Empty where there is no /proc.

    of: only those whose environment holds this too, such as the URL of a server.
    """
    found: dict[str, list[int]] = defaultdict(list)
    for environ in _PROC.glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            entries = environ.read_bytes()
            for entry in entries.split(b"\0") if of in entries else ():
                if entry.startswith(_RUN_ID):
                    found[entry.removeprefix(_RUN_ID).decode()].append(int(environ.parent.name))
    return dict(found)


def may_be_running(process: int) -> bool:
    """Whether a process could be that of a run: it exists, and its environment is hidden from this user."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    # What can be read belongs to another run or to none: numbers of processes are given again.
    return not os.access(_PROC / str(process) / "environ", os.R_OK)


def exists(process: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
