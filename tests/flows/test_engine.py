"""A run whose pieces the workers of a cluster do: the same results, byte for byte."""

from __future__ import annotations

import json

import pytest

from flows.plain_run import run_without_server
from topicloom.engine.stated import EngineError


def keys(project) -> dict[str, str]:
    """The key of each stage, which names the digests of all that it reads."""
    stages = json.loads(project.output("run.json").read_text())["stages"]
    return {name: stage["key"] for name, stage in stages.items()}


@pytest.mark.slow
def test_results_are_those_of_one_process(project, finished, monkeypatch):
    monkeypatch.setenv("TOPICLOOM_ENGINE", "dask:2")
    report = run_without_server(project.analysis)
    assert {"represent", "distribution"} <= set(report.computed)
    assert keys(project) == keys(finished)
    for name in ("dataset_minimal.csv", "topic_model_info.csv"):
        assert project.output(name).read_bytes() == finished.output(name).read_bytes()
    monkeypatch.delenv("TOPICLOOM_ENGINE")
    assert run_without_server(project.analysis).computed == []


def test_an_engine_that_there_is_not_is_said_before_anything_is_computed(project, monkeypatch):
    monkeypatch.setenv("TOPICLOOM_ENGINE", "spark:4")
    with pytest.raises(EngineError, match="must be one of"):
        run_without_server(project.analysis)
    assert not project.output("run.json").exists()
