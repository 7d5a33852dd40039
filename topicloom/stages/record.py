"""What run.json says of a result: settings, counts, notes, versions and keys of stages, from references alone."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from topicloom import __version__
from topicloom.settings.schema import Settings
from topicloom.stage_names import DESCRIBE, DISTRIBUTION, LOAD_EMBEDDINGS, ORPHAN_SPLIT, REPRESENT
from topicloom.stages.notes import (
    choice_notes,
    corpus_notes,
    dataset_notes,
    graph_notes,
    orphan_notes,
    picture_notes,
    result_notes,
    update_notes,
)
from topicloom.store.store import StageRef, Store

Facts = Mapping[str, Mapping[str, Any]]


def counts_of(facts: Facts) -> dict[str, int]:
    """Papers, topics and outliers of a result, and what else is counted. facts: of its stages, by name."""
    loaded, represented = facts[LOAD_EMBEDDINGS], facts[REPRESENT]
    return {
        **{name: int(represented[name]) for name in ("topics", "outliers")},
        **{name: int(loaded[name]) for name in ("documents", "empty_texts", "repeated_texts", "texts_with_nan")},
        **{name: int(value) for name, value in facts[DISTRIBUTION].items()},
        **{name: int(value) for name, value in facts[ORPHAN_SPLIT].items()},
    }


def notes_of(settings: Settings, facts: Facts, failed: Mapping[str, str] | None = None) -> list[str]:
    """What a person should know about a result, a sentence each.

    Args:
        settings: Those of the run.
        facts: Of its stages, by name.
        failed: Pictures that could not be made, and why.
    """
    return [
        *settings.notes,
        *corpus_notes(facts[LOAD_EMBEDDINGS], settings.tmo),
        *dataset_notes(facts.get(DESCRIBE, {}), facts[LOAD_EMBEDDINGS]["documents"]),
        *result_notes(facts, settings.tmo),
        *choice_notes(facts),
        *update_notes(facts),
        *graph_notes(facts, settings.tmo),
        *orphan_notes(facts, settings.tmo.orphans.target_share),
        *picture_notes(facts, failed or {}),
    ]


def result_record(settings: Settings, store: Store, refs: Mapping[str, StageRef], run_id: str | None) -> dict[str, Any]:
    """The entries of run.json that a result decides, whatever run of it they are written in.

    Args:
        settings: Those of the run.
        store: Of the project.
        refs: The results of its stages up to the export, by name.
        run_id: Of the run in Prefect.
    """
    facts = {stage: ref.facts for stage, ref in refs.items()}
    counts = counts_of(facts)
    libraries: dict[str, str] = {}
    for ref in refs.values():
        libraries |= store.manifest(ref).get("made_from", {}).get("libraries", {})
    return {
        "analysis": settings.label,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "prefect_run_id": run_id,
        "host": platform.node(),
        "versions": {"topicloom": __version__, "python": platform.python_version(), **dict(sorted(libraries.items()))},
        "settings": settings.model_dump(mode="json", exclude={"root", "notes", "this_year"}),
        "counts": {**counts, "outlier_share": round(counts["outliers"] / counts["documents"], 4)},
        "notes": notes_of(settings, facts),
        "stages": {stage: {"key": ref.key} for stage, ref in refs.items()},
    }
