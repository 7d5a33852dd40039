"""What a person waits for: `topicloom run` with every picture and the report, and what follows it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.growth import ours
from benchmarks.projects import change_settings, copied
from benchmarks.server import running_server

GRAPH = {"clusterer": "graph", "graph": {"resolution": 20}}
# What is measured, in the order of the table, and what it is called there.
WAITED = {
    "first": "first run",
    "unchanged": "nothing changed",
    "other_size": "another min_topic_size",
    "graph": "first run, topics from the graph at resolution 20",
    "cold": "first run, nothing compiled before",
    "first_served": "first run, a server running",
    "unchanged_served": "nothing changed, a server running",
    "other_size_served": "another min_topic_size, a server running",
    "graph_served": "the same, a server running",
}


def waited_for(source: Path, scratch: Path) -> dict[str, dict[str, Any]]:
    """Seconds, processor seconds and bytes of each of `WAITED`, in fresh processes, on copies of a project."""
    found, analysis = {}, copied(source, scratch)
    found["first"] = ours(analysis)
    found["unchanged"] = ours(analysis)
    found["other_size"] = _other_size(analysis, {})
    found["graph"] = _graph(source, scratch, {})
    with tempfile.TemporaryDirectory(dir=scratch) as nothing:
        found["cold"] = ours(copied(source, scratch), {"NUMBA_CACHE_DIR": nothing})
    with running_server(scratch) as server:
        analysis = copied(source, scratch)
        found["first_served"] = ours(analysis, server)
        found["unchanged_served"] = ours(analysis, server)
        found["other_size_served"] = _other_size(analysis, server)
        found["graph_served"] = _graph(source, scratch, server)
    shutil.rmtree(analysis.parent, ignore_errors=True)
    return {name: found[name] for name in WAITED}


def _other_size(analysis: Path, env: Mapping[str, str]) -> dict[str, Any]:
    change_settings(analysis, min_topic_size=change_settings(analysis)["min_topic_size"] + 2)
    return ours(analysis, env)


def _graph(source: Path, scratch: Path, env: Mapping[str, str]) -> dict[str, Any]:
    analysis = copied(source, scratch)
    settings = change_settings(analysis)
    change_settings(analysis, **GRAPH, hdbscan=None, n_topics=0, min_topic_size=settings["min_topic_size"])
    return ours(analysis, env)
