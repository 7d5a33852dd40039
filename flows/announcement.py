"""The first line of a run's log: what will be computed, and why."""

from __future__ import annotations

from prefect.logging import get_run_logger

from topicloom.errors import TopicloomError
from topicloom.settings.schema import Settings
from topicloom.stage_names import STAGE_NAMES
from topicloom.stages.status import CACHED, StageStatus, analysis_status


def announce(settings: Settings, refresh: str | None, *, validate_only: bool = False) -> None:
    """Log what the run is about to do. What cannot be told yet, a stage of the run will tell."""
    if validate_only:
        get_run_logger().info("%s: checks settings, corpus and embeddings, and computes no topics.", _title(settings))
        return
    try:
        statuses = analysis_status(settings)
    except (TopicloomError, OSError):
        return
    get_run_logger().info("%s: %s", _title(settings), intention(statuses, refresh))


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
