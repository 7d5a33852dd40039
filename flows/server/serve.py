"""A Prefect server, a work pool, a worker and all deployments on one machine, in one command."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from types import FrameType
from typing import Final

from flows.configs import REPOSITORY, all_configs
from flows.names import POOL
from flows.server.access import (
    CLIENT_LOGIN,
    SERVER_LOGIN,
    Instance,
    forget_instance,
    is_running,
    login,
    only_instance,
    read_instance,
    write_instance,
)
from flows.server.dead_runs import end_dead_runs
from flows.server.deployments import deploy
from flows.server.health import await_server, is_healthy
from flows.server.notifications import HEARTBEAT_SECONDS
from flows.server.processes import exists, run_processes, this_host
from flows.server.tether import start_tethered
from topicloom.errors import TopicloomError
from topicloom.settings.projects import NamedConfig
from topicloom.warmup import is_warm

Say = Callable[[str], None]
_STOP_SECONDS: Final = 60.0
_CHILD_SECONDS: Final = 20.0


class ServeError(TopicloomError):
    """The server or the worker did not come up, or cannot."""


def serve(host: str, port: int, say: Say) -> None:
    """Start everything, and stop it cleanly at Ctrl-C, SIGTERM, or when the terminal is closed.

    host: an address of this machine itself; the server is not for others to reach. say: is told what a person should
    know. Raises ServeError when that is not so, when a serve or another server runs already, when the server does not
    answer in a minute, or when one of the processes ends by itself.
    """
    _require_loopback(host)
    configs = all_configs()
    with only_instance() as free:
        if not free:
            raise ServeError(f"{_described(read_instance())} runs already. `topicloom serve --stop` stops it.")
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        _require_free(url)
        _set_environment(url, port)
        with contextlib.suppress(KeyboardInterrupt), _ending_in_order():
            _run(Instance(os.getpid(), url, datetime.now(UTC).isoformat(timespec="seconds")), configs, _patient(say))
        _patient(say)("Stopped.")


def _run(instance: Instance, configs: list[NamedConfig], say: Say) -> None:
    processes: list[subprocess.Popen[bytes]] = []
    try:
        host, port = instance.url.removeprefix("http://").rsplit(":", 1)
        processes.append(_start("flows.server.app", "--host", host.strip("[]"), "--port", port))
        write_instance(Instance(instance.process, instance.url, instance.started, (processes[0].pid,)))
        if not await_server(instance.api, 60, lambda: processes[0].poll() is None):
            raise ServeError(f"The server at {instance.api} did not come up; what it said stands above.")
        for line in [*end_dead_runs(), *deploy(configs, expect_worker=False)]:
            say(line)
        worker = ("worker", "start", "--pool", POOL, "--type", "process", "--name", this_host())
        processes.append(_start("prefect", *worker))
        children = tuple(process.pid for process in processes)
        write_instance(Instance(instance.process, instance.url, instance.started, children))
        with _warming_up(say):
            say(f"The UI is at {instance.url}; it asks once for the password {login()}")
            say("Ctrl-C stops everything; so does `topicloom serve --stop`.")
            while all(process.poll() is None for process in processes):
                time.sleep(0.5)
        raise ServeError("The server or the worker has ended by itself; what it said stands above.")
    except KeyboardInterrupt:
        say("Stopping.")
        raise
    finally:
        _stop_all(processes, say)
        forget_instance()


def _stop_all(processes: list[subprocess.Popen[bytes]], say: Say) -> None:
    """Stop the worker, then its runs, write down what became of them, and stop the server."""
    for worker in processes[1:]:
        _stop(worker)
        _stop_runs()
        with contextlib.suppress(Exception):  # the next start sees to it
            for line in end_dead_runs():
                say(line)
    for server in processes[:1]:
        _stop(server)


def _stop_runs() -> None:
    """Stop the processes of runs that this user's worker of this server has left: it takes no more notice of them."""
    url = os.environ["PREFECT_API_URL"].encode()
    ours = [process for processes in run_processes(url).values() for process in processes]
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in ours:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, number)
        deadline = time.monotonic() + 10
        while any(map(exists, ours)) and time.monotonic() < deadline:
            time.sleep(0.2)


