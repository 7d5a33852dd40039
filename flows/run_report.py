"""What a run reports at its end: to the person, and to run.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from topicloom.settings.schema import Settings
from topicloom.stage_names import EXPORT
from topicloom.stages.record import counts_of, notes_of, result_record
from topicloom.store.run_record import analysis_lock, exported_by, read_record, update_record
from topicloom.store.store import StageRef, Store

CACHED, COMPUTED = "cached", "computed"


@dataclass(frozen=True)
class Outcome:
    """What became of a stage in this run: cached or computed, and the seconds that it took."""

    ref: StageRef
    status: str
    seconds: float


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


def claim_folder(settings: Settings, outcomes: Mapping[str, Outcome], changes: str, run_id: str | None) -> None:
    """Put what a run has exported into run.json, and the folder under its name: a run that exported earlier and is
    still drawing publishes nothing any more.

    The caller holds the turn of the analysis.
    """
    store = Store(settings.store_path)
    notes = notes_of(settings, _facts(outcomes))
    record = {**_record(settings, store, outcomes, notes, changes, run_id), "over": False}
    with analysis_lock(settings, store):
        update_record(settings, record)


def finish_run(
    settings: Settings,
    outcomes: Mapping[str, Outcome],
    changes: str,
    run_id: str | None,
    failed: Mapping[str, str] | None = None,
) -> RunReport:
    """Put a run's outcome into run.json, unless another run has exported since, and return it.

    changes: what differs from the run before. run_id: of this run. failed: pictures that could not be made, and why.
    """
    store = Store(settings.store_path)
    facts = _facts(outcomes)
    notes = notes_of(settings, facts, failed)
    with analysis_lock(settings, store):
        if exported_by(read_record(settings), outcomes[EXPORT].ref.key, run_id):
            update_record(settings, {**_record(settings, store, outcomes, notes, changes, run_id), "over": True})
        else:
            notes.append("Another run of this analysis has exported since; the folder holds its files, not this run's.")
    counts = counts_of(facts)
    return RunReport(
        analysis=settings.label,
        folder=settings.analysis_path,
        documents=counts.pop("documents"),
        topics=counts.pop("topics"),
        outliers=counts.pop("outliers"),
        counts=counts,
        notes=notes,
        changes=changes,
        stages={name: _stage_report(store, outcome) for name, outcome in outcomes.items()},
    )


def _facts(outcomes: Mapping[str, Outcome]) -> dict[str, dict[str, object]]:
    return {name: outcome.ref.facts for name, outcome in outcomes.items()}


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


def _record(
    settings: Settings,
    store: Store,
    outcomes: Mapping[str, Outcome],
    notes: list[str],
    changes: str,
    run_id: str | None,
) -> dict[str, object]:
    return {
        **result_record(settings, store, {name: outcome.ref for name, outcome in outcomes.items()}, run_id),
        "notes": notes,
        "changes": changes,
        "stages": {name: _stage_report(store, outcome).model_dump(mode="json") for name, outcome in outcomes.items()},
    }
