"""The notebook's code and ours, side by side: python -m benchmarks OUT.json SCRATCH [PROJECT ...] [--repeats N].

Each in fresh processes, on the same data, in turn. Without a project, on 10,000 generated papers.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.generator import make_project
from benchmarks.growth import notebook, ours
from benchmarks.measure import measure
from benchmarks.projects import change_settings, copied
from benchmarks.server import running_server
from benchmarks.versions import environment
from benchmarks.waited import waited_for

_EMPTY_FLOW = "from prefect import flow\nf = flow(name='empty')(lambda: None)\nf()"


def side_by_side(source: Path, scratch: Path) -> dict[str, Any]:
    """One round on copies of a project: notebook, first run, another min_topic_size, nothing changed, the waiting.

    The notebook draws nothing, so all but `pictures` and `waited` run without any. What is called served has a server.
    """
    analysis = copied(source, scratch)
    change_settings(analysis, pictures={"quality": False, "figures": False, "report": False})
    round_: dict[str, Any] = {"notebook": notebook(analysis), "first": ours(analysis)}
    round_["pieces"] = json.loads(
        measure([sys.executable, "-m", "benchmarks.pieces", analysis], {}).output.splitlines()[-1]
    )
    size = change_settings(analysis)["min_topic_size"]
    change_settings(analysis, min_topic_size=size + 2)
    round_["other_size"] = ours(analysis)
    round_["unchanged"] = ours(analysis)
    round_["empty_flow"] = measure([sys.executable, "-c", _EMPTY_FLOW], {}).seconds
    with running_server(scratch) as server:
        round_["empty_flow_served"] = measure([sys.executable, "-c", _EMPTY_FLOW], server).seconds
        round_["unchanged_served"] = ours(analysis, server)
        change_settings(analysis, min_topic_size=size + 4)
        round_["other_size_served"] = ours(analysis, server)
        change_settings(analysis, pictures={})
        round_["pictures"] = ours(analysis, server)
    shutil.rmtree(analysis.parent)
    round_["waited"] = waited_for(source, scratch)
    return round_


def medians(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The median of every number over the rounds."""
    first = rounds[0]
    return {
        name: medians([round_[name] for round_ in rounds])
        if isinstance(value, dict)
        else median(round_[name] for round_ in rounds)
        if isinstance(value, (int, float))
        else value
        for name, value in first.items()
    }


def main() -> None:
    """Measure every project and write the medians."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("scratch", type=Path)
    parser.add_argument("projects", nargs="*", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_intermixed_args()
    projects = chosen.projects
    if not projects:
        generated = chosen.scratch / "source" / "generated_10k"
        if not generated.exists():
            make_project(generated, 10_000)
        projects = [generated]
    rounds: dict[str, list[dict[str, Any]]] = {project.name: [] for project in projects}
    for repeat in range(chosen.repeats):
        for project in projects:
            rounds[project.name].append(side_by_side(project, chosen.scratch / "work"))
            print(f"round {repeat + 1} of {chosen.repeats}: {project.name}", flush=True)
            results = {name: medians(done) for name, done in rounds.items() if done}
            chosen.out.write_text(
                json.dumps({"environment": environment(), "repeats": repeat + 1, **results}, indent=2)
            )


if __name__ == "__main__":
    main()
