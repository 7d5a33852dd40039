"""A sweep of 24 settings against 24 runs of the notebook: python -m benchmarks.sweeps OUT.json SCRATCH PROJECT.

The notebook's code is run for three of the settings, in fresh processes, and stands for the others by their mean; the
sweep runs all of them, once with one seed, as the notebook has it, and then with the two further seeds that say how
stable the topics are.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from statistics import mean
from typing import Any

import yaml

from benchmarks.growth import notebook
from benchmarks.lineage import GrowingProject
from benchmarks.measure import measure
from benchmarks.versions import environment

SIZES, NEIGHBOURS = [5, 8, 10, 15, 20, 30], [10, 15, 20, 30]
NOTEBOOK_SIZES = [5, 10, 30]


def sweep_seconds(project: GrowingProject, seeds: int, workers: int) -> dict[str, Any]:
    """Sweep all 24 settings; seconds and peak memory of the whole process."""
    plan = {
        "vary": {"min_topic_size": SIZES, "n_neighbors": NEIGHBOURS},
        "seeds": seeds,
        "runner": "processes",
        "workers": workers,
    }
    path = project.folder / "sweep.yaml"
    path.write_text(yaml.safe_dump(plan), encoding="utf-8")
    command: list[str | Path] = [Path(sys.executable).with_name("topicloom"), "sweep", project.analysis, path]
    found = measure(command, {})
    if found.code:
        raise RuntimeError(found.output[-3000:])
    record = json.loads((project.analysis / "sweep" / "sweep.json").read_text(encoding="utf-8"))
    return {"seconds": found.seconds, "peak": found.peak, "tried": len(record["keys"]), "why": record["why"]}


def main() -> None:
    """Run the benchmark and write its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("scratch", type=Path)
    parser.add_argument("project", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    project = GrowingProject(given.project, given.scratch / "sweep")
    project.cut(9999)  # all of it
    figures: dict[str, Any] = {"environment": environment()}
    figures["sweep"] = sweep_seconds(project, 1, given.workers)
    figures["further_seeds"] = sweep_seconds(project, 3, given.workers)
    print(figures, file=sys.stderr)
    seconds = []
    for size in NOTEBOOK_SIZES:
        project.change(min_topic_size=size)
        found = notebook(project.analysis)
        if found["code"]:
            raise RuntimeError("the notebook's code failed")
        seconds.append(found["whole"])
        print(size, seconds[-1], file=sys.stderr)
    count = len(SIZES) * len(NEIGHBOURS)
    figures["notebook"] = {"sizes": NOTEBOOK_SIZES, "seconds": seconds, "of_all": count * mean(seconds)}
    figures["ratio"] = figures["notebook"]["of_all"] / figures["sweep"]["seconds"]
    print(figures["ratio"], file=sys.stderr)
    given.out.write_text(json.dumps(figures, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
