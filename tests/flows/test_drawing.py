"""Stages that draw side by side: the same files as one after the other, each after what it rests on, whatever fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from flows import drawing
from flows.drawing import Drawing
from flows.plain_run import run_without_server
from flows.run_report import CACHED, COMPUTED
from tests.conftest import copied
from tests.flows.test_pictures import ALL_ON, snapshot
from topicloom.machine.side_process import SideProcess
from topicloom.progress import Ended, Started, listening
from topicloom.stage_names import PICTURES, STAGE_NAMES
from topicloom.stages.beside import preload
from topicloom.stages.registry import STAGES
from topicloom.stages.stage import Stage

OF_ITS_TIME = {"report.html"}  # tells when and how long


@pytest.fixture
def on_three_cores(monkeypatch):
    """Side by side from the first paper on, as on a machine of three cores."""
    monkeypatch.setattr(drawing, "WORTH_IT", 0)
    monkeypatch.setattr("topicloom.machine.threads.available_threads", lambda: 3)


def drawn(project) -> dict[str, str]:
    return {name: digest for name, digest in snapshot(project.analysis).items() if name not in OF_ITS_TIME}


@pytest.fixture(scope="module")
def alone(finished_wos_project, tmp_path_factory):
    """The project after a run that draws one stage after the other, and the report of that run."""
    project = copied(finished_wos_project, tmp_path_factory.mktemp("alone"))
    project.write_settings(**ALL_ON, min_topic_size=9)
    return project, run_without_server(project.analysis)


@pytest.mark.usefixtures("on_three_cores")
def test_the_files_are_those_of_one_stage_after_the_other(alone, finished, run):
    """In Prefect's flow too; run.json lists the stages in their order."""
    finished.write_settings(**ALL_ON, min_topic_size=9)
    events: list = []
    with listening(events.append):
        report = run(finished.analysis)
    assert set(PICTURES) <= set(report.computed)
    assert report.notes == alone[1].notes
    assert drawn(finished) == drawn(alone[0])
    stages = list(json.loads(finished.output("run.json").read_text())["stages"])
    assert stages == sorted(stages, key=STAGE_NAMES.index)
    at = {(type(event), event.stage): place for place, event in enumerate(events) if isinstance(event, Started | Ended)}
    assert at[Started, "describe"] < at[Ended, "export"]  # it was begun beside
    assert at[Ended, "describe"] < at[Started, "figures"]
    assert max(at[Ended, name] for name in PICTURES if name not in ("figures", "report")) < at[Started, "report"]


def test_where_all_is_kept_no_process_is_started(alone, tmp_path, monkeypatch, request):
    project = copied(alone[0], tmp_path / "root")
    request.getfixturevalue("on_three_cores")
    monkeypatch.setattr(SideProcess, "call", lambda *_: pytest.fail("nothing is to be computed"))
    assert run_without_server(project.analysis).computed == []


@pytest.mark.usefixtures("on_three_cores")
def test_a_killed_process_costs_no_picture(alone, finished, monkeypatch):
    """What it was drawing is drawn once more, in the run's own process."""
    finished.write_settings(**ALL_ON, min_topic_size=9)
    monkeypatch.setattr("flows.stage_runner.RETRY_SECONDS", (0,))
    call, killed = SideProcess.call, []

    def killing(self, function, name, *given, **named):
        if name == "describe":
            killed.append(name)
            return call(self, os.kill, call(self, os.getpid), signal.SIGKILL)
        return call(self, function, name, *given, **named)

    monkeypatch.setattr(SideProcess, "call", killing)
    report = run_without_server(finished.analysis)
    assert killed == ["describe"]
    assert report.notes == alone[1].notes
    assert drawn(finished) == drawn(alone[0])


@pytest.mark.usefixtures("on_three_cores")
def test_a_failed_export_ends_what_is_drawn_beside_it(finished, monkeypatch):
    finished.write_settings(**ALL_ON, min_topic_size=7)
    begun = threading.Event()
    call = SideProcess.call

    def long(self, function, name, *given, **named):
        begun.set()
        return call(self, time.sleep, 600)

    def full(*_, **__):
        assert begun.wait(120)
        raise ValueError("no export")

    monkeypatch.setattr(SideProcess, "call", long)
    monkeypatch.setattr("topicloom.stages.export.swapped_in", full)
    with pytest.raises(ValueError, match="no export"):
        run_without_server(finished.analysis)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("drawing")]


