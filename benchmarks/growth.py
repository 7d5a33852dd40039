"""Seconds and peak memory of every stage as a corpus grows: python -m benchmarks.growth OUT.json SCRATCH [SIZE ...]."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.generator import make_project, topics_of
from benchmarks.measure import measure

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
NOTEBOOK_LIMIT = 3600.0  # seconds after which the notebook's code is stopped


def ours(analysis: Path, env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Our flow on a project: seconds and bytes by stage, and of the whole. env: beside this process's environment."""
    found = measure([Path(sys.executable).with_name("topicloom"), "run", analysis], env or {})
    if found.code:
        return {"code": found.code, "whole": found.seconds, "peak": found.peak, "output": found.output[-3000:]}
    record = json.loads((analysis / "run.json").read_text())
    stages = {name: note["seconds"] for name, note in record["stages"].items()}
    peaks = {
        path.parent.parent.name: json.loads(path.read_text())["peak_memory_bytes"]
        for path in analysis.parent.glob(".topicloom/*/*/manifest.json")
    }
    whole = {"whole": found.seconds, "processor": found.processor, "peak": found.peak}
    return {**whole, "stages": stages, "stage_peaks": peaks, **record["counts"]}


def notebook(analysis: Path) -> dict[str, Any]:
    """The notebook's code on a project, stopped after an hour."""
    found = measure([sys.executable, "-m", "benchmarks.notebook", analysis], {}, NOTEBOOK_LIMIT)
    result: dict[str, Any] = {"whole": found.seconds, "peak": found.peak, "code": found.code}
    return result if found.code else {**result, **json.loads(found.output.splitlines()[-1])}


def main(out: Path, scratch: Path, sizes: list[int], with_notebook: set[int]) -> None:
    """Measure each size; a size that has been measured before is measured anew, the others stay."""
    results = json.loads(out.read_text()) if out.exists() else {}
    for size in sizes:
        folder = scratch / f"g{size}"
        shutil.rmtree(folder, ignore_errors=True)
        analysis = make_project(folder, size)
        entry = {"documents": size, "true_topics": topics_of(size), "ours": ours(analysis)}
        print(size, json.dumps(entry["ours"])[:2000], flush=True)
        if size in with_notebook:
            entry["notebook"] = notebook(analysis)
            print(size, json.dumps(entry["notebook"])[:2000], flush=True)
        results[str(size)] = {**results.get(str(size), {}), **entry}
        out.write_text(json.dumps(results, indent=2))
        shutil.rmtree(folder)


if __name__ == "__main__":
    chosen = [int(size) for size in sys.argv[3:]] or list(SIZES)
    main(Path(sys.argv[1]), Path(sys.argv[2]), chosen, {10_000, 30_000})
