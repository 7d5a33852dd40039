"""What a person waits for: `topicloom run` with every picture and the report, and what follows it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from benchmarks.growth import ours
from benchmarks.projects import GRAPH, change_settings, copied
from benchmarks.server import running_server

# What is measured, in the order of the table, and what it is called there; a server running or not.
WAITED = {
    "first": "first run",
    "unchanged": "nothing changed",
    "other_size": "another min_topic_size",
    "graph": "first run, topics from the graph at resolution 20",
    "cold": "first run, nothing compiled before",
    "first_served": "first run, a server running",
    "unchanged_served": "nothing changed, a server running",
    "other_size_served": "another min_topic_size, a server running",
    "graph_served": "first run, topics from the graph, a server running",
    "cold_served": "first run, nothing compiled before, a server running",
}
ROWS = ("warm", "graph", "cold")  # what may be asked for alone; warm: the first three


def waited_for(source: Path, scratch: Path, rows: Collection[str] = ROWS, *, served: bool = True) -> dict[str, Any]:
    """Seconds, processor seconds and bytes of those of `WAITED` asked for, in fresh processes, on copies of a project.

    served: once more with a server running.
    """
    found = _waited_for(source, scratch, rows, {})
    if served:
        with running_server(scratch) as server:
            again = _waited_for(source, scratch, rows, server)
        found |= {f"{name}_served": one for name, one in again.items()}
    shutil.rmtree(scratch / source.name, ignore_errors=True)
    return {name: found[name] for name in WAITED if name in found}


def _waited_for(source: Path, scratch: Path, rows: Collection[str], env: Mapping[str, str]) -> dict[str, Any]:
    found = {}
    if "warm" in rows:
        analysis = copied(source, scratch)
        found["first"] = ran(analysis, env)
        found["unchanged"] = ran(analysis, env)
        change_settings(analysis, min_topic_size=change_settings(analysis)["min_topic_size"] + 2)
        found["other_size"] = ran(analysis, env)
    if "graph" in rows:
        analysis = copied(source, scratch)
        change_settings(analysis, **GRAPH, hdbscan=None, n_topics=0)
        found["graph"] = ran(analysis, env)
    if "cold" in rows:
        with tempfile.TemporaryDirectory(dir=scratch) as nothing:
            found["cold"] = ran(copied(source, scratch), {**env, "NUMBA_CACHE_DIR": nothing})
    return found


def ran(analysis: Path, env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Our flow on a project, which must not fail.

    Raises:
        RuntimeError: The run failed; what it printed.
    """
    found = ours(analysis, env)
    if "code" in found:
        raise RuntimeError(f"{analysis}: the run ended with code {found['code']}.\n{found['output']}")
    return found
