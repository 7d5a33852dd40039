"""Runs whose process dies without a word: true states, closed tasks, free slots, also after a restart that deploys."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import urllib.error
import urllib.request

import pytest

from tests.flows.serving import Serving


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database(request):
    """The environment of a server over each of the databases."""
    if request.param == "sqlite":
        return {}
    url, port = request.getfixturevalue("postgresql")
    return {"PREFECT_SERVER_DATABASE_CONNECTION_URL": url, "TOPICLOOM_TEST_POSTGRESQL": str(port)}


def in_postgresql(serving: Serving, run: str) -> str:
    """The state of a run in the database itself."""
    query = ["psql", "-h", "127.0.0.1", "-p", serving.env["TOPICLOOM_TEST_POSTGRESQL"], "-U", "postgres", "prefect"]
    asked = f"select state_type from flow_run where id = '{run}'"
    return subprocess.run([*query, "-Atc", asked], capture_output=True, text=True, check=True).stdout.strip()


def computing(serving: Serving, **parameters) -> str:
    """A run that is computing reduce."""
    store = serving.project.path / ".topicloom" / "reduce"
    run = serving.start("topic-model/wos", **parameters)
    serving.wait_until(lambda: list(store.glob(".*.tmp")), 120)
    return run


def counted_by(serving: Serving) -> list[tuple[str, str]]:
    """By which the server counts heartbeats: the automation and its trigger."""
    found = serving.api("/automations/filter", {})
    return [(item["id"], item["trigger"]["id"]) for item in found if item["name"] == "topicloom: zombies"]


def kill_everything(serving: Serving, run: str) -> None:
    """As a power cut does: serve, server, worker and the run at once."""
    for process in {serving.process.pid, *serving.processes_of(serving.url), *serving.processes_of(run)}:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    serving.process.wait(timeout=30)


def test_runs_that_died_with_everything_are_true_after_the_next_start(project, tmp_path, database):
    """A restart deploys; the dead run is Crashed at once, the one that waited runs."""
    serving = Serving(tmp_path / "serving", project, **database)
    try:
        zombies = counted_by(serving)
        run = computing(serving)
        waiting = serving.start("topic-model/wos")
        kill_everything(serving, run)
        serving.begin()
        assert "had no process any more: Crashed" in serving.said()
        found = serving.api(f"/flow_runs/{run}", method="GET")
        assert found["state_type"] == "CRASHED"
        assert serving.end_of(waiting) == "COMPLETED"
        if database:
            assert in_postgresql(serving, waiting) == "COMPLETED"
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{serving.url}/admin/version", timeout=10)
        assert caught.value.code == 401
        assert (
            serving.task_states(run).get("reduce", "Crashed") == "Crashed"
        )  # killed at once, the server never knew it
        assert not list((project.path / ".topicloom").glob("*/.*.tmp"))
        # What the server counts heartbeats by is the same: a deployment has not made it forget.
        assert counted_by(serving) == zombies
        done = serving.command("serve", "--stop")
        assert f"at {serving.url.removesuffix('/api')}" in done.stdout
        assert serving.process.wait(timeout=60) == 0
        assert serving.processes_of(serving.url) == []
    finally:
        serving.end()
