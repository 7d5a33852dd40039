"""Service for a long time: a run each minute over a growing corpus, while parts are killed at random moments.

TOPICLOOM_SOAK_MINUTES says how long, TOPICLOOM_SOAK_SEED which moments; the figures go to $TOPICLOOM_SOAK_REPORT too.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import time
import urllib.error
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.conftest import Project
from tests.flows.serving import Serving
from topicloom.lineage.history import History, lineage_of
from topicloom.settings.reading import read_settings

MINUTES = float(os.environ.get("TOPICLOOM_SOAK_MINUTES", "10"))
SEED = int(os.environ.get("TOPICLOOM_SOAK_SEED", "1"))
SCHEDULE = {"schedules": [{"cron": "* * * * *", "catch_up": True}]}
FIRST_PAPERS = 120
UNFINISHED = ["PENDING", "RUNNING", "CANCELLING", "PAUSED"]
# The parts that may be killed; `stop` and `cancel` end in order what runs.
PARTS = ["run", "run", "worker", "server", "serve", "everything", "stop", "cancel"]


class Soak:
    """A serve that is killed and started again, and what was done to it."""

    def __init__(self, serving: Serving, project: Project) -> None:
        self.serving, self.project, self.random = serving, project, random.Random(SEED)
        self.corpus = pd.read_csv(project.profile / "corpus.csv", dtype=str, keep_default_na=False)
        self.vectors = np.load(project.profile / "embeddings.npy")
        self.ids = json.loads((project.profile / "embeddings_ids.json").read_text())
        self.done: list[tuple[str, datetime, datetime]] = []
        self.papers = 0

    def grow(self, share: float) -> None:
        """Let the corpus hold a share of the papers that are still to come; between two runs, as people do it.

        Where runs follow each other without a pause, it grows another time.
        """
        papers = FIRST_PAPERS + round(share * (len(self.corpus) - FIRST_PAPERS))
        if papers <= self.papers:
            return
        try:
            self.serving.wait_until(lambda: not self.runs("PENDING", "RUNNING"), 60)
        except TimeoutError:
            return
        profile = self.project.profile
        self.corpus.head(papers).to_csv(profile / "corpus.csv", index=False)
        np.save(profile / "embeddings.npy", self.vectors[:papers])
        (profile / "embeddings_ids.json").write_text(json.dumps(self.ids[:papers]))
        self.papers = papers

    def harm(self) -> None:
        """Kill a part at a random moment, mostly while a run is under way, and start again what has ended."""
        part, begun = self.random.choice(PARTS), datetime.now(UTC)
        if self.random.random() < 0.8:
            with contextlib.suppress(TimeoutError):
                self.serving.wait_until(self.runs, 90)
            time.sleep(self.random.uniform(0, 8))
        getattr(self, f"_kill_{part}")()
        if part not in ("run", "cancel"):
            self.serving.process.wait(timeout=120)
            self.serving.log.close()
            time.sleep(self.random.uniform(0, 20))
            self.serving.begin()
        self.done.append((part, begun, datetime.now(UTC)))

    def runs(self, *states: str) -> list[str]:
        """Ids of the runs that the server takes for running, or for what is said."""
        try:
            wanted = {"flow_runs": {"state": {"type": {"any_": states or ("RUNNING",)}}}}
            return [run["id"] for run in self.serving.api("/flow_runs/filter", wanted)]
        except (urllib.error.URLError, ConnectionError):
            return []

    def _kill(self, processes: list[int]) -> None:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def _kill_run(self) -> None:
        self._kill([process for run in self.runs() for process in self.serving.processes_of(run)])

    def _kill_worker(self) -> None:
        self._kill(self.serving.worker())

    def _kill_server(self) -> None:
        found = [
            process
            for process in self.serving.processes_of(self.serving.url)
            if b"flows.server.app" in Path(f"/proc/{process}/cmdline").read_bytes()
        ]
        self._kill(found)

    def _kill_serve(self) -> None:
        self._kill([self.serving.process.pid])

    def _kill_everything(self) -> None:
        self._kill([self.serving.process.pid, *self.serving.processes_of(self.serving.url)])

    def _kill_stop(self) -> None:
        self.serving.process.send_signal(signal.SIGTERM)

    def _kill_cancel(self) -> None:
        for run in self.runs():
            self.serving.api(
                f"/flow_runs/{run}/set_state", {"state": {"type": "CANCELLING", "name": "Cancelling"}, "force": False}
            )

    def was_harmed(self, run: dict) -> bool:
        """Whether something was done to the parts while a run was under way."""
        begun, ended = (datetime.fromisoformat(run[name]) for name in ("start_time", "end_time"))
        slack = timedelta(seconds=5)
        return any(start - slack <= ended and begun <= end + slack for _, start, end in self.done)


def every(serving: Serving, path: str, query: dict) -> list[dict]:
    """All that the server has of something, page for page."""
    found: list[dict] = []
    while True:
        page = serving.api(path, {**query, "offset": len(found), "limit": 200})
        found += page
        if len(page) < 200:
            return found


def open_tasks(serving: Serving) -> list[str]:
    """The tasks that the server takes for running, with the ids of their runs."""
    unclosed = {"task_runs": {"state": {"type": {"any_": ["RUNNING", "PENDING"]}}}}
    return [f"{task['name']} of {task['flow_run_id']}" for task in every(serving, "/task_runs/filter", unclosed)]


def figures(soak: Soak) -> dict:
    """What came of it."""
    serving = soak.serving
    runs = [run for run in every(serving, "/flow_runs/filter", {}) if run["state_type"] != "SCHEDULED"]
    numbers = history(soak.project)
    return {
        "minutes": MINUTES,
        "papers": soak.papers,
        "harm": dict(Counter(part for part, *_ in soak.done)),
        "runs": dict(Counter(run["state_type"] for run in runs)),
        "unfinished": [run["id"] for run in runs if run["state_type"] in UNFINISHED],
        "ended badly, and nothing was done": [
            (run["state_name"], run["state"]["message"])
            for run in runs
            if run["state_type"] in ("CRASHED", "FAILED", "CANCELLED") and not soak.was_harmed(run)
        ],
        "failed": [run["state"]["message"] for run in runs if run["state_type"] == "FAILED"],
        "tasks that seem to run": open_tasks(serving),
        "slots taken": sum(limit["active_slots"] for limit in serving.api("/v2/concurrency_limits/filter", {})),
        "left in the store": [str(path) for path in (soak.project.path / ".topicloom").glob("*/.*.tmp")],
        "runs in the history": len(numbers),
        "gaps in the history": sorted(set(range(1, len(numbers) + 1)) - set(numbers)),
    }


def history(project: Project) -> list[int]:
    """The numbers of the runs that the history holds."""
    settings = read_settings(project.analysis)
    return sorted(head.number for head in History(settings).heads(lineage_of(settings)))


@pytest.mark.slow
@pytest.mark.timeout(0)
def test_every_run_ends_in_a_true_state_and_nothing_is_lost(project, tmp_path):
    corpus = pd.read_csv(project.profile / "corpus.csv", dtype=str, keep_default_na=False)
    serving = Serving(tmp_path / "serving", project)
    soak, report = Soak(serving, project), Path(os.environ.get("TOPICLOOM_SOAK_REPORT", tmp_path / "soak.json"))
    try:
        soak.grow(0)
        serving.write_config("wos", **SCHEDULE)
        assert serving.command("deploy").returncode == 0
        begun = time.monotonic()
        while time.monotonic() < begun + 60 * MINUTES:
            time.sleep(soak.random.uniform(20, 60))
            soak.harm()
            soak.grow(min(1.0, (time.monotonic() - begun) / (60 * MINUTES)))
            with contextlib.suppress(OSError):  # what is known so far, should the rest go wrong
                report.write_text(json.dumps(figures(soak), indent=1))
        serving.write_config("wos")
        assert serving.command("deploy").returncode == 0
        left = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED", *UNFINISHED]}}}}
        serving.wait_until(lambda: not serving.api("/flow_runs/filter", left), 600)
        soak.grow(1)
        # A slot that stayed taken would let this one wait for ever.
        assert serving.end_of(serving.start("topic-model/wos"), seconds=180) == "COMPLETED"
        with contextlib.suppress(TimeoutError):  # the server writes tasks down some moments after their run has ended
            serving.wait_until(lambda: not open_tasks(serving), 60)
        found = figures(soak)
        report.write_text(json.dumps(found, indent=1))
        verified = serving.command("verify", project.analysis)
    finally:
        serving.stop()
    for name in (
        *("unfinished", "ended badly, and nothing was done", "failed", "tasks that seem to run"),
        *("left in the store", "gaps in the history"),
    ):
        assert found[name] == [], found
    assert found["slots taken"] == 0, found
    assert found["runs"]["COMPLETED"] > MINUTES / 4, found
    assert verified.returncode == 0, verified
    papers = [pd.read_csv(project.output(name))["Document"] for name in ("dataset_minimal.csv", "orphans.csv")]
    assert sorted(pd.concat(papers)) == sorted(corpus["text"])
    assert serving.processes_of(serving.url) == []
    assert subprocess.run(["pgrep", "-f", f"port {serving.port}"], check=False, capture_output=True).stdout == b""