def stop(say: Say) -> bool:
    """Stop the serve that runs in this Prefect home, whichever terminal it was started in; whether there was one.

    Raises ServeError where it does not end within a minute.
    """
    running = read_instance()
    if not is_running() or running is None:
        return False
    os.kill(running.process, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while is_running():
        if time.monotonic() > deadline:
            raise ServeError(f"{_described(running)} does not end; kill -9 {running.process} ends it and its children.")
        time.sleep(0.2)
    say(f"{_described(running)} has stopped.")
    return True


def describe(say: Say) -> bool:
    """Say whether a serve runs in this Prefect home, where, and how to talk to it; whether one does."""
    running = read_instance()
    if not is_running() or running is None:
        say("No `topicloom serve` runs here.")
        return False
    say(f"{_described(running)} runs since {running.started}.")
    say(f"  The UI is at {running.url}; its password is {login()}")
    say(f"  For other commands: export PREFECT_API_URL={running.api}")
    for run, processes in run_processes(running.api.encode()).items():
        say(f"  run {run} is under way in process {min(processes)}: {running.url}/runs/flow-run/{run}")
    return True


def _described(instance: Instance | None) -> str:
    if instance is None:
        return "`topicloom serve`"
    return f"`topicloom serve` at {instance.url} (process {instance.process})"


def _require_loopback(host: str) -> None:
    with contextlib.suppress(ValueError):
        if host == "localhost" or ip_address(host).is_loopback:
            return
    raise ServeError(
        f"--host {host} is no address of this machine alone, and `topicloom serve` is for one person.\n"
        "  Use 127.0.0.1, and reach it from elsewhere by ssh -L; docs/operations.md shows a group's server."
    )


def _require_free(url: str) -> None:
    left = read_instance()
    if left is not None:  # one that was killed: what it had started ends by itself
        deadline = time.monotonic() + _CHILD_SECONDS + 5
        while any(map(exists, left.children)) and time.monotonic() < deadline:
            time.sleep(0.3)
    if is_healthy(f"{url}/api"):
        raise ServeError(f"Another Prefect server answers at {url}. Stop it, or choose another --port.")


def _set_environment(url: str, port: int) -> None:
    """What the server, the worker, its runs and this process go by; what the user has set stays."""
    own = {f"http://{name}:{port}" for name in ("127.0.0.1", "localhost")} | {url}
    os.environ["PREFECT_API_URL"] = f"{url}/api"
    os.environ[SERVER_LOGIN] = login()
    os.environ[CLIENT_LOGIN] = os.environ[SERVER_LOGIN]
    for name, value in {
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": ",".join(sorted(own)),
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS),
        "PREFECT_CLI_PROMPT": "false",
    }.items():
        os.environ.setdefault(name, value)


@contextlib.contextmanager
def _ending_in_order() -> Iterator[None]:
    """Let SIGTERM and a closed terminal end what runs as Ctrl-C does; nohup is respected."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    yield


def _patient(say: Say) -> Say:
    """Say something even if the terminal is gone."""

    def patient(line: str) -> None:
        with contextlib.suppress(OSError):
            say(line)

    return patient


@contextlib.contextmanager
def _warming_up(say: Say) -> Iterator[None]:
    """Let a process of its own compile what is not compiled yet, at low priority; runs may start meanwhile."""
    if is_warm():
        yield
        return
    say("Compiling in the background, once on this machine; the first runs are slower until it is done.")
    beside = subprocess.Popen(
        [sys.executable, "-c", "import os, topicloom.warmup as w; os.nice(10); w.warm_up()"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        _stop(beside)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _start(*arguments: str) -> subprocess.Popen[bytes]:
    return start_tethered(*arguments, env=os.environ, cwd=REPOSITORY)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=_CHILD_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
