"""A Prefect server for one sweep from the command line, where none is configured. It ends with the sweep, always."""

from __future__ import annotations

import atexit
import os
import secrets
import socket
import subprocess
from collections.abc import Callable
from typing import Final

from flows.console.environment import configured_server
from flows.server.access import CLIENT_LOGIN, SERVER_LOGIN
from flows.server.health import await_server
from flows.server.tether import start_tethered
from topicloom.errors import TopicloomError

_SECONDS: Final = 120.0
_END_SECONDS: Final = 5.0


class TemporaryServerError(TopicloomError):
    """The temporary Prefect server of a sweep did not come up."""


def server_for_a_sweep() -> Callable[[], None]:
    """Have a server for a sweep, whose tasks Prefect spreads over threads, processes or a cluster.

    It is the configured one; where none is, a temporary one is started. Call before prefect is imported.

    Returns what waits until it answers, so that imports go on meanwhile; that raises TemporaryServerError.
    """
    if configured_server() is not None:
        return lambda: None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    # Only this process may talk to it: no web page can, and nobody else on this machine.
    os.environ[SERVER_LOGIN] = os.environ[CLIENT_LOGIN] = f"run:{secrets.token_urlsafe(12)}"
    server = _start(url)
    atexit.register(_stop, server)  # before Prefect's own: what those still tell the server arrives
    os.environ["PREFECT_API_URL"] = f"{url}/api"

    def wait() -> None:
        if not await_server(f"{url}/api", _SECONDS, lambda: server.poll() is None):
            raise TemporaryServerError(
                "The temporary Prefect server did not come up; what it said stands above.\n"
                "  Try again, or start one with `topicloom serve` and set PREFECT_API_URL to it."
            )

    return wait


def _start(url: str) -> subprocess.Popen[bytes]:
    # As Prefect starts its own temporary server, which outlives a run that is killed.
    more = {
        "PREFECT_SERVER_UI_ENABLED": "0",
        "PREFECT__SERVER_EPHEMERAL": "1",
        "PREFECT__SERVER_FINAL": "1",
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": url,
    }
    port = url.rpartition(":")[2]
    options = ("--host", "127.0.0.1", "--port", port, "--log-level", "error", "--lifespan", "on")
    return start_tethered(
        "uvicorn", "--factory", "prefect.server.api.server:create_app", *options, env={**os.environ, **more}
    )


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(timeout=_END_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
