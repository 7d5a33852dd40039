"""What make bench measures: parts of it can be measured alone, and stand together on the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as bench
from benchmarks import report, waited


def ran(seconds: float = 4.0) -> dict[str, Any]:
    return {"whole": seconds, "processor": 5.0, "peak": 2**30, "stages": {"reduce": 2.0}, "topics": 3, "documents": 9}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    analysis = tmp_path / "P" / "a01"
    analysis.mkdir(parents=True)
    (analysis / "settings_a.json").write_text(json.dumps({"tmo": {"min_topic_size": 5}}))
    return tmp_path / "P"


def test_each_row_with_a_server_and_without(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[dict[str, Any], bool, bool]] = []

    def ours(analysis: Path, env: dict[str, str] | None = None) -> dict[str, Any]:
        tmo = json.loads(next(analysis.glob("settings_*.json")).read_text())["tmo"]
        seen.append((tmo, "PREFECT_API_URL" in (env or {}), "NUMBA_CACHE_DIR" in (env or {})))
        return ran()

    class Server:
        def __init__(self, _: Path) -> None:
            pass

        def __enter__(self) -> dict[str, str]:
            return {"PREFECT_API_URL": "http://localhost"}

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(waited, "ours", ours)
    monkeypatch.setattr(waited, "running_server", Server)
    (tmp_path / "scratch").mkdir()
    assert list(waited.waited_for(source, tmp_path / "scratch")) == list(waited.WAITED)
    assert [served for _, served, _ in seen] == [False] * 5 + [True] * 5
    assert [cold for *_, cold in seen] == [False, False, False, False, True] * 2
    assert [tmo["min_topic_size"] for tmo, *_ in seen[:4]] == [5, 5, 7, 5]
    assert [tmo.get("clusterer") for tmo, *_ in seen[:5]] == [None, None, None, "graph", None]
    assert not any("pictures" in tmo for tmo, *_ in seen)
    assert list(waited.waited_for(source, tmp_path / "scratch", ["cold"], served=False)) == ["cold"]


def test_a_run_that_fails_is_no_measurement(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waited, "ours", lambda *_: {**ran(), "code": 2, "output": "no such field"})
    with pytest.raises(RuntimeError, match="no such field"):
        waited.ran(source / "a01")


def test_what_is_measured_later_stands_beside_the_earlier(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = iter([{"first": ran(8.0)}, {"first": ran(2.0)}, {"first": ran(4.0)}, {"cold": ran(90.0)}])
    monkeypatch.setattr(bench, "waited_for", lambda *_, **__: next(taken))
    out = tmp_path / "side.json"
    for rounds, row in ((3, "warm"), (1, "cold")):
        arguments = [str(out), str(tmp_path), str(source), "--repeats", str(rounds), "--rows", row]
        monkeypatch.setattr("sys.argv", ["benchmarks", *arguments])
        bench.main()
    entry = json.loads(out.read_text())["P"]
    assert {name: one["whole"] for name, one in entry["waited"].items()} == {"first": 4.0, "cold": 90.0}
    assert entry["rounds"] == {"warm": 3, "cold": 1}

    grown = tmp_path / "growth.json"
    run = {"documents": 10_000, "way": "graph", "round": 0, "ours": ran()}
    grown.write_text(json.dumps({"runs": [run], "notebook": {}}))
    monkeypatch.setattr("sys.argv", ["report", str(out), str(grown), "--docs", str(tmp_path / "docs")])
    report.main()
    page = (tmp_path / "docs" / "benchmarks.md").read_text()
    assert "Medians of rounds: warm 3, cold 1." in page
    assert "| first run | 4.0 s | 5.0 s | 1.00 GiB |  |" in page
    assert "| first run, nothing compiled before | 90.0 s | 5.0 s | 1.00 GiB |  |" in page
    assert (tmp_path / "docs" / "images" / "growth.svg").exists()

    entry["waited"]["first"] = ran(3.0)
    out.write_text(json.dumps({**json.loads(out.read_text()), "P": entry}))
    monkeypatch.setattr("sys.argv", ["report", str(out), "--docs", str(tmp_path / "docs")])
    report.main()
    later = (tmp_path / "docs" / "benchmarks.md").read_text()
    assert "| first run | 3.0 s | 5.0 s | 1.00 GiB |  |" in later
    assert later.partition("## Growth")[1:] == page.partition("## Growth")[1:]
