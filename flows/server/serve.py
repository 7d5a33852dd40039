"""A Prefect server, a work pool, a worker and all deployments on one machine, in one command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from types import FrameType

from flows.configs import REPOSITORY, all_configs
from flows.server.deployments import POOL, deploy
from flows.server.notifications import HEARTBEAT_SECONDS
from topicloom.errors import TopicloomError
from topicloom.warmup import is_warm

_PREFECT = [sys.executable, "-m", "prefect"]
_SERVER = [sys.executable, "-m", "flows.server.app"]


class ServeError(TopicloomError):
    """The server or the worker did not come up."""


def serve(host: str, port: int, say: Callable[[str], None]) -> None:
    """Start everything, and stop it cleanly at Ctrl-C or SIGTERM.

    say: is told what a person should know. Raises ServeError when the server does not answer in a minute, or one
    of the processes ends by itself.
    """
    configs = all_configs()
    url = f"http://{host}:{port}/api"
    if _healthy(url):
        raise ServeError(f"A server answers at {url} already. Stop it, or choose another --port.")
    os.environ["PREFECT_API_URL"] = url
    if "PREFECT_SERVER_API_AUTH_STRING" in os.environ:
        os.environ.setdefault("PREFECT_API_AUTH_STRING", os.environ["PREFECT_SERVER_API_AUTH_STRING"])
    os.environ.setdefault("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", str(HEARTBEAT_SECONDS))
    processes: list[subprocess.Popen[bytes]] = []
    beside: subprocess.Popen[bytes] | None = None
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        processes.append(_start(*_SERVER, "--host", host, "--port", str(port)))
        if not await_server(url, 60, lambda: processes[0].poll() is None):
            raise ServeError(f"The server at {url} did not come up; what it said stands above.")
        for line in deploy(configs, expect_worker=False):
            say(line)
        beside = _warm_up_beside(say)
        processes.append(_start(*_PREFECT, "worker", "start", "--pool", POOL, "--type", "process", "--name", "laptop"))
        say(f"The UI is at http://{host}:{port}. Ctrl-C stops everything.")
        while all(process.poll() is None for process in processes):
            time.sleep(0.5)
        raise ServeError("The server or the worker has ended by itself; what it said stands above.")
    except KeyboardInterrupt:
        say("Stopping.")
    finally:
        if beside is not None:
            _stop(beside)
        for process in reversed(processes):
            _stop(process)


def _warm_up_beside(say: Callable[[str], None]) -> subprocess.Popen[bytes] | None:
    """Let a process of its own compile what is not compiled yet, at low priority; runs may start meanwhile."""
    if is_warm():
        return None
    say("Compiling in the background, once on this machine; the first runs are slower until it is done.")
    return subprocess.Popen(
        [sys.executable, "-c", "import os, topicloom.warmup as w; os.nice(10); w.warm_up()"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _start(*arguments: str) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches this process alone, which then stops the others in order.
    return subprocess.Popen(arguments, cwd=REPOSITORY, start_new_session=True)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def await_server(url: str, seconds: float, hopeful: Callable[[], bool] = lambda: True) -> bool:
    """Wait until a server answers at an API's URL, as long as `hopeful` says so; whether it does."""
    deadline = time.monotonic() + seconds
    while not _healthy(url):
        if not hopeful() or time.monotonic() > deadline:
            return False
        time.sleep(0.3)
    return True


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=2) as answer:  # noqa: S310  # our own http URL
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
