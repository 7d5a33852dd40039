"""`topicloom serve` on a terminal and over pauses: no question, nothing left, one command says and stops, missed runs."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.flows.serving import MAIN, Serving


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def read_until(terminal: int, words: str, seconds: float) -> str:
    """What stands on a terminal, once it holds some words."""
    said, end = "", time.monotonic() + seconds
    while words not in said:
        assert time.monotonic() < end, said
        if select.select([terminal], [], [], 0.5)[0]:
            said += os.read(terminal, 65536).decode(errors="replace")
    return said


@pytest.fixture
def environment(project, tmp_path) -> dict[str, str]:
    """Of a person who has set nothing but where the configs are."""
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "wos.yaml").write_text(f"root: {project.root}\nproject: wos\nanalyses: [a01]\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    given = {"TOPICLOOM_CONFIGS": str(tmp_path / "configs"), "PREFECT_HOME": str(tmp_path / "prefect")}
    return {**kept, **given, "COLUMNS": "200", "TERM": "xterm"}


def test_a_terminal_is_asked_nothing_and_closing_it_leaves_nothing(environment, tmp_path):
    port = free_port()
    process, terminal = pty.fork()
    if process == 0:
        os.execvpe(sys.executable, [*MAIN, "serve", "--port", str(port)], environment)  # our own command
    try:
        said = read_until(terminal, "Ctrl-C stops everything", 120)
        assert "?" not in said.replace("?]", ""), said
        url = f"http://127.0.0.1:{port}"
        status = subprocess.run(
            [*MAIN, "serve", "--status"], env=environment, capture_output=True, text=True, check=True
        ).stdout
        assert f"at {url} (process {process}) runs since" in status
        assert f"export PREFECT_API_URL={url}/api" in status
        # Nothing that a later `topicloom run` would meet without this server.
        profiles = tmp_path / "prefect" / "profiles.toml"
        assert not profiles.exists() or str(port) not in profiles.read_text()
        assert len(Serving.processes_of(f"{url}/api")) >= 2
    finally:
        os.close(terminal)  # the kernel sends SIGHUP, as when a window is closed
        gone = time.monotonic() + 90
        while os.waitpid(process, os.WNOHANG) == (0, 0):
            if time.monotonic() > gone:
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
                pytest.fail("serve outlived its terminal")
            time.sleep(0.2)
    assert Serving.processes_of(f"{url}/api") == []
    with socket.socket() as again, contextlib.suppress(OSError):
        assert again.connect_ex(("127.0.0.1", port)) != 0
    done = subprocess.run([*MAIN, "serve", "--stop"], env=environment, capture_output=True, text=True, check=True)
    assert "No `topicloom serve` runs here." in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("catch_up", [True, False])
def test_what_was_missed_is_made_up_for_once_or_not_at_all(project, tmp_path, catch_up):
    serving = Serving(tmp_path / "serving", project)

    def of_schedule():
        found = serving.api("/flow_runs/filter", {"sort": "EXPECTED_START_TIME_ASC"})
        return [run for run in found if run["auto_scheduled"]]

    try:
        schedule = {"interval_hours": 0.02, "catch_up": catch_up}
        serving.write_config("wos", schedules=[schedule])
        assert "deployed topic-model/wos" in serving.command("deploy").stdout
        serving.wait_until(lambda: len(of_schedule()) > 3, 90)
        serving.stop()
        time.sleep(160)  # two of them fall due
        serving.write_config("wos", schedules=[{**schedule, "interval_hours": 0.02}])
        before = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
        serving.begin()
        said = serving.said()
        assert "the schedule wos/a01-1 was missed" in said
        assert ("one run makes up for it" in said) == catch_up
        overdue = [run for run in of_schedule() if run["expected_start_time"] < before and not run["start_time"]]
        ended = serving.wait_until(lambda: [run for run in of_schedule() if run["state_type"] == "COMPLETED"], 150)
        assert len(overdue) <= catch_up
        late = [run for run in ended if run["expected_start_time"] < before < run["start_time"]]
        assert len(late) == catch_up
    finally:
        serving.end()
