"""A server with PostgreSQL, an object store, and machines that share no folder, for tests of several workers."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import yaml

from flows.server.access import CLIENT_LOGIN, SERVER_LOGIN
from flows.server.health import await_server
from tests.flows.serving import MAIN
from tests.prefect_api import asked
from tests.stores import BUCKET, environment

LOGIN = "topicloom:of-tests"
REPOSITORY = Path(__file__).resolve().parents[2]
# Whoever computes the stage that the file `hold` names says so, and waits for as long as the file says that.
HOLD = """
import os, pathlib, time
import topicloom.store.store
compute = topicloom.store.store.Store._compute
def held(self, plan, *more):
    folder = pathlib.Path(os.environ["TOPICLOOM_TEST_FOLDER"])
    hold = folder / "hold"
    if hold.exists() and hold.read_text() == plan.stage:
        (folder / f"{plan.stage}-on-{os.environ['TOPICLOOM_TEST_NAME']}").touch()
        while hold.exists() and hold.read_text() == plan.stage:
            time.sleep(0.1)
    return compute(self, plan, *more)
topicloom.store.store.Store._compute = held
"""


class Group:
    """A server, a store, and machines: each has a host name, a Prefect home and a cache of its own."""

    def __init__(self, folder: Path, s3: str, database: str, **config: object) -> None:
        self.folder, self.s3 = folder, s3
        (folder / "path").mkdir()
        (folder / "path" / "sitecustomize.py").write_text(HOLD)
        (folder / "configs").mkdir()
        own = {"root": f"s3://{BUCKET}/group", "project": "wos", "analyses": ["a01"], "concurrency": {"limit": 1}}
        (folder / "configs" / "wos.yaml").write_text(yaml.safe_dump({**own, **config}))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.api_url = f"http://127.0.0.1:{self.port}/api"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.start("server", *MAIN, "server", "--port", str(self.port), PREFECT_SERVER_DATABASE_CONNECTION_URL=database)
        os.environ[CLIENT_LOGIN] = LOGIN
        assert await_server(self.api_url, 180, lambda: self.processes["server"].poll() is None), self.said("server")

    def machine(self, name: str) -> dict[str, str]:
        own = {
            variable: value for variable, value in os.environ.items() if not variable.startswith(("PREFECT_", "AWS_"))
        }
        return {
            **own,
            **environment(self.s3, self.folder / name / "cache"),
            CLIENT_LOGIN: LOGIN,
            SERVER_LOGIN: LOGIN,
            "PREFECT_API_URL": self.api_url,
            "PREFECT_HOME": str(self.folder / name / "prefect"),
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PYTHONPATH": os.pathsep.join([str(self.folder / "path"), str(REPOSITORY)]),
            "TOPICLOOM_CONFIGS": str(self.folder / "configs"),
            "TOPICLOOM_LEASE_SECONDS": "10",
            "TOPICLOOM_TEST_FOLDER": str(self.folder),
            "TOPICLOOM_TEST_NAME": name,
            "COLUMNS": "200",
        }

    def on(self, name: str, *command: str) -> list[str]:
        """A command as a machine of that name runs it."""
        return ["unshare", "--uts", "sh", "-c", f"hostname {name}; exec {shlex.join(command)}"]

    def start(self, name: str, *command: str, **more: str) -> None:
        (self.folder / name).mkdir(exist_ok=True)
        with (self.folder / name / "log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                self.on(name, *command), env={**self.machine(name), **more}, stdout=log, stderr=log, cwd=REPOSITORY
            )

    def worker(self, name: str) -> None:
        options = ("--pool", "topicloom", "--type", "process", "--name", name)
        self.start(name, sys.executable, "-m", "prefect", "worker", "start", *options)

    def command(self, name: str, *arguments: str) -> str:
        done = subprocess.run(
            self.on(name, *MAIN, *arguments), env=self.machine(name), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def kill(self, name: str) -> None:
        """As if the machine had lost its power: everything that runs there ends at once."""
        mark = f"TOPICLOOM_TEST_NAME={name}\0".encode()
        for environ in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError, ProcessLookupError):
                if mark in environ.read_bytes() + b"\0":
                    os.kill(int(environ.parent.name), signal.SIGKILL)
        self.processes.pop(name).wait(timeout=60)

    def end(self) -> None:
        for name in list(self.processes):
            self.kill(name)

    def said(self, name: str) -> str:
        return (self.folder / name / "log").read_text()

    def api(self, path: str, body: dict | None = None, method: str = "POST"):
        return asked(f"{self.api_url}{path}", LOGIN, body, method)

    def begin(self, **parameters) -> str:
        identity = self.api("/deployments/name/topic-model/wos", method="GET")["id"]
        return self.api(f"/deployments/{identity}/create_flow_run", {"parameters": parameters})["id"]

    def state(self, run: str) -> str:
        return self.api(f"/flow_runs/{run}", method="GET")["state_type"]

    def wait_until(self, done, seconds: float):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := done():
                return found
            time.sleep(0.3)
        raise TimeoutError({name: self.said(name)[-3000:] for name in self.processes})

    def hold(self, stage: str) -> None:
        (self.folder / "hold.new").write_text(stage)
        (self.folder / "hold.new").rename(self.folder / "hold")

    def holding(self, stage: str) -> str:
        """The machine that is at a stage that is held; empty where none is yet."""
        return next((path.name.removeprefix(f"{stage}-on-") for path in self.folder.glob(f"{stage}-on-*")), "")

    def let_go(self) -> None:
        (self.folder / "hold").unlink()
