"""The notebook's code and ours, side by side: python -m benchmarks OUT.json SCRATCH [PROJECT ...] [--repeats N].

Each in fresh processes, on the same data, in turn. Without a project, on 10,000 generated papers. Rows that are not
asked for stay in OUT.json as they were measured before.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Collection
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.generator import make_project
from benchmarks.growth import notebook
from benchmarks.measure import measure
from benchmarks.projects import change_settings, copied
from benchmarks.server import running_server
from benchmarks.versions import environment
from benchmarks.waited import ROWS as WAITED_ROWS
from benchmarks.waited import ran, waited_for
from topicloom.store.files import write_json

ROWS = ("notebook", "undrawn", *WAITED_ROWS)


def side_by_side(source: Path, scratch: Path, rows: Collection[str] = ROWS, *, served: bool = True) -> dict[str, Any]:
    """One round on copies of a project: the notebook's code, ours without any picture, and what a person waits for.

    served: what a person waits for, once more with a server running.
    """
    round_: dict[str, Any] = {}
    if "notebook" in rows:
        round_["notebook"] = notebook(copied(source, scratch))
    if "undrawn" in rows:
        round_ |= undrawn(source, scratch)
    round_["waited"] = waited_for(source, scratch, rows, served=served)
    shutil.rmtree(scratch / source.name, ignore_errors=True)
    return round_


def undrawn(source: Path, scratch: Path) -> dict[str, Any]:
    """First run, another min_topic_size, nothing changed, without pictures as the notebook has none.

    What is called served has a server. `pictures` alone draws, for what that costs.
    """
    analysis = copied(source, scratch)
    change_settings(analysis, pictures={"quality": False, "figures": False, "report": False})
    found: dict[str, Any] = {"first": ran(analysis)}
    found["pieces"] = json.loads(
        measure([sys.executable, "-m", "benchmarks.pieces", analysis], {}).output.splitlines()[-1]
    )
    size = change_settings(analysis)["min_topic_size"]
    change_settings(analysis, min_topic_size=size + 2)
    found["other_size"] = ran(analysis)
    found["unchanged"] = ran(analysis)
    with running_server(scratch) as server:
        found["unchanged_served"] = ran(analysis, server)
        change_settings(analysis, min_topic_size=size + 4)
        found["other_size_served"] = ran(analysis, server)
        change_settings(analysis, pictures={})
        found["pictures"] = ran(analysis, server)
    return found


def medians(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The median of every number over the rounds that have it; of what is no number, the first."""
    names = dict.fromkeys(name for round_ in rounds for name in round_)
    found = {}
    for name in names:
        values = [round_[name] for round_ in rounds if name in round_]
        if isinstance(values[0], dict):
            found[name] = medians(values)
        else:
            found[name] = median(values) if isinstance(values[0], (int, float)) else values[0]
    return found


def over(earlier: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    """What was measured earlier, with what was measured later in its place."""
    both = {name: {**earlier.get(name, {}), **later[name]} for name in ("waited", "rounds")}
    return {**earlier, **later, **both}


def main() -> None:
    """Measure every project and write the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("scratch", type=Path)
    parser.add_argument("projects", nargs="*", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=ROWS)
    parser.add_argument("--without-server", action="store_true", help="wait without a server only")
    chosen = parser.parse_intermixed_args()
    projects = chosen.projects
    if not projects:
        generated = chosen.scratch / "source" / "generated_10k"
        if not generated.exists():
            make_project(generated, 10_000)
        projects = [generated]
    earlier = json.loads(chosen.out.read_text()) if chosen.out.exists() else {}
    rounds: dict[str, list[dict[str, Any]]] = {project.name: [] for project in projects}
    for repeat in range(chosen.repeats):
        for project in projects:
            done = side_by_side(project, chosen.scratch / "work", chosen.rows, served=not chosen.without_server)
            rounds[project.name].append(done)
            print(f"round {repeat + 1} of {chosen.repeats}: {project.name}", flush=True)
            results = {
                name: over(earlier.get(name, {}), {**medians(of), "rounds": dict.fromkeys(chosen.rows, len(of))})
                for name, of in rounds.items()
                if of
            }
            write_json(chosen.out, {**earlier, "environment": environment(), **results})


if __name__ == "__main__":
    main()
