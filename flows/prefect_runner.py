"""Runs the stages of a run as Prefect's tasks: seen in its pages, retried by it, drawn into its graph."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final, cast

from prefect import Task
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import State

from flows.arrows import SETTINGS, Arrows, quoted
from flows.run_report import CACHED, COMPUTED
from flows.stage_runner import StageRunner
from tasks.policy import record_key
from tasks.publish import publish
from tasks.records import forget_unless_plain
from tasks.remember import remember
from topicloom.settings.schema import Settings
from topicloom.stage_names import EXPORT
from topicloom.stages.registry import STAGES
from topicloom.stages.stage import Stage
from topicloom.store.store import Finding, StageRef


def _task_of(stage: str) -> Task[..., Any]:
    """The task of a stage: tasks/NAME.py holds it under the stage's name."""
    name = stage.replace("-", "_")
    task: Task[..., Any] = getattr(import_module(f"tasks.{name}"), name)
    return task


TASKS: Final[Mapping[str, Task[..., Any]]] = {stage: _task_of(stage) for stage in STAGES}


class PrefectRunner(StageRunner):
    """Calls the task of each stage, within a flow run, with the cache settings of the project.

    loaded: of the task that has read the settings, from which the first arrow of Prefect's graph comes.
    run_id: what the store knows the run by; this flow run's own where it is None.
    """

    def __init__(
        self,
        settings: Settings,
        refresh: str | None = None,
        loaded: State[Settings] | None = None,
        run_id: str | None = None,
    ) -> None:
        super().__init__(settings, refresh, run_id=run_id or flow_run.get_id(), log=get_run_logger())
        self._arrows = Arrows()
        if loaded is not None:
            self._arrows.add(SETTINGS, loaded)

    def find(self, stage: Stage) -> Finding:
        """What is kept for a stage. Prefect's record of it goes where it is anything but a plain reference."""
        if stage.lacks(self.settings):
            return Finding(ref=None)
        key = record_key(stage.plan(self.settings, self.refs))
        if forget_unless_plain(self.store.root / "prefect" / key):
            self.log.warning("%s: Prefect's record of it was no plain JSON, and is removed.", stage.name)
        return super().find(stage)

    def perform(self, stage: Stage, found: Finding, *, refresh: bool) -> tuple[StageRef, str]:
        """The result of a stage, and whether it was cached or computed. Raises what its task raises."""
        call = TASKS[stage.name].with_options(
            result_storage=self.store.root / "prefect",
            # Prefect's record of a result whose artifacts are gone or damaged must not be a hit.
            refresh_cache=refresh or found.ref is None,
        )
        after = [SETTINGS, *stage.needs(self.settings, self.refs)]
        given = quoted(stage.given(self.settings, self.refs))
        state = cast(
            "State[StageRef]",
            call(
                quoted(self.settings),
                given,
                refresh=refresh,
                run_id=self.run_id,
                wait_for=self._arrows.to(after),
                return_state=True,
            ),
        )
        ref = state.result()
        self._arrows.add(stage.name, state, after)
        status = CACHED if state.name == "Cached" else COMPUTED
        # The store is the truth: the reference in Prefect's record may tell of an earlier computation.
        return (found.ref if status == CACHED and found.ref and found.ref != ref else ref), status

    def enter(self, refs: Mapping[str, StageRef], versions: Mapping[str, str]) -> dict[str, Any]:
        """Enter the run into the history, by a task."""
        state = remember(
            quoted(self.settings),
            quoted(refs),
            quoted(versions),
            wait_for=self._arrows.to([EXPORT]),
            return_state=True,
        )
        identity: dict[str, Any] = state.result()
        self._arrows.add(remember.name, state, [EXPORT])
        return identity

    def publish(self, refs: Mapping[str, StageRef]) -> None:
        """Put what was drawn into the analysis folder, by a task."""
        publish(
            quoted(self.settings),
            quoted(refs),
            quoted(self.refs[EXPORT].key),
            self.run_id,
            wait_for=self._arrows.to([EXPORT, *refs]),
        )
