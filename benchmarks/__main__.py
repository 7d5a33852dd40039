"""The notebook's code and ours, side by side: python -m benchmarks OUT.json SCRATCH [PROJECT ...] [--repeats N].

Each in fresh processes, on the same data, in turn. Without a project, on 10,000 generated papers.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.generator import make_project
from benchmarks.growth import notebook, ours
from benchmarks.measure import measure
from benchmarks.versions import environment
from flows.server.health import await_server

_PATIENCE = 120.0  # seconds for a server to answer
_EMPTY_FLOW = "from prefect import flow\nf = flow(name='empty')(lambda: None)\nf()"


def side_by_side(source: Path, scratch: Path) -> dict[str, Any]:
    """One round on a copy of a project: notebook, first run, another min_topic_size, nothing changed, pictures.

    The notebook draws nothing, so all but the last run without pictures. What is called served has a running server.
    """
    project = scratch / source.name
    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree(source, project, ignore=shutil.ignore_patterns(".topicloom"))
    for path in [project, *project.rglob("*")]:
        path.chmod(path.stat().st_mode | 0o200)
    analysis = next(path.parent for path in project.glob("*/settings_*.json"))
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
    shutil.rmtree(project)
    return round_


def change_settings(analysis: Path, **changes: Any) -> dict[str, Any]:
    """Change section tmo of an analysis's settings file; returns it."""
    path = next(analysis.glob("settings_*.json"))
    content = json.loads(path.read_text())
    content["tmo"].update(changes)
    path.write_text(json.dumps(content))
    return dict(content["tmo"])


@contextlib.contextmanager
def running_server(scratch: Path) -> Iterator[dict[str, str]]:
    """A Prefect server with a home of its own; the environment in which a run finds it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = {"PREFECT_HOME": str(scratch / "prefect"), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    command = [Path(sys.executable).with_name("prefect"), "server", "start", "--host", "127.0.0.1", "--port", port]
    url = f"http://127.0.0.1:{port}/api"
    with subprocess.Popen(
        [str(part) for part in command],
        env={**os.environ, **home},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as server:
        try:
            if not await_server(url, _PATIENCE):
                raise RuntimeError(f"no Prefect server answers at {url}")
            yield {**home, "PREFECT_API_URL": url}
        finally:
            os.killpg(server.pid, signal.SIGTERM)


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
