"""How many threads are used: affinity, a container's quota, one variable."""

from __future__ import annotations

import os

import pytest

from topicloom.machine import threads


@pytest.fixture
def machine(tmp_path, monkeypatch):
    quotas = (tmp_path / "cpu.max", tmp_path / "cpu.cfs_quota_us")
    monkeypatch.setattr(threads, "_QUOTAS", quotas)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.delenv("TOPICLOOM_THREADS", raising=False)
    return quotas


def test_affinity_alone(machine):
    assert threads.available_threads() == 8


@pytest.mark.parametrize(("quota", "expected"), [("150000 100000", 2), ("max 100000", 8), ("10000 100000", 1)])
def test_a_containers_quota(machine, quota, expected):
    machine[0].write_text(quota + "\n")
    assert threads.available_threads() == expected


@pytest.mark.parametrize(("quota", "expected"), [("300000", 3), ("-1", 8)])
def test_an_older_containers_quota(machine, quota, expected):
    machine[1].write_text(quota + "\n")
    machine[1].with_name("cpu.cfs_period_us").write_text("100000\n")
    assert threads.available_threads() == expected


def test_the_variable_caps_and_does_not_raise(machine, monkeypatch):
    monkeypatch.setenv("TOPICLOOM_THREADS", "3")
    assert threads.available_threads() == 3
    monkeypatch.setenv("TOPICLOOM_THREADS", "99")
    assert threads.available_threads() == 8


@pytest.mark.parametrize("wrong", ["0", "two", "-1", "1.5"])
def test_a_wrong_number_is_said_before_anything_computes(machine, monkeypatch, project, wrong):
    from topicloom.settings.checks import require_fitting_settings
    from topicloom.settings.reading import read_settings

    monkeypatch.setenv("TOPICLOOM_THREADS", wrong)
    with pytest.raises(threads.ThreadsError, match=f"TOPICLOOM_THREADS is '{wrong}'; it must be a whole number"):
        require_fitting_settings(read_settings(project.analysis), {"documents": 240})


@pytest.mark.parametrize("value", ["²", "0", "-1", "1.5", "٣x", " ", "9" * 5000])
def test_a_number_of_threads_that_is_none(monkeypatch, value):
    monkeypatch.setenv("TOPICLOOM_THREADS", value)
    with pytest.raises(threads.ThreadsError, match="it must be a whole number of at least 1"):
        threads.available_threads()
