"""The map of the graph's way, laid out beside the stages after it: the same files, and faults that are not lost."""

from __future__ import annotations

import threading
import time

import pytest

from flows.ahead import Ahead
from flows.plain_run import run_without_server
from tests.conftest import Project, copied
from tests.flows.test_graph_topics import GRAPH
from tests.flows.test_pictures import snapshot
from topicloom.machine.side_process import SideProcess
from topicloom.progress import Ended, Started, listening


@pytest.fixture
def beside(monkeypatch):
    """Beside each other from the first paper on, as on a machine of two cores."""
    monkeypatch.setattr("flows.drawing.WORTH_IT", 0)
    monkeypatch.setattr("topicloom.machine.threads.available_threads", lambda: 2)


@pytest.fixture(scope="module")
def alone(wos_project, tmp_path_factory) -> Project:
    """A project after a run of one stage after the other."""
    project = copied(wos_project, tmp_path_factory.mktemp("alone"))
    project.write_settings(**GRAPH)
    run_without_server(project.analysis)
    return project


@pytest.fixture
def unrun(wos_project, tmp_path) -> Project:
    project = copied(wos_project, tmp_path / "root")
    project.write_settings(**GRAPH)
    return project


@pytest.mark.usefixtures("beside")
def test_the_files_are_those_of_one_stage_after_the_other(alone, unrun, run):
    """In Prefect's flow, whose threads and graph are part of it."""
    events: list = []
    with listening(events.append):
        report = run(unrun.analysis)
    assert "reduce" in report.computed
    assert snapshot(unrun.analysis) == snapshot(alone.analysis)
    at = {(type(event), event.stage): place for place, event in enumerate(events) if isinstance(event, Started | Ended)}
    assert at[Started, "cluster"] < at[Ended, "reduce"] < at[Started, "identify"]


@pytest.mark.usefixtures("beside")
def test_what_is_kept_starts_no_process_and_refresh_does(alone, tmp_path, monkeypatch):
    project, called = copied(alone, tmp_path / "root"), []
    call = SideProcess.call
    monkeypatch.setattr(SideProcess, "call", lambda self, *a, **named: called.append(a[1]) or call(self, *a, **named))
    assert run_without_server(project.analysis).computed == []
    assert called == []
    assert "reduce" in run_without_server(project.analysis, refresh="reduce").computed
    assert called == ["reduce"]


@pytest.mark.usefixtures("beside")
def test_a_map_that_fails_fails_the_run_and_what_was_computed_beside_it_is_kept(unrun, monkeypatch):
    call = SideProcess.call

    def failing(*_, **__):
        raise ValueError("no map")

    monkeypatch.setattr(SideProcess, "call", failing)
    with pytest.raises(ValueError, match="no map"):
        run_without_server(unrun.analysis)
    assert not unrun.output("run.json").exists()
    monkeypatch.setattr(SideProcess, "call", call)
    report = run_without_server(unrun.analysis)
    assert {"graph", "cluster", "represent", "distribution"} <= set(report.cached)
    assert "reduce" in report.computed


@pytest.mark.usefixtures("beside")
def test_a_stage_that_fails_ends_the_map_beside_it(unrun, monkeypatch):
    begun = threading.Event()
    call = SideProcess.call

    def long(self, *_, **__):
        begun.set()
        return call(self, time.sleep, 600)

    def no_words(*_, **__):
        assert begun.wait(120)
        raise ValueError("no words")

    monkeypatch.setattr(SideProcess, "call", long)
    monkeypatch.setattr("topicloom.stages.represent.stored_tokens", no_words)
    with pytest.raises(ValueError, match="no words"):
        run_without_server(unrun.analysis)
    assert not [thread for thread in threading.enumerate() if thread.name == "ahead"]


@pytest.mark.usefixtures("beside")
def test_only_a_map_of_its_own_that_uses_one_core_goes_beside(unrun, monkeypatch):
    """HDBSCAN rests on the layout; a layout on every core leaves none idle."""
    begun = []
    monkeypatch.setattr(Ahead, "_compute", lambda _, name, process: begun.append(name))
    monkeypatch.setattr(Ahead, "finish", lambda _: pytest.skip("not reached"))
    for tmo in ({"clusterer": "hdbscan"}, {**GRAPH, "umap": {"map_layout": "parallel"}}):
        unrun.write_settings(**tmo)
        with pytest.raises(pytest.skip.Exception):
            run_without_server(unrun.analysis)
        assert begun == []
