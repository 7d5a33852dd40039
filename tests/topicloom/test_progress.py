"""The time that counted work will still take."""

from __future__ import annotations

import pytest

from topicloom import progress
from topicloom.progress import Pace


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress, "monotonic", lambda: now[0])
    return now


def test_the_time_left_follows_from_the_pace_so_far(clock):
    pace = Pace()
    assert pace.left("work", 400, 1000) == ""  # kept by an earlier run
    clock[0] = 2.0
    assert pace.left("work", 420, 1000) == ""  # too early to say
    clock[0] = 10.0
    assert pace.left("work", 500, 1000) == "some 50 s left"
    clock[0] = 60.0
    assert pace.left("work", 600, 1000) == "some 2 min left"
    assert pace.left("work", 1000, 1000) == ""


def test_work_of_the_same_name_begins_anew(clock):
    pace = Pace()
    pace.left("work", 0, 10)
    clock[0] = 100.0
    pace.left("work", 10, 10)
    assert pace.left("work", 0, 10) == ""
    clock[0] = 110.0
    assert pace.left("work", 5, 10) == "some 10 s left"
