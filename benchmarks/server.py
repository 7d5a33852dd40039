"""A Prefect server for runs that are measured with one."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from flows.server.health import await_server

_PATIENCE = 120.0  # seconds for a server to answer


@contextlib.contextmanager
def running_server(scratch: Path) -> Iterator[dict[str, str]]:
    """A Prefect server with a home of its own; the environment in which a run finds it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = {"PREFECT_HOME": str(scratch / "prefect"), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    command = [Path(sys.executable).with_name("prefect"), "server", "start", "--host", "127.0.0.1", "--port", port]
    url = f"http://127.0.0.1:{port}/api"
    with subprocess.Popen(
        [str(part) for part in command],
        env={**os.environ, **home},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as server:
        try:
            if not await_server(url, _PATIENCE):
                raise RuntimeError(f"no Prefect server answers at {url}")
            yield {**home, "PREFECT_API_URL": url}
        finally:
            os.killpg(server.pid, signal.SIGTERM)
