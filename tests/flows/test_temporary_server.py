"""The temporary Prefect server of a sweep from the command line: it ends with it, and no proxy is in its way."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.flows.serving import MAIN


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return {**kept, "PREFECT_HOME": str(home), "COLUMNS": "200", **more}


def servers_of(home: Path) -> list[int]:
    """Processes of a temporary server, by the Prefect home that it was started with."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environ, command = (process / "environ").read_bytes(), (process / "cmdline").read_bytes()
        except OSError:
            continue
        if f"PREFECT_HOME={home}".encode() in environ and b"uvicorn" in command:
            found.append(int(process.name))
    return found


def until(done, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


@pytest.fixture
def plan(tmp_path) -> Path:
    path = tmp_path / "sweep.yaml"
    path.write_text("vary:\n  min_topic_size: [5, 6]\nworkers: 1\n")
    return path


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are looked up in /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_with_a_sweep_that_is_killed(finished, plan, tmp_path, number):
    plan.write_text(f"vary:\n  min_topic_size: {list(range(5, 25))}\nworkers: 1\n")  # it takes longer than a second
    home = tmp_path / "prefect"
    command = [*MAIN, "sweep", str(finished.analysis), str(plan)]
    sweep = subprocess.Popen(command, env=environment(home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert until(lambda: servers_of(home), 60)
    time.sleep(1)
    sweep.send_signal(number)
    assert sweep.wait(timeout=60) != 0
    assert until(lambda: not servers_of(home), 30)


def test_a_proxy_for_everybody_is_not_in_its_way(finished, plan, tmp_path):
    env = environment(tmp_path / "prefect", HTTP_PROXY="http://127.0.0.1:9", http_proxy="http://127.0.0.1:9")
    done = subprocess.run(
        [*MAIN, "sweep", finished.analysis, plan], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_a_profile_that_names_a_dead_server_is_named(finished, tmp_path):
    home = tmp_path / "prefect"
    home.mkdir()
    (home / "profiles.toml").write_text(
        'active = "old"\n[profiles.old]\nPREFECT_API_URL = "http://127.0.0.1:9/api"\nPREFECT_CLIENT_MAX_RETRIES = "0"\n'
    )
    command = [*MAIN, "run", str(finished.analysis)]
    done = subprocess.run(command, env=environment(home), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "No Prefect server answers at http://127.0.0.1:9/api, which the profile 'old'" in done.stderr
    assert "PREFECT_API_URL= topicloom run" in done.stderr
    done = subprocess.run(
        command, env=environment(home, PREFECT_API_URL=""), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
