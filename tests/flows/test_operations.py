"""A group's server: PostgreSQL on loopback, a password, dead runs noticed, and the files in ops/."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import signal
import subprocess
import sys

import pytest
import yaml

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
    assert {task["state_type"] for task in tasks} == {"COMPLETED", "CRASHED"}


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


def test_compose_binds_to_loopback_and_demands_a_password():
    content = (OPS / "compose.yaml").read_text()
    services = yaml.safe_load(content)["services"]
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published == ["127.0.0.1:4200:4200"]
    for service in ("server", "worker"):
        assert services[service]["environment"]["PREFECT_SERVER_API_AUTH_STRING"].startswith(
            "${PREFECT_SERVER_API_AUTH_STRING:?"
        )
    server = services["server"]
    # Another user than root cannot unpack the pages into the installed packages, and a browser does not know `server`.
    assert server["environment"]["PREFECT_SERVER_UI_STATIC_DIRECTORY"].startswith("/home/topicloom/")
    assert server["environment"]["PREFECT_SERVER_UI_API_URL"] == "/api"
    assert all(volume.endswith(":ro") for volume in server["volumes"])
    wanted = set(re.findall(r"\$\{(\w+)", content))
    given = {
        line.split("=")[0] for line in (OPS / "env.example").read_text().splitlines() if "=" in line and line[0] != "#"
    }
    assert wanted <= given


def test_the_image_gets_what_it_runs_and_no_secret(tmp_path):
    """.dockerignore, as Docker reads it, over a checkout with all that may lie in one."""
    from docker.utils.build import exclude_paths

    needed = [
        *("flows/server/app.py", "tasks/cluster.py", "topicloom/report/assets/main.js", "configs/demo.yaml"),
        *("configs/schema.json", "pyproject.toml", "requirements.lock", "README.md", "LICENSE", ".git/HEAD"),
        *(".git/objects/ab/cd", ".git/refs/heads/main", ".git/packed-refs"),
    ]
    secret = [
        *(
            ".venv/bin/python",
            "ops/.env",
            ".env",
            "configs/group.yaml",
            ".git/config",
            "demo/p/dataset.csv",
            "serve.log",
        ),
        *("flows/__pycache__/a.pyc", "Q338/.topicloom/reduce/x.npy", "prefect.db", "profiles.toml", "id_rsa"),
    ]
    for name in (*needed, *secret):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    lines = (REPOSITORY / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    found = {name for name in exclude_paths(str(tmp_path), patterns) if (tmp_path / name).is_file()}
    assert found == set(needed)
    copies = [line.split()[1] for line in (OPS / "Dockerfile").read_text().splitlines() if line.startswith("COPY")]
    assert copies
    assert set(copies) <= {".", *found}
    ignored = subprocess.run(["git", "check-ignore", "ops/.env"], cwd=REPOSITORY, check=False, capture_output=True)
    assert ignored.returncode == 0


def test_the_image_holds_all_that_server_and_worker_import(tmp_path):
    from docker.utils.build import exclude_paths

    lines = (REPOSITORY / ".dockerignore").read_text().splitlines()
    for name in exclude_paths(str(REPOSITORY), [line for line in lines if line and line[0] != "#"]):
        if (REPOSITORY / name).is_file() and not name.startswith(".git"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, tmp_path / name)
    code = "import flows.server.app, flows.server.deployments, flows.sweep, flows.single_stage as s; print(s.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PREFECT_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(tmp_path / "flows" / "single_stage.py")
