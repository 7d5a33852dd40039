"""How many threads are used: affinity, a container's quota, one variable."""

from __future__ import annotations

import os
import subprocess
import sys

import joblib
import pytest

from topicloom.machine import threads


@pytest.fixture
def machine(monkeypatch):
    """Eight cores, as joblib counts them: it respects affinity and a container's quota."""
    monkeypatch.setattr(joblib, "cpu_count", lambda: 8)
    monkeypatch.delenv("TOPICLOOM_THREADS", raising=False)


def test_joblib_counts(machine):
    assert threads.available_threads() == 8


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="affinity is Linux's")
def test_a_process_on_one_core_uses_one():
    words = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})"
    words += "; from topicloom.machine.threads import available_threads; print(available_threads())"
    assert subprocess.check_output([sys.executable, "-c", words], text=True).strip() == "1"


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