@pytest.mark.usefixtures("on_three_cores")
def test_what_waits_for_its_second_try_is_not_drawn_once_the_run_is_over(finished, monkeypatch):
    """It would be computed in the run's own process, where nothing can end it: Ctrl-C had to wait for it."""
    finished.write_settings(**ALL_ON, min_topic_size=7)
    monkeypatch.setattr("flows.stage_runner.RETRY_SECONDS", (0,))
    begun, over = threading.Event(), threading.Event()
    end, obtain = SideProcess.end, Stage.obtain
    drawn_late = []

    def no_memory(*_, **__):
        begun.set()
        assert over.wait(120)
        raise MemoryError

    ends = []

    def ended(self):
        end(self)
        ends.append(self)
        if len(ends) == 2:  # both processes beside
            over.set()

    def obtained(self, *given, **named):
        if over.is_set():
            drawn_late.append(self.name)
        return obtain(self, *given, **named)

    def full(*_, **__):
        assert begun.wait(120)
        raise ValueError("no export")

    monkeypatch.setattr(SideProcess, "call", no_memory)
    monkeypatch.setattr(SideProcess, "end", ended)
    monkeypatch.setattr(Stage, "obtain", obtained)
    monkeypatch.setattr("topicloom.stages.export.swapped_in", full)
    with pytest.raises(ValueError, match="no export"):
        run_without_server(finished.analysis)
    assert drawn_late == []


@dataclass
class Attempts:
    """A run of which each stage takes a moment: which ran at the same time, and after which."""

    spreads: bool = False
    documents: int = drawing.WORTH_IT
    status: str = COMPUTED
    kept: object = None  # for the stage before which processes are prepared
    settings: SimpleNamespace = field(default_factory=SimpleNamespace)
    over: list[str] = field(default_factory=list)
    most: int = 0
    now: int = 0
    threads: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self.outcomes = {"represent": SimpleNamespace(status=self.status)}
        self.refs = {"load-embeddings": SimpleNamespace(facts={"documents": self.documents})}

    def find(self, _: Stage) -> SimpleNamespace:
        return SimpleNamespace(ref=self.kept)

    def attempt(self, name: str) -> None:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
            self.threads.add(threading.get_ident())
        time.sleep(0.05)
        with self._lock:
            self.now -= 1
            self.over.append(name)


@pytest.fixture
def needs_nothing(monkeypatch):
    monkeypatch.setattr("topicloom.machine.threads.available_threads", lambda: 3)
    for name in PICTURES:
        monkeypatch.setattr(type(STAGES[name]), "needs", lambda *_: [])


@pytest.mark.usefixtures("needs_nothing")
@pytest.mark.parametrize(
    ("run", "threads"),
    [(Attempts(), 3), (Attempts(documents=drawing.WORTH_IT - 1), 1), (Attempts(status=CACHED), 1)],
)
def test_as_many_at_a_time_as_there_are_cores_where_it_is_worth_it(run, threads):
    with Drawing(run) as pictures:
        pictures.finish("describe", "moves", "profiles", "quality")
    assert sorted(run.over) == ["describe", "moves", "profiles", "quality"]
    assert run.most <= threads
    assert (len(run.threads) > 1) == (threads > 1)


@pytest.mark.usefixtures("needs_nothing")
@pytest.mark.parametrize(
    ("run", "processes"),
    [
        (Attempts(), 2),
        (Attempts(kept="a result"), 0),
        (Attempts(spreads=True), 0),
        (Attempts(documents=drawing.WORTH_IT - 1), 0),
    ],
)
def test_processes_import_ahead_where_there_will_be_something_to_draw(run, processes, monkeypatch):
    asked, all_asked = [], threading.Semaphore(0)

    def call(_, function, names, settings):
        asked.append((function, names, settings))
        all_asked.release()
        raise ModuleNotFoundError  # what is wrong with a library keeps no thread from drawing

    monkeypatch.setattr(SideProcess, "call", call)
    with Drawing(run) as pictures:
        pictures.prepare("describe", after="represent")
        for _ in range(processes):
            assert all_asked.acquire(timeout=60)
        pictures.finish("describe", "moves", "profiles", "quality")
    assert asked == [(preload, ("describe",), run.settings)] * processes
    assert sorted(run.over) == ["describe", "moves", "profiles", "quality"]


def test_describing_is_imported_ahead():
    script = "import sys; from topicloom.stages.beside import preload; preload(['describe'], None);print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert {"topicloom.atlas.atlas", "scipy.cluster.hierarchy"} <= set(done.stdout.split())


@pytest.mark.usefixtures("needs_nothing")
def test_a_stage_that_others_look_at_comes_before_them():
    run = Attempts()
    with Drawing(run) as pictures:
        pictures.finish("report", "figures", "moves")
    assert run.over.index("moves") < run.over.index("figures")
    assert run.over.index("moves") < run.over.index("report")


@pytest.mark.usefixtures("needs_nothing")
def test_an_interrupt_ends_the_threads():
    with pytest.raises(KeyboardInterrupt), Drawing(Attempts()) as pictures:
        pictures.begin("describe")
        raise KeyboardInterrupt
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("drawing")]


def test_a_run_of_one_core_needs_no_helper(needs_nothing, monkeypatch):
    monkeypatch.setattr("topicloom.machine.threads.available_threads", lambda: 1)
    run = Attempts()
    with Drawing(run) as pictures:
        pictures.finish("describe", "moves")
    assert len(run.threads) == 1
