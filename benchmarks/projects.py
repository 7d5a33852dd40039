"""Projects to measure on: copies that runs may write into, with other settings."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

# Topics from the graph, at one resolution: `auto` would try eleven.
GRAPH = {"clusterer": "graph", "graph": {"resolution": 20}}


def copied(source: Path, scratch: Path) -> Path:
    """A fresh copy of a project, without what earlier runs have kept; its first analysis."""
    project = scratch / source.name
    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree(source, project, ignore=shutil.ignore_patterns(".topicloom"))
    for path in [project, *project.rglob("*")]:
        path.chmod(path.stat().st_mode | 0o200)
    return next(path.parent for path in sorted(project.glob("*/settings_*.json")))


def change_settings(analysis: Path, **changes: Any) -> dict[str, Any]:
    """Change section tmo of an analysis's settings file; returns it."""
    path = next(analysis.glob("settings_*.json"))
    content = json.loads(path.read_text())
    content["tmo"].update(changes)
    path.write_text(json.dumps(content))
    return dict(content["tmo"])


def afresh(analysis: Path, tmo: dict[str, Any]) -> None:
    """Remove all that runs have left of a project, and write section tmo of its settings file anew."""
    shutil.rmtree(analysis.parent / ".topicloom", ignore_errors=True)
    settings = next(analysis.glob("settings_*.json"))
    content = json.loads(settings.read_text())
    shutil.rmtree(analysis)
    analysis.mkdir()
    settings.write_text(json.dumps({**content, "tmo": tmo}))


def seeded(analysis: Path, seed: int) -> None:
    """Give an analysis's settings file another seed."""
    path = next(analysis.glob("settings_*.json"))
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "params": {**content.get("params", {}), "seed": seed}}))
