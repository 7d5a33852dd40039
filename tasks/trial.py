"""trial: one stage of one combination of a sweep, shared by all combinations that need the same."""

from __future__ import annotations

import time

from prefect import task
from prefect.runtime import flow_run
from prefect.states import State

from tasks.policy import RETRY, cached
from tasks.progress import log_progress
from topicloom.progress import listening
from topicloom.settings.schema import Settings
from topicloom.stages.registry import STAGES
from topicloom.store.store import StageRef

_UNCACHED = {name: value for name, value in RETRY.items() if name not in ("cache_expiration", "persist_result")}


@task(name="trial", task_run_name="{label}", **_UNCACHED)
def trial(
    label: str,  # noqa: ARG001  # the UI shows it
    stage: str,
    settings: Settings,
    refs: list[StageRef],
    deadline: float | None = None,
) -> StageRef | State[StageRef] | None:
    """Take a stage's result from the store, or compute it; None where it would be begun after the deadline.

    label: stage and values, for the UI. deadline: seconds since 1970, or None.
    """
    given = {ref.stage: ref for ref in refs}
    one = STAGES[stage]
    if deadline is not None and time.time() > deadline and one.find(settings, given).ref is None:
        return None
    with listening(log_progress()):
        ref, computed = one.obtain(settings, given, flow_run.get_id(), quiet=True)
    return ref if computed else cached(ref)
