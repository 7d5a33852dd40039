"""What is measured of a run by an engine: its processes told apart, and its results compared."""

from __future__ import annotations

import os
import sys

import pytest

from benchmarks.engines import figures, fill, page, prepared, results, role
from benchmarks.measure import Measured, Process, measure
from tests.conftest import copied
from topicloom.settings.reading import read_settings
from topicloom.stages.load_embeddings import check_inputs

MIB = 2**20
WORKER = "python -c from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=8)"


@pytest.mark.parametrize(
    ("command", "found"),
    [
        (WORKER, "worker"),
        ("ray::_done", "worker"),
        ("python -P -m topicloom.space.map_process a.npy", "map"),
        ("/ray/raylet --x", "other"),
        ("python -c from multiprocessing.resource_tracker import main;main(7)", "other"),
    ],
)
def test_processes_are_told_apart(command, found):
    assert role(Process(command, 0, 0.0)) == found


def test_workers_that_nobody_waited_for_count_by_what_was_seen():
    run, worker = Process("topicloom run", 100 * MIB, 4.0), Process(WORKER, 30 * MIB, 7.0)
    found = figures(Measured(9.0, 5.0, 0, 0, "", 140 * MIB, (run, worker, Process(WORKER, 40 * MIB, 1.0))))
    assert found["processor"] == 12.0
    assert (found["run"], found["workers"], found["together"]) == (100 * MIB, [40 * MIB, 30 * MIB], 140 * MIB)


def test_each_process_of_a_command_is_seen():
    inner = "import time; held = bytearray(b'x') * (80 << 20); time.sleep(2)"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    first, second = measure([sys.executable, "-c", outer], {}).each
    assert "subprocess" in first.command
    assert "subprocess" not in second.command
    assert first.own < 80 * MIB <= second.own
    assert second.processor <= os.times().children_user + os.times().children_system


def test_the_table_says_where_results_differ(tmp_path):
    one = {"seconds": 9, "processor": 12, "run": 100 * MIB, "workers": [], "together": 140 * MIB, "results": "a"}
    other = {**one, "workers": [40 * MIB, 30 * MIB], "results": "b"}
    measured = {
        "environment": {"processor": "one", "cores": 2, "memory": "8 GB"},
        "of": {"project": "acl", "papers": 5000, "seeds": 3, "embedded_by": ""},
        "engines": {"local": one, "dask:2": other},
    }
    path = tmp_path / "page.md"
    path.write_text("before\n<!-- engines -->\nold\n<!-- /engines -->\nafter\n")
    fill(path, page(measured))
    *_, local, dask, _, end, after = path.read_text().splitlines()
    assert local == "| local | 9 | 12 | 100 MiB | none | 140 MiB | yes |"
    assert dask == "| dask:2 | 9 | 12 | 100 MiB | 40 MiB | 140 MiB | no |"
    assert (end, after) == ("<!-- /engines -->", "after")


def test_a_project_is_cut_to_its_first_papers(wos_project, tmp_path):
    project = copied(wos_project, tmp_path / "source")
    settings = read_settings(project.write_settings())
    before = check_inputs(settings)
    after = check_inputs(read_settings(prepared(project.path, tmp_path / "scratch", 50, 3, "")))
    assert list(after.corpus["UT"]) == list(before.corpus["UT"][:50])
    assert (after.vectors == before.vectors[:50]).all()
    with pytest.raises(SystemExit, match="holds no results"):
        results(project.analysis)
