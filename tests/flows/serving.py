"""`topicloom serve` for tests: a real server, process pool and worker on a free port, and faults on demand."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import yaml

from flows.configs import REPOSITORY
from tests.conftest import Project

T = TypeVar("T")
MAIN = [sys.executable, "-c", "from flows.console.cli import main; main()"]

# Put on the worker's path: makes the stage named in a file fail, in every process that the worker starts.
FAULTS = """
import os, pathlib
def failing(name):
    fault = pathlib.Path(os.environ["TOPICLOOM_TEST_FAULT"])
    if fault.exists() and fault.read_text() == name:
        raise RuntimeError(f"injected into {name}")
if "TOPICLOOM_TEST_FAULT" in os.environ:
    import topicloom.settings.reading, topicloom.store.store, topicloom.store.swap
    obtain, read, swap = topicloom.store.store.Store.obtain, topicloom.settings.reading.read_settings, topicloom.store.swap.swapped_in
    topicloom.store.store.Store.obtain = lambda self, plan, *a, **k: (failing(plan.stage), obtain(self, plan, *a, **k))[1]
    topicloom.settings.reading.read_settings = lambda *a, **k: (failing("load-settings"), read(*a, **k))[1]
    topicloom.store.swap.swapped_in = lambda *a, **k: (failing("export"), swap(*a, **k))[1]
"""


class Serving:
    """`topicloom serve` on a free port, with its own configs."""

    def __init__(self, folder: Path, project: Project, auth: str = "topicloom:of-tests", **environment: str) -> None:
        self.folder, self.project = folder, project
        self.fault = folder / "fault"
        (folder / "path").mkdir(parents=True)
        (folder / "path" / "sitecustomize.py").write_text(FAULTS)
        (folder / "configs").mkdir()
        self.write_config("wos")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/api"
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")} | {
            "TOPICLOOM_CONFIGS": str(folder / "configs"),
            "TOPICLOOM_TEST_FAULT": str(self.fault),
            "PYTHONPATH": os.pathsep.join([str(folder / "path"), str(REPOSITORY)]),  # these files, wherever installed
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "COLUMNS": "200",
            **environment,
        }
        self.env |= {"PREFECT_SERVER_API_AUTH_STRING": auth, "PREFECT_API_AUTH_STRING": auth}
        self.password = base64.b64encode(auth.encode()).decode()  # as the browser keeps it
        self.headers = {"Content-Type": "application/json", "Authorization": f"Basic {self.password}"}
        self.begin()
        self.env["PREFECT_API_URL"] = self.url

    def begin(self) -> None:
        """Start serve, and wait until its worker is there."""
        self.log = (self.folder / "serve.log").open("w")
        command = [*MAIN, "serve", "--port", str(self.port)]
        if (
            signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        ):  # tests in the background of a script: serve would inherit it
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self.process = subprocess.Popen(command, env=self.env, stdout=self.log, stderr=subprocess.STDOUT)
        self.wait_until(lambda: "Ctrl-C stops everything" in self.said(), 300)

    def said(self) -> str:
        """What serve has printed since it began."""
        return (self.folder / "serve.log").read_text()

    def write_config(self, name: str, **more) -> None:
        config = {"root": str(self.project.root), "project": "wos", "analyses": ["a01"], **more}
        (self.folder / "configs" / f"{name}.yaml").write_text(yaml.safe_dump(config))

    def wait_until(self, done, seconds: float, *, alive: bool = True):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = done()
            if found:
                return found
            assert not alive or self.process.poll() is None, (self.folder / "serve.log").read_text()
            time.sleep(0.3)
        raise TimeoutError((self.folder / "serve.log").read_text()[-3000:])

    def settled(self, found: Callable[[], T], expected: T, seconds: float = 120) -> T:
        """What is found once it is as expected; at the end of the time, whatever it then is.

        The server writes tasks down after it has said that their run has ended, minutes later where it is busy.
        """
        end = time.monotonic() + seconds
        while (last := found()) != expected and time.monotonic() < end:
            time.sleep(0.5)
        return last

    def api(self, path: str, body: dict | None = None, method: str = "POST"):
        data = None if method == "GET" else json.dumps(body or {}).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, self.headers, method=method)
        for tries_left in reversed(range(6)):
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return json.loads(answer.read() or "null")
            except urllib.error.HTTPError as error:
                # SQLite was locked for longer than the server waits; Prefect's own client asks again too.
                if error.code != 503 or not tries_left:
                    raise
                time.sleep(1)

    def start(self, deployment: str, **parameters) -> str:
        identity = self.api(f"/deployments/name/{deployment}", method="GET")["id"]
        return self.api(f"/deployments/{identity}/create_flow_run", {"parameters": parameters})["id"]

    def end_of(self, run: str, after: int = 0, seconds: float = 400) -> str:
        """The final state of a run, in its `after`-th attempt or a later one."""

        def ended():
            try:
                found = self.api(f"/flow_runs/{run}", method="GET")
            except urllib.error.URLError:
                return None  # the server is coming up
            final = found["state_type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
            return found["state_type"] if final and found["run_count"] > after else None

        return self.wait_until(ended, seconds)

    def task_states(self, run: str) -> dict[str, str]:
        """State of each task of an ended run, once the server, which writes them down later, has all."""
        query = {"flow_runs": {"id": {"any_": [run]}}, "sort": "EXPECTED_START_TIME_ASC"}
        seen: list[dict[str, str]] = []

        def settled():
            tasks = self.api("/task_runs/filter", query)
            seen.append({task["name"].split()[0]: task["state_name"] for task in tasks})
            time.sleep(0.7)
            running = {"Running", "Pending", "Scheduled", "AwaitingRetry"} & set(seen[-1].values())
            return len(seen) > 2 and seen[-1] == seen[-2] == seen[-3] and not running

        self.wait_until(settled, 120)
        return seen[-1]

    def command(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = [*MAIN, *map(str, arguments)]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, check=False)

    def worker(self) -> list[int]:
        """Process ids of this server's worker."""
        commands = {process: Path(f"/proc/{process}/cmdline").read_bytes() for process in self.processes_of(self.url)}
        return [process for process, command in commands.items() if b"worker\0start" in command]

    @staticmethod
    def processes_of(run: str) -> list[int]:
        """Process ids of a flow run, by the environment that the worker gives it."""
        found = []
        for environ in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if run.encode() in environ.read_bytes():
                    found.append(int(environ.parent.name))
        return found

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=120)
        self.log.close()

    def end(self) -> None:
        """Stop where it has not been stopped."""
        if self.process.poll() is None:
            self.stop()
