"""Runs of analyses as the history takes them, without computing anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.conftest import Project
from tests.topicloom.lineage.test_matching import first, partition, second
from topicloom.lineage.history import History, lineage_of, new_lineage
from topicloom.lineage.mending import mend_history
from topicloom.lineage.records import RunRecord
from topicloom.settings.reading import read_settings
from topicloom.settings.schema import Settings


def state(folder: Path, run: RunRecord) -> None:
    """Write the run.json that a run ends with."""
    identity = {
        "history": run.history,
        "lineage": run.lineage,
        "run": run.number,
        "entered": True,
        "finished": run.finished,
    }
    (folder / "run.json").write_text(json.dumps({"identity": identity}))


def enter(settings: Settings, *groups: str, **given: Any) -> RunRecord:
    """Run an analysis that finds these topics, a text each with a letter a paper."""
    mend_history(settings)
    history, lineage = History(settings), lineage_of(settings)
    heads = history.heads(lineage)
    found = partition(*groups)
    if heads:
        run = second(history.read(lineage, heads[-1].number), found)
        run = run.model_copy(update={"number": heads[-1].number + 1, "parent": heads[-1].number})
    else:
        run = first(found)
    own = {
        "project": settings.metadata.project_folder,
        "analysis": settings.metadata.analysis_id,
        "lineage": lineage or new_lineage(settings, None),
        "result": "/".join(groups),
        "base": run.number,
        **given,
    }
    run = history.append(lambda name: run.model_copy(update={"history": name, **own}))
    state(settings.analysis_path, run)
    return run


def settings_of(project: Project, analysis: str) -> Settings:
    """The settings of an analysis, whose folder is made where it is missing."""
    return read_settings(project.write_settings(analysis))
