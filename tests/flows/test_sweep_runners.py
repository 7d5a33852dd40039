"""Where the trials of a sweep run: in processes where threads would end the run."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SCRIPT = """
from flows.sweep_runners import task_runner
from topicloom.sweep.grid import SweepPlan
for workers in (1, 2):
    print(type(task_runner(SweepPlan(vary={"min_topic_size": [5]}, workers=workers), "plan.yaml")).__name__)
"""


@pytest.mark.parametrize(("layer", "runner"), [("workqueue", "ProcessPool"), ("omp", "ThreadPool")])
def test_trials_run_in_processes_where_numba_has_only_threads_for_one_caller(layer, runner):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "NUMBA_THREADING_LAYER": layer},
        capture_output=True,
        text=True,
        check=True,
    )
    alone, several = done.stdout.split()
    assert alone == "ThreadPoolTaskRunner"
    assert several == f"{runner}TaskRunner"
    assert ("run in processes, not in threads" in done.stderr) == (layer == "workqueue")


@pytest.mark.slow
def test_a_sweep_ends_well_under_workqueue(project, prefect_server):
    """In threads it ended in SIGABRT: two trials that ran parallel loops at one time."""
    plan = project.root / "plan.yaml"
    plan.write_text("vary: {n_neighbors: [8, 12, 16]}\nseeds: 2\nworkers: 2\n")
    project.write_settings(umap={"layout": "parallel"})
    done = subprocess.run(
        [sys.executable, "-m", "topicloom", "sweep", str(project.analysis), str(plan)],
        env={**os.environ, "NUMBA_THREADING_LAYER": "workqueue", "PREFECT_API_URL": prefect_server},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (project.analysis / "sweep" / "sweep.csv").is_file()
