"""What a run reports at its end: to the person, and to run.json."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect.runtime import flow_run
from pydantic import BaseModel

from flows.stage_runner import CACHED, Outcome
from topicloom import __version__
from topicloom.settings.schema import Settings
from topicloom.stages.notes import choice_notes, corpus_notes, orphan_notes, picture_notes, result_notes, update_notes
from topicloom.stages.registry import DISTRIBUTION, EXPORT, LOAD_EMBEDDINGS, ORPHAN_SPLIT, REPRESENT
from topicloom.store.run_record import analysis_lock, update_record
from topicloom.store.store import Store


class StageReport(BaseModel):
    """One stage of a run.

    seconds: of this run. computed_seconds, peak_memory_bytes: of its computation, in this run or an earlier one.
    """

    status: str
    key: str
    seconds: float
    computed_seconds: float | None = None
    computed_at: str | None = None
    peak_memory_bytes: int | None = None


class RunReport(BaseModel):
    """The outcome of a run, as the last table of `topicloom run` shows it."""

    analysis: str
    folder: Path
    documents: int
    topics: int
    outliers: int
    counts: dict[str, int]
    notes: list[str]
    changes: str
    stages: dict[str, StageReport]

    @property
    def outlier_share(self) -> float:
        """Share of the documents that are outliers, 0 to 1."""
        return self.outliers / self.documents

    @property
    def cached(self) -> list[str]:
        """Stages whose result was kept."""
        return [name for name, stage in self.stages.items() if stage.status == CACHED]

    @property
    def computed(self) -> list[str]:
        """Stages that were computed in this run."""
        return [name for name, stage in self.stages.items() if stage.status != CACHED]


def finish_run(
    settings: Settings, outcomes: Mapping[str, Outcome], changes: str, failed: Mapping[str, str] | None = None
) -> RunReport:
    """Put a run's outcome into run.json, and return it.

    changes: what is other than in the run before. failed: pictures that could not be made, and why.
    """
    store = Store(settings.store_path)
    loaded, represented = outcomes[LOAD_EMBEDDINGS].ref.facts, outcomes[REPRESENT].ref.facts
    counts = {
        **{name: int(loaded[name]) for name in ("empty_texts", "repeated_texts", "texts_with_nan")},
        **{name: int(value) for name, value in outcomes[DISTRIBUTION].ref.facts.items()},
        **{name: int(value) for name, value in outcomes[ORPHAN_SPLIT].ref.facts.items()},
    }
    facts = {name: outcome.ref.facts for name, outcome in outcomes.items()}
    report = RunReport(
        analysis=settings.label,
        folder=settings.analysis_path,
        documents=loaded["documents"],
        topics=represented["topics"],
        outliers=represented["outliers"],
        counts=counts,
        notes=[
            *settings.notes,
            *corpus_notes(loaded),
            *result_notes(represented["topics"], outcomes[DISTRIBUTION].ref.facts, outcomes[EXPORT].ref.facts),
            *choice_notes(facts),
            *update_notes(facts),
            *orphan_notes(facts, settings.tmo.orphans.target_share),
            *picture_notes(facts, failed or {}),
        ],
        changes=changes,
        stages={name: _stage_report(store, outcome) for name, outcome in outcomes.items()},
    )
    with analysis_lock(settings, store):
        update_record(settings, _record(settings, store, report, outcomes))
    return report


def _stage_report(store: Store, outcome: Outcome) -> StageReport:
    manifest = store.manifest(outcome.ref)
    return StageReport(
        status=outcome.status,
        key=outcome.ref.key,
        seconds=round(outcome.seconds, 3),
        computed_seconds=manifest.get("seconds"),
        computed_at=manifest.get("ended"),
        peak_memory_bytes=manifest.get("peak_memory_bytes"),
    )


def _record(settings: Settings, store: Store, report: RunReport, outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    libraries: dict[str, str] = {}
    for outcome in outcomes.values():
        libraries |= store.manifest(outcome.ref).get("made_from", {}).get("libraries", {})
    return {
        "analysis": report.analysis,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "prefect_run_id": flow_run.get_id(),
        "host": platform.node(),
        "versions": {"topicloom": __version__, "python": platform.python_version(), **dict(sorted(libraries.items()))},
        "settings": settings.model_dump(mode="json", exclude={"root", "notes", "this_year"}),
        "counts": {
            "documents": report.documents,
            "topics": report.topics,
            "outliers": report.outliers,
            "outlier_share": round(report.outlier_share, 4),
            **report.counts,
        },
        "notes": report.notes,
        "changes": report.changes,
        "stages": {name: stage.model_dump(mode="json") for name, stage in report.stages.items()},
    }
