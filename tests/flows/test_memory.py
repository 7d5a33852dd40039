"""A run that the system ends in parts, where memory runs out: it says so in run.json, and the next run tries again."""

from __future__ import annotations

import json
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from flows.plain_run import run_without_server
from tests.conftest import Project, copied
from topicloom.errors import InputError
from topicloom.settings.reading import read_settings
from topicloom.stages.notes import result_notes
from topicloom.stages.soundness import require_sound


@pytest.fixture(scope="module")
def ran_once(wos_project, tmp_path_factory) -> Project:
    project = copied(wos_project, tmp_path_factory.mktemp("ran"))
    run_without_server(project.analysis, quiet=True)
    return project


@pytest.fixture
def ran(ran_once, tmp_path) -> Project:
    return copied(ran_once, tmp_path / "root")


def _end_oneself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed_child(*_: object) -> None:
    """Draws in a child that is killed while it works."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(_end_oneself).result()


def refused(*_: object) -> None:
    raise MemoryError


def test_a_picture_that_memory_did_not_suffice_for_is_named_and_drawn_next_time(ran, monkeypatch):
    ran.write_settings(pictures={"quality": False, "figures": True, "report": False})
    monkeypatch.setattr("flows.stage_runner.RETRY_SECONDS", (0,))
    for end in (killed_child, refused):
        monkeypatch.setattr("topicloom.figures.gallery.draw_figures", end)
        report = run_without_server(ran.analysis, quiet=True)
        (note,) = [note for note in report.notes if note.startswith("figures failed")]
        assert "memory runs out" in note
        assert "run again to draw it" in note
        assert note in json.loads(ran.output("run.json").read_text())["notes"]
        assert not ran.output("figures").exists()
    monkeypatch.undo()
    again = run_without_server(ran.analysis, quiet=True)
    assert "figures" in again.computed
    assert not [note for note in again.notes if "memory" in note]
    assert ran.output("figures").is_dir()


def test_a_result_that_is_kept_needs_no_memory(ran, monkeypatch):
    monkeypatch.setattr("topicloom.settings.memory.least_memory", lambda *_, **__: 1e15)
    require_sound(read_settings(ran.analysis))  # the reduction is kept
    ran.write_settings(umap={"n_neighbors": 9})
    with pytest.raises(InputError, match="take at least 1,000,000"):
        require_sound(read_settings(ran.analysis))


def test_a_map_that_was_laid_out_twice_is_told(ran):
    facts = {"represent": {"topics": 3}, "distribution": {}}
    tmo = read_settings(ran.analysis).tmo
    assert not [note for note in result_notes(facts, tmo) if "killed" in note]
    (note,) = [note for note in result_notes({**facts, "reduce": {"map_killed": True}}, tmo) if "killed" in note]
    assert "laid out once more, alone, and is whole" in " ".join(note.split())
