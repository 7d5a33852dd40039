"""A run that somebody starts on a server touches what the configs name, and nothing else."""

from __future__ import annotations

import pytest
import yaml

from flows import bounds
from flows.single_stage import stage
from flows.sweep import sweep
from flows.topic_model import topic_model
from topicloom.settings.projects import ConfigError
from topicloom.sweep.grid import SweepPlan

PLAN = SweepPlan(vary={"min_topic_size": [5]})


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """The root that the configs name, and a run that a deployment has started."""
    monkeypatch.setenv("TOPICLOOM_CONFIGS", str(tmp_path / "configs"))
    monkeypatch.setattr(bounds.deployment, "get_id", lambda: "a deployment")
    (tmp_path / "configs").mkdir()
    root = tmp_path / "root"
    (root / "p" / "a01").mkdir(parents=True)
    config = {"root": str(root), "project": "p", "analyses": ["a01"]}
    (tmp_path / "configs" / "mine.yaml").write_text(yaml.safe_dump(config))
    (root / "p" / "link").symlink_to(tmp_path)
    return root / "p" / "a01"


@pytest.mark.parametrize("place", ["..", "../../..", "../link/out", "/etc"])
def test_no_run_of_a_deployment_reads_or_writes_elsewhere(configured, tmp_path, place):
    outside = tmp_path / "elsewhere" if place == ".." else configured / place
    before = sorted(tmp_path.rglob("*"))
    for start in (
        lambda: topic_model.fn(outside),
        lambda: stage.fn(outside, "cluster"),
        lambda: sweep.fn(outside, PLAN),
        lambda: sweep.fn(configured, PLAN, outside),
    ):
        with pytest.raises(ConfigError, match="outside the folders that the server's configs name"):
            start()
    assert sorted(tmp_path.rglob("*")) == before
