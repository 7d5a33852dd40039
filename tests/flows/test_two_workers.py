"""Two workers that share a Prefect server and an object store, and no folder: one is killed, the other goes on."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import yaml

from flows.server.access import CLIENT_LOGIN, SERVER_LOGIN
from flows.server.health import await_server
from tests.conftest import copied
from tests.flows.serving import MAIN
from tests.stores import BUCKET, KEY, SECRET, environment, moto_server
from topicloom.remote.address import address_of
from topicloom.remote.objects import Objects
from topicloom.store.moving import move_project

LOGIN = "topicloom:of-tests"
REPOSITORY = Path(__file__).resolve().parents[2]
# Whoever computes the layout says so, and waits for as long as a file is there.
HOLD = """
import os, pathlib, time
import topicloom.store.store
compute = topicloom.store.store.Store._compute
def held(self, plan, *more):
    folder = pathlib.Path(os.environ["TOPICLOOM_TEST_FOLDER"])
    if plan.stage == "reduce":
        (folder / f"reducing-{os.environ['TOPICLOOM_TEST_NAME']}").touch()
        while (folder / "hold").exists():
            time.sleep(0.1)
    return compute(self, plan, *more)
topicloom.store.store.Store._compute = held
"""


class Group:
    """A server, a store, and machines: each has a host name, a Prefect home and a cache of its own."""

    def __init__(self, folder: Path, s3: str, database: str) -> None:
        self.folder, self.s3 = folder, s3
        (folder / "path").mkdir()
        (folder / "path" / "sitecustomize.py").write_text(HOLD)
        (folder / "configs").mkdir()
        config = {"root": f"s3://{BUCKET}/group", "project": "wos", "analyses": ["a01"], "concurrency": {"limit": 1}}
        (folder / "configs" / "wos.yaml").write_text(yaml.safe_dump(config))
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
        import base64

        password = base64.b64encode(LOGIN.encode()).decode()
        headers = {"Content-Type": "application/json", "Authorization": f"Basic {password}"}
        data = None if method == "GET" else json.dumps(body or {}).encode()
        request = urllib.request.Request(f"{self.api_url}{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")

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

    def reducing(self) -> str:
        return next((path.name.partition("-")[2] for path in self.folder.glob("reducing-*")), "")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_one_worker_dies_in_a_stage_and_the_other_goes_on(wos_project, postgresql, tmp_path, monkeypatch):
    if subprocess.run(["unshare", "--uts", "true"], check=False, capture_output=True).returncode:
        pytest.skip("machines of another name need the right to unshare --uts")
    with moto_server() as s3:
        for name, value in environment(s3, tmp_path / "own").items():
            monkeypatch.setenv(name, value)
        address = f"s3://{BUCKET}/group/wos"
        move_project(copied(wos_project, tmp_path / "source").path, address)
        group = Group(tmp_path, s3, postgresql[0])
        try:
            go_through(group, Objects(address_of(address)), address)
        finally:
            group.end()


def go_through(group: Group, objects: Objects, address: str) -> None:
    group.command("one", "deploy", "--wait", "60")
    group.worker("one")
    group.worker("two")
    (group.folder / "hold").touch()
    first = group.begin(overrides={"seed": 123})
    dead = group.wait_until(group.reducing, 180)
    other = {"one": "two", "two": "one"}[dead]

    # The project's concurrency holds over both machines.
    second = group.begin(overrides={"seed": 123, "min_topic_size": 8})
    time.sleep(5)  # the idle worker asks each second
    assert (group.state(first), group.state(second)) == ("RUNNING", "SCHEDULED")

    group.kill(dead)
    (group.folder / "hold").unlink()
    left = [one.name for one in objects.listing(".topicloom/reduce")]
    assert left == []
    # The machine is on again, and says that its run is no more; no worker of its own is started.
    assert "had no process any more: Crashed" in group.command(dead, "deploy", "--wait", "60")
    assert group.wait_until(lambda: group.state(second) in ("COMPLETED", "FAILED", "CRASHED"), 240)
    assert group.state(second) == "COMPLETED", group.said(other)
    retry = {"state": {"type": "SCHEDULED", "name": "AwaitingRetry"}, "force": True}  # as the UI's menu does
    group.api(f"/flow_runs/{first}/set_state", retry)
    group.wait_until(lambda: group.state(first) in ("COMPLETED", "FAILED"), 240)
    assert group.state(first) == "COMPLETED", group.said(other)

    # What the dead one had computed was used, and what it had begun was computed by the other.
    hosts = {}
    for one in objects.listing(".topicloom"):
        if one.name.endswith("/manifest.json"):
            manifest = json.loads(objects.get(one.name).content)["manifest"]
            hosts.setdefault(manifest["stage"], set()).add(manifest["host"])
    assert hosts["load-embeddings"] == {dead}
    assert hosts["reduce"] == hosts["cluster"] == {other}
    status = group.command(other, "status", f"{address}/a01")
    assert dead in status
    assert other in status
    said = group.command(dead, "run", f"{address}/a01")  # on the server, from the command line
    assert "files" in said
    assert f"{address}/a01" in said
    assert "none: nothing has changed since the last run" not in said  # the settings file's own seed

    # No key is anywhere in the server.
    texts = [group.api("/flow_runs/filter"), group.api("/task_runs/filter"), group.api("/artifacts/filter")]
    texts += [group.api("/logs/filter", {"limit": 200, "offset": offset}) for offset in (0, 200, 400)]
    texts += [group.said(name) for name in ("server", "one", "two")]
    for key in (KEY, SECRET):
        assert key not in json.dumps(texts)
