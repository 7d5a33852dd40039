"""A run that the system ends in parts, where memory runs out: it says so in run.json, and the next run tries again."""

from __future__ import annotations

import json
import os
import signal
from concurrent.futures import ProcessPoolExecutor

import pytest

from topicloom.settings.reading import read_settings


def _end_oneself(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed_child(*_: object) -> None:
    """Draws in a child that is killed while it works."""
    with ProcessPoolExecutor(1) as pool:
        pool.submit(_end_oneself).result()


def refused(*_: object) -> None:
    raise MemoryError


@pytest.mark.parametrize("end", [killed_child, refused])
def test_a_picture_that_memory_did_not_suffice_for_is_named_and_drawn_next_time(finished, run, monkeypatch, end):
    finished.write_settings(pictures={"quality": False, "figures": True, "report": False})
    monkeypatch.setattr("topicloom.figures.gallery.draw_figures", end)
    report = run(finished.analysis)
    (note,) = [note for note in report.notes if note.startswith("figures failed")]
    assert "memory runs out" in note
    assert "run again to draw it" in note
    assert note in json.loads(finished.output("run.json").read_text())["notes"]
    assert not finished.output("figures").exists()
    monkeypatch.undo()
    again = run(finished.analysis)
    assert "figures" in again.computed
    assert not [note for note in again.notes if "memory" in note]
    assert finished.output("figures").is_dir()


def test_a_map_that_was_laid_out_twice_is_told(finished):
    from topicloom.stages.notes import result_notes

    facts = {"represent": {"topics": 3}, "distribution": {}, "reduce": {"map_killed": True}}
    settings = read_settings(finished.analysis)
    assert any("killed" in note for note in result_notes(facts, settings.tmo)) is True
