"""trial: one stage of one combination of a sweep, shared by all combinations that need the same."""

from __future__ import annotations

import time

from prefect import task
from prefect.runtime import flow_run
from prefect.states import State

from tasks.policy import RETRY, obtain
from topicloom.settings.schema import Settings
from topicloom.stages.computing import COMPUTE, plan_of
from topicloom.store.store import StageRef, Store, Workspace

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
    plan = plan_of(settings, stage, given)
    if deadline is not None and time.time() > deadline and Store(settings.store_path).find(plan).ref is None:
        return None

    def compute(out: Workspace) -> None:
        COMPUTE[stage](settings, given, out, flow_run.get_id())

    return obtain(plan, settings, compute, refresh=False)
