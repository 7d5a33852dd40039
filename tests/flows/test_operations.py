"""A group's server: dead runs noticed, and the systemd units; what is for containers: tests/ops."""

from __future__ import annotations

import configparser
import os
import signal
import subprocess

import pytest

from flows.configs import REPOSITORY
from flows.server.health import is_healthy
from flows.server.notifications import HEARTBEAT_SECONDS, MISSED_HEARTBEATS
from tests.flows.serving import MAIN, Serving

OPS = REPOSITORY / "ops"


def test_a_run_whose_process_is_killed_is_marked_crashed(serving):
    store = serving.project.path / ".topicloom" / "reduce"
    run = serving.start("topic-model/wos", overrides={"seed": 123})
    serving.wait_until(lambda: list(store.glob(".*.tmp")), 90)
    assert serving.processes_of(run)
    for process in serving.processes_of(run):
        os.kill(process, signal.SIGKILL)
    assert serving.end_of(run, seconds=60) == "CRASHED"
    # The worker clears up by itself, before anybody retries.
    assert serving.wait_until(lambda: not list(store.glob(".*.tmp")), 60)
    done = serving.command("retry", serving.project.analysis)
    assert "is scheduled again" in done.stdout
    assert serving.end_of(run, after=1) == "COMPLETED"
    assert serving.task_states(run)["load-embeddings"] == "Cached"
    tasks = serving.api("/task_runs/filter", {"flow_runs": {"id": {"any_": [run]}}})
    states = sorted(task["state_name"] for task in tasks if task["name"] == "reduce")
    # The killed one does not seem to run for ever; killed at once, the server may never have heard of it.
    assert states in (["Completed", "Crashed"], ["Completed"])
    assert {task["state_type"] for task in tasks} == {
        "COMPLETED",
        *("CRASHED" for state in states if state == "Crashed"),
    }


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_whose_worker_died_with_it_is_noticed_by_its_heartbeat(project, tmp_path):
    serving = Serving(tmp_path / "serving", project)
    try:
        store = project.path / ".topicloom" / "reduce"
        run = serving.start("topic-model/wos")
        serving.wait_until(lambda: list(store.glob(".*.tmp")), 90)
        for process in [*serving.worker(), *serving.processes_of(run)]:
            os.kill(process, signal.SIGKILL)
        serving.process.send_signal(signal.SIGKILL)  # in order it would see to the run itself
        serving.process.wait(timeout=60)
        serving.wait_until(lambda: not serving.processes_of(serving.url), 60, alive=False)
        command = [*MAIN, "server", "--port", str(serving.port)]
        serving.process = subprocess.Popen(command, env=serving.env)
        serving.wait_until(lambda: is_healthy(serving.url), 60)
        assert serving.api(f"/flow_runs/{run}", method="GET")["state_type"] == "RUNNING"
        # Ten heartbeats of 30 seconds each, at the most, from the start of the server; then Prefect's own pace.
        assert serving.end_of(run, seconds=MISSED_HEARTBEATS * HEARTBEAT_SECONDS + 120) == "CRASHED"
        state = serving.api(f"/flow_runs/{run}", method="GET")["state"]
        assert state["message"] == "Its process sends no heartbeat any more."
    finally:
        serving.end()


def test_the_units_start_what_is_there():
    for path in (OPS / "systemd").glob("*.service"):
        unit = configparser.ConfigParser(strict=False, interpolation=None)
        unit.optionxform = str
        unit.read(path)
        service = unit["Service"]
        assert service["EnvironmentFile"] == "/etc/topicloom/env"
        assert service["User"] == "topicloom"
        for line in (service["ExecStart"], service.get("ExecStartPre", "")):
            if line:
                program = line.split()[0].removeprefix("/opt/topicloom/.venv/bin/")
                assert program in ("prefect", "topicloom"), line
    server = (OPS / "systemd" / "topicloom-server.service").read_text()
    assert "--host 127.0.0.1" in server
