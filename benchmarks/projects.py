"""Projects to measure on: copies that runs may write into, with other settings."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any


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
