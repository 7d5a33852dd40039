"""The first and the last line of a run's log: what will be computed and why, and what came of it."""

from __future__ import annotations

import logging
from pathlib import Path

from flows.run_report import RunReport
from topicloom.errors import TopicloomError
from topicloom.output_files import REPORT_FILE
from topicloom.progress import Log
from topicloom.settings.schema import Settings
from topicloom.stage_names import STAGE_NAMES
from topicloom.stages.status import CACHED, StageStatus, analysis_status


def announce(log: Log, settings: Settings, refresh: str | None, *, validate_only: bool = False) -> None:
    """Log what the run is about to do. What cannot be told yet, a stage of the run will tell."""
    if validate_only:
        log.info("%s: checks settings, corpus and embeddings, and computes no topics.", _title(settings))
        return
    if not log.isEnabledFor(logging.INFO):  # nobody hears it, and every stage would be looked up for nothing
        return
    try:
        statuses = analysis_status(settings)
    except (TopicloomError, OSError):
        return
    log.info("%s: %s", _title(settings), intention(statuses, refresh))


def tell_outcome(log: Log, settings: Settings, report: RunReport, place: str) -> None:
    """Log the notes of a run, and what came of it. place: where a person finds the report, or the files."""
    for note in report.notes:
        log.info("note: %s", note)
    log.info(
        "%s: %d topics, %d of %d papers are outliers; cached: %s; computed: %s. %s",
        *(settings.label, report.topics, report.outliers, report.documents),
        *(", ".join(report.cached) or "none", ", ".join(report.computed) or "none, nothing has changed"),
        place,
    )


def place_of(settings: Settings) -> tuple[str, Path]:
    """What a person opens after a run, and where it lies: the report, or the files where there is none."""
    path = settings.analysis_path / REPORT_FILE
    return ("report", path) if path.is_file() else ("files", settings.analysis_path)


def _title(settings: Settings) -> str:
    given = ", ".join(f"{name} = {value}" for name, value in settings.overrides.given().items())
    return f"{settings.label} with {given}" if given else settings.label


def intention(statuses: list[StageStatus], refresh: str | None) -> str:
    """What a run will compute and why, in a sentence or two.

    statuses: of every stage of the analysis, in order. refresh: the stage from which on all is computed again.
    """
    again = [] if refresh is None else STAGE_NAMES[STAGE_NAMES.index(refresh) :]
    todo = [status for status in statuses if status.state != CACHED or status.stage in again]
    if not todo:
        return "every result is kept, so nothing is to be computed."
    kept = [status.stage for status in statuses if status not in todo]
    if not kept and not any(status.ended for status in statuses):
        return f"nothing is kept yet, so all {len(statuses)} stages are to be computed."
    first, then = todo[0], [status.stage for status in todo[1:]]
    why = "as was asked" if first.stage in again else first.why or "its result is missing"
    after = f", then {', '.join(then)}" if then else ""
    return f"to be computed: {first.stage} ({why}){after}. Kept: {', '.join(kept) or 'nothing'}."
