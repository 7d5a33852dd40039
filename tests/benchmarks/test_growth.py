"""The benchmark of growth goes on where it was interrupted, and its page says what it measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import growth
from benchmarks.growth_report import growth_part


class Runs:
    """Stands for measured runs: notes the settings of each, fails or is interrupted where told."""

    def __init__(self) -> None:
        self.clusterers: list[str] = []
        self.pictures: list[Any] = []
        self.interrupted_at, self.failing_at = -1, -1

    def __call__(self, analysis: Path) -> dict[str, Any]:
        assert not (analysis.parent / ".topicloom").exists()
        (analysis.parent / ".topicloom").mkdir()
        (analysis / "left_behind.txt").touch()
        tmo = json.loads(next(analysis.glob("settings_*.json")).read_text())["tmo"]
        if len(self.clusterers) == self.interrupted_at:
            raise KeyboardInterrupt
        self.clusterers.append(tmo.get("clusterer", "hdbscan"))
        self.pictures.append(tmo["pictures"])
        if len(self.clusterers) == self.failing_at:
            return {"code": 1, "whole": 1.0, "processor": 1.0, "peak": 1, "output": ""}
        return {"whole": 4.0, "processor": 5.0, "peak": 2**30, "topics": 7, "documents": 300, "stages": {"reduce": 2.0}}


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    runs = Runs()
    monkeypatch.setattr(growth, "ours", runs)
    return runs


def run_main(monkeypatch: pytest.MonkeyPatch, folder: Path, *arguments: str) -> dict[str, Any]:
    monkeypatch.setattr("sys.argv", ["growth", str(folder / "out.json"), str(folder), *arguments, "--notebook"])
    growth.main()
    found: dict[str, Any] = json.loads((folder / "out.json").read_text())
    return found


def test_both_ways_in_turn_with_pictures_and_nothing_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runs: Runs
) -> None:
    found = run_main(monkeypatch, tmp_path, "300", "--rounds", "2")
    assert runs.clusterers == ["hdbscan", "graph", "hdbscan", "graph"]
    assert runs.pictures == [{}] * 4
    assert [(run["way"], run["round"]) for run in found["runs"]] == [
        ("hdbscan", 0),
        ("graph", 0),
        ("hdbscan", 1),
        ("graph", 1),
    ]


def test_what_was_interrupted_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runs: Runs) -> None:
    runs.interrupted_at = 3
    with pytest.raises(KeyboardInterrupt):
        run_main(monkeypatch, tmp_path, "300", "--rounds", "2")
    assert len(json.loads((tmp_path / "out.json").read_text())["runs"]) == 3
    runs.interrupted_at = -1
    assert len(run_main(monkeypatch, tmp_path, "300", "--rounds", "2")["runs"]) == 4
    assert len(runs.clusterers) == 4
    assert len(run_main(monkeypatch, tmp_path, "300", "--rounds", "3")["runs"]) == 6
    assert len(runs.clusterers) == 6


def test_what_failed_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runs: Runs) -> None:
    runs.failing_at = 1
    found = run_main(monkeypatch, tmp_path, "300", "--rounds", "1", "--ways", "hdbscan")
    assert found["runs"][0]["ours"]["code"] == 1
    found = run_main(monkeypatch, tmp_path, "300", "--rounds", "1", "--ways", "hdbscan")
    assert [run["ours"]["whole"] for run in found["runs"]] == [4.0]


def measured(papers: int, round_: int, seconds: float) -> dict[str, Any]:
    stages = {"reduce": seconds, "cluster": 0.1}
    return {
        "documents": papers,
        "way": "hdbscan",
        "round": round_,
        "ours": {"whole": 2 * seconds, "processor": seconds, "peak": 2**30, "topics": 5, "stages": stages},
    }


def test_medians_and_exponents_from_100_000_papers_on() -> None:
    runs = [measured(10_000, 0, 90.0), *(measured(100_000, r, s) for r, s in enumerate((10.0, 900.0, 9.0)))]
    failed = {"documents": 1_000_000, "way": "hdbscan", "round": 0, "ours": {"code": 1}}
    page = growth_part({"runs": [*runs, measured(1_000_000, 0, 1000.0), failed], "notebook": {}})
    assert "| reduce | 90.0 | 10.0 | 1000.0 | 2.00 | 2.00 |" in page
    assert "| cluster | 0.1 | 0.1 | 0.1 |  |  |" in page
    assert "| rounds | 1 | 3 | 1 | | |" in page
    assert "Not measured yet: 30,000; 300,000 papers." in page
    assert "from the graph" not in page
