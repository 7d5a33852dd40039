"""Seconds and peak memory of every stage as a corpus grows: python -m benchmarks.growth OUT.json SCRATCH [SIZE ...].

Each way to topics, every picture included, --rounds times. Each run is written down at once; those that stand in
OUT.json already are not measured again, so that a benchmark that was interrupted goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.generator import make_project, topics_of
from benchmarks.measure import measure
from benchmarks.projects import GRAPH, afresh, change_settings
from benchmarks.versions import environment
from topicloom.store.files import write_json

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
WAYS: dict[str, dict[str, Any]] = {"hdbscan": {}, "graph": GRAPH}
NOTEBOOK_LIMIT = 3600.0  # seconds after which the notebook's code is stopped
NOTEBOOK_SIZES = (10_000, 30_000)


def ours(analysis: Path, env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Our flow on a project: seconds and bytes by stage, and of the whole. env: beside this process's environment."""
    found = measure([Path(sys.executable).with_name("topicloom"), "run", analysis], env or {})
    whole = {"whole": found.seconds, "processor": found.processor, "peak": found.peak}
    if found.code:
        return {"code": found.code, **whole, "output": found.output[-3000:]}
    record = json.loads((analysis / "run.json").read_text())
    stages = {name: note["seconds"] for name, note in record["stages"].items()}
    peaks = {
        path.parent.parent.name: json.loads(path.read_text())["peak_memory_bytes"]
        for path in analysis.parent.glob(".topicloom/*/*/manifest.json")
    }
    return {**whole, "stages": stages, "stage_peaks": peaks, **record["counts"]}


def notebook(analysis: Path) -> dict[str, Any]:
    """The notebook's code on a project, stopped after an hour."""
    found = measure([sys.executable, "-m", "benchmarks.notebook", analysis], {}, NOTEBOOK_LIMIT)
    result: dict[str, Any] = {
        "whole": found.seconds,
        "processor": found.processor,
        "peak": found.peak,
        "code": found.code,
    }
    return result if found.code else {**result, **json.loads(found.output.splitlines()[-1])}


def _left(runs: list[dict[str, Any]], size: int, ways: list[str], rounds: int) -> list[tuple[int, str]]:
    """The rounds and ways of a size that are not measured yet; the ways in turn. What failed is tried again."""
    done = {(run["documents"], run["round"], run["way"]) for run in runs if "code" not in run["ours"]}
    return [(round_, way) for round_, way in product(range(rounds), ways) if (size, round_, way) not in done]


def main() -> None:
    """Measure what is left of each size, the smallest first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("scratch", type=Path)
    parser.add_argument("sizes", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--notebook", type=int, nargs="*", default=list(NOTEBOOK_SIZES), help="sizes it runs on, once")
    given = parser.parse_intermixed_args()
    results: dict[str, Any] = json.loads(given.out.read_text()) if given.out.exists() else {}
    results = {"environment": environment(), "runs": [], "notebook": {}, **results}
    for size in sorted(given.sizes):
        left = _left(results["runs"], size, given.ways, given.rounds)
        asked = size in given.notebook and str(size) not in results["notebook"]
        if not left and not asked:
            continue
        folder = given.scratch / f"g{size}"
        shutil.rmtree(folder, ignore_errors=True)
        analysis = make_project(folder, size)
        change_settings(analysis, pictures={})
        as_made = json.loads(next(analysis.glob("settings_*.json")).read_text())["tmo"]
        for round_, way in left:
            afresh(analysis, {**as_made, **WAYS[way]})
            run = {"documents": size, "true_topics": topics_of(size), "way": way, "round": round_}
            run["ours"] = ours(analysis)
            results["runs"] = [one for one in results["runs"] if {**one, "ours": 0} != {**run, "ours": 0}] + [run]
            write_json(given.out, results)
            print(json.dumps(run)[:2000], flush=True)
        if asked:
            afresh(analysis, as_made)
            results["notebook"][str(size)] = notebook(analysis)
            write_json(given.out, results)
            print(size, json.dumps(results["notebook"][str(size)])[:2000], flush=True)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
