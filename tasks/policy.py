"""What the tasks share: the cache key of a stage, and running it through the store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from prefect.context import TaskRunContext
from prefect.runtime import flow_run, task_run
from prefect.states import Completed, State

from tasks.progress import log_progress
from topicloom.errors import ModelUnavailableError, TopicloomError
from topicloom.progress import listening
from topicloom.settings.schema import Settings
from topicloom.stages.registry import STAGES, plan_stage
from topicloom.store.disk import may_pass
from topicloom.store.store import StagePlan, StageRef, Store, Workspace

SERIALIZER: Final = "json"  # of Prefect's result records: a reference is a small JSON value


def plan_of(stage: str, settings: Settings, references: dict[str, Any]) -> StagePlan:
    """The plan of a stage from the parameters of its task, whose references are named after the stages."""
    refs = {ref.stage: ref for ref in references.values() if isinstance(ref, StageRef)}
    return plan_stage(STAGES[stage], settings, refs)


def stage_key(stage: str) -> Callable[[TaskRunContext, dict[str, Any]], str]:
    """A cache_key_fn for Prefect: the store's own key, so that both agree on what is cached."""

    def key(_context: TaskRunContext, parameters: dict[str, Any]) -> str:
        return record_key(plan_of(stage, parameters["settings"], parameters))

    return key


def record_key(plan: StagePlan) -> str:
    """Prefect's cache key for a plan."""
    return f"{plan.stage}-{plan.key}"


def run_stage(
    stage: str, settings: Settings, refs: list[StageRef], compute: Callable[[Workspace], None], *, refresh: bool
) -> StageRef | State[StageRef]:
    """Take a stage's result from the store, or compute it. Ends Cached where the store had it."""
    plan = plan_stage(STAGES[stage], settings, {ref.stage: ref for ref in refs})
    return obtain(plan, settings, compute, refresh=refresh)


def obtain(
    plan: StagePlan, settings: Settings, compute: Callable[[Workspace], None], *, refresh: bool
) -> StageRef | State[StageRef]:
    """Take the result of a plan from the store, or compute it with progress in the run's log."""
    with listening(log_progress()):
        ref, computed = Store(settings.store_path).obtain(plan, compute, refresh=refresh, run_id=flow_run.get_id())
    return ref if computed else cached(ref)


def cached(ref: StageRef) -> State[StageRef]:
    """A state that says Cached, for a result that the store had and Prefect had no record of."""
    return Completed(name="Cached", message="The stage store had this result.", data=ref)


def failures() -> int:
    """How often this task run has failed before."""
    return max((task_run.get_run_count() or 1) - 1, 0)


def can_pass(_task: Any, _run: Any, state: State[Any]) -> bool:
    """Whether a fault may be gone at the next try: bad input never is, a fault of disk or memory may be."""
    error = state.result(raise_on_failure=False)
    if isinstance(error, TopicloomError):
        return isinstance(error, ModelUnavailableError) or may_pass(error.__cause__)
    return isinstance(error, (OSError, MemoryError))


RETRY: Final[dict[str, Any]] = {
    "retries": 2,
    "retry_delay_seconds": [2, 10],
    "retry_condition_fn": can_pass,
    "cache_expiration": None,
    "persist_result": True,
    "result_serializer": SERIALIZER,
}
