"""What the tasks share: the Prefect face of a stage, its cache key and its retries."""

from __future__ import annotations

from typing import Any, Final

from prefect import Task, task
from prefect.context import TaskRunContext
from prefect.logging import get_run_logger
from prefect.runtime import flow_run, task_run
from prefect.states import Completed, State

from tasks.progress import log_progress
from tasks.voices import in_the_runs_log
from topicloom.progress import listening
from topicloom.settings.schema import Settings
from topicloom.stages.beside import obtained
from topicloom.stages.retries import RETRY_SECONDS, may_succeed_later
from topicloom.stages.stage import Refs, Stage
from topicloom.store.store import StagePlan, StageRef

SERIALIZER: Final = "json"  # of Prefect's result records: a reference is a small JSON value


def stage_task(stage: Stage) -> Task[..., Any]:
    """The Prefect task of a stage: its name, its cache key, its retries, and one call.

    The task takes `settings`, `refs` (the results that the stage is given, by name) and `refresh` (compute even what is
    kept) and `run_id` (what the store knows the run by; None: the flow run's own). It ends Cached where the store had
    the result, and tells the run's log what came of a computation.

    Args:
        stage: The stage.
    """

    def key(_: TaskRunContext, parameters: dict[str, Any]) -> str | None:
        settings: Settings = parameters["settings"]
        # What it lacks will be input files of this stage: their digests are not known yet.
        return None if stage.lacks(settings) else record_key(stage.plan(settings, parameters["refs"]))

    def compute(
        settings: Settings, refs: Refs, *, refresh: bool = False, run_id: str | None = None
    ) -> StageRef | State[StageRef]:
        with listening(log_progress()), in_the_runs_log(stage.voice, get_run_logger()):
            run = run_id or flow_run.get_id()
            ref, computed = obtained(stage, settings, refs, run, refresh=refresh, failures=failures())
        told = stage.tell(settings, ref.facts)
        if computed and told:
            get_run_logger().info(told)
        return ref if computed else cached(ref)

    compute.__doc__ = stage.compute.__doc__
    return task(name=stage.name, task_run_name=stage.name, cache_key_fn=key, **RETRY)(compute)


def record_key(plan: StagePlan) -> str:
    """Prefect's cache key for a plan."""
    return f"{plan.stage}-{plan.key}"


def cached(ref: StageRef) -> State[StageRef]:
    """A state that says Cached, for a result that the store had and Prefect had no record of."""
    return Completed(name="Cached", message="The stage store had this result.", data=ref)


def failures() -> int:
    """How often this task run has failed before."""
    return max((task_run.get_run_count() or 1) - 1, 0)


def can_pass(_task: Any, _run: Any, state: State[Any]) -> bool:
    """Whether a task that has failed is to be tried again."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, BaseException) and may_succeed_later(error)


RETRY: Final[dict[str, Any]] = {
    "retries": len(RETRY_SECONDS),
    "retry_delay_seconds": list(RETRY_SECONDS),
    "retry_condition_fn": can_pass,
    "cache_expiration": None,
    "persist_result": True,
    "result_serializer": SERIALIZER,
}
