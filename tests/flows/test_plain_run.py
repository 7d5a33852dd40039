"""A run without a Prefect server: the same results, record and messages as with one, and nothing of Prefect."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.plain_run import run_without_server
from tests.flows.serving import MAIN
from topicloom.settings.checks import SettingsError
from topicloom.stages import cluster, retries

OF_ITS_TIME = (
    "finished",
    "created",
    "prefect_run_id",
    "seconds",
    "computed_seconds",
    "computed_at",
    "ended",
    "history",
)


def timeless(value):
    """A record without what differs from run to run: times, seconds, memory, ids and paths of the project."""
    if isinstance(value, dict):
        return {
            name: timeless(one)
            for name, one in value.items()
            if name not in (*OF_ITS_TIME, "peak_memory_bytes", "lineage", "changes", "source", "path")
        }
    return value


def record_of(project) -> dict:
    return timeless(json.loads(project.output("run.json").read_text()))


def files_of(project) -> dict[str, bytes]:
    tables = ("dataset_minimal.csv", "topic_model_info.csv", "document_topic_map.csv")
    return {name: project.output(name).read_bytes() for name in tables if project.output(name).exists()}


def test_results_and_record_are_those_of_the_flow(project, finished):
    report = run_without_server(project.analysis)
    assert "cluster" in report.computed
    assert files_of(project) == files_of(finished)
    assert "dataset_minimal.csv" in files_of(project)
    ours, theirs = record_of(project), record_of(finished)
    assert ours.keys() == theirs.keys()
    for name in ("counts", "notes", "settings", "stages"):
        assert ours[name] == theirs[name], name


def test_each_takes_what_the_other_has_kept(finished, run):
    assert run_without_server(finished.analysis).computed == []
    refreshed = run_without_server(finished.analysis, "represent")
    assert refreshed.computed == ["represent", "distribution", "orphan-split", "identify", "export"]
    assert run(finished.analysis).computed == []


def test_an_unchanged_run_with_pictures_imports_nothing_heavy(finished):
    finished.write_settings(pictures={"quality": True, "figures": False, "report": True})
    run_without_server(finished.analysis)
    assert "imported []" in unchanged(finished)


def test_prefect_is_not_imported(finished):
    assert "imported []" in unchanged(finished)


def unchanged(finished) -> str:
    """What an unchanged run says, and which heavy libraries its process has imported."""
    script = (
        "import sys\nfrom flows.console.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy = {'prefect', 'numpy', 'pandas', 'scipy', 'sklearn', 'numba', 'umap', 'torch', 'pyarrow', 'httpx'}\n"
        "heavy |= {'obstore', 'topicloom.remote.objects', 'topicloom.store.shared', 'topicloom.store.mirror'}\n"
        "print('imported', sorted(heavy & set(sys.modules)))"
    )
    env = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    done = subprocess.run(
        [sys.executable, "-c", script, "run", str(finished.analysis)],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "nothing has changed since the last run" in done.stdout
    assert done.stderr == ""
    return done.stdout.splitlines()[-1]


def failing(monkeypatch, error: Exception, times: int) -> list[int]:
    """Let the stage cluster fail so many times; returns the list of its tries."""
    tries: list[int] = []
    compute = cluster.STAGE.compute

    def sometimes(work):
        tries.append(work.failures)
        if len(tries) <= times:
            raise error
        compute(work)

    monkeypatch.setattr("flows.stage_runner.RETRY_SECONDS", (0, 0))
    object.__setattr__(cluster.STAGE, "compute", sometimes)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    return tries


@pytest.fixture
def cluster_restored():
    compute = cluster.STAGE.compute
    yield
    object.__setattr__(cluster.STAGE, "compute", compute)


@pytest.mark.usefixtures("cluster_restored")
def test_a_fault_of_the_disk_is_tried_again_and_bad_input_is_not(finished, monkeypatch, caplog):
    tries = failing(monkeypatch, OSError(errno.ENOSPC, "No space left on device"), 2)
    assert "cluster" in run_without_server(finished.analysis, "cluster").computed
    assert tries == [0, 1, 2]
    assert "cluster failed (OSError" in caplog.text

    tries = failing(monkeypatch, ValueError("no"), 9)
    with pytest.raises(ValueError, match=r"^no$"):
        run_without_server(finished.analysis, "cluster")
    assert tries == [0]


@pytest.mark.usefixtures("cluster_restored")
def test_a_fault_that_stays_ends_the_run_after_three_tries(finished, monkeypatch):
    tries = failing(monkeypatch, MemoryError(), 9)
    with pytest.raises(MemoryError):
        run_without_server(finished.analysis, "cluster")
    assert len(tries) == len(retries.RETRY_SECONDS) + 1


def test_bad_settings_end_before_any_work(finished):
    before = finished.output("run.json").read_bytes()
    finished.write_settings(min_topic_size=10**6)
    with pytest.raises(SettingsError, match="min_topic_size"):
        run_without_server(finished.analysis)
    assert finished.output("run.json").read_bytes() == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_run_that_is_ended_leaves_nothing_in_the_way_of_the_next(finished, number):
    """Ended within a stage: its unfinished files and locks are gone, at once or with the next run."""
    env = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    script = (
        "import sys, time\nfrom topicloom.stages import represent\n"
        "def wait(work):\n    work.out.path('half').write_text('x')\n    print('there', flush=True)\n    time.sleep(60)\n"
        "object.__setattr__(represent.STAGE, 'compute', wait)\nfrom flows.console.cli import main\nmain()"
    )
    command = [sys.executable, "-c", script, "run", str(finished.analysis), "--refresh", "represent"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "there" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(number)
        assert process.wait(timeout=30) != 0
    half = [path for path in (finished.path / ".topicloom").rglob("half") if path.is_file()]
    assert (half == []) == (number != signal.SIGKILL)
    report = run_without_server(finished.analysis)
    assert report.computed == []
    assert not list((finished.path / ".topicloom").rglob("half"))


def test_a_dead_server_that_is_named_is_not_passed_over(finished, tmp_path):
    env = {**os.environ, "PREFECT_API_URL": "http://127.0.0.1:9/api", "PREFECT_CLIENT_MAX_RETRIES": "0"}
    done = subprocess.run(
        [*MAIN, "run", str(finished.analysis)], env=env, capture_output=True, text=True, check=False, cwd=Path(tmp_path)
    )
    assert done.returncode == 1
    assert "or unset PREFECT_API_URL to run without one" in done.stderr


def test_the_whole_log_is_shown_where_it_is_asked_for(finished):
    first, *_, last = whole_log(finished)
    assert first.endswith("every result is kept, so nothing is to be computed.")
    assert "none, nothing has changed. The files:" in last


def test_what_a_stage_and_its_library_say_stands_in_the_log_in_lines(finished):
    lines = whole_log(finished, "--refresh", "reduce")
    assert all(re.match(r"\d\d:\d\d:\d\d\.\d{3} \| ", line) for line in lines), lines
    said = [line.split(" | ")[-1] for line in lines]
    assert "UMAP: Epochs completed: 100 %" in said
    assert "topic distribution: 240 of 240" in said


def whole_log(project, *more: str) -> list[str]:
    """What a run with the whole log says on the error stream; nothing but its table on the other one."""
    env = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    command = [*MAIN, "run", str(project.analysis), "-v", *more]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("topics ")
    return done.stderr.splitlines()
