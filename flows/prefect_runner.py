"""Runs the stages of a run as Prefect's tasks: seen in its pages, retried by it, drawn into its graph."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final, cast

from prefect import Task
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import State
from prefect.utilities.annotations import quote

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
    """Calls the task of each stage, within a flow run, with the cache settings of the project."""

    def __init__(self, settings: Settings, refresh: str | None = None) -> None:
        super().__init__(settings, refresh, run_id=flow_run.get_id(), log=get_run_logger())
        self._settings_shown = False

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
        state = cast(
            "State[StageRef]", call(self._shown_settings(), self._given(stage), refresh=refresh, return_state=True)
        )
        ref = state.result()
        status = CACHED if state.name == "Cached" else COMPUTED
        # The store is the truth: the reference in Prefect's record may tell of an earlier computation.
        # Where both agree Prefect's object is passed on, which draws the arrow to the next task in the UI.
        return (found.ref if status == CACHED and found.ref and found.ref != ref else ref), status

    def enter(self, refs: Mapping[str, StageRef], versions: Mapping[str, str]) -> dict[str, Any]:
        """Enter the run into the history, by a task."""
        # One arrow in Prefect's graph, from the export that comes before it, and not one from every stage.
        given = {name: ref if name == EXPORT else ref.model_copy(deep=True) for name, ref in refs.items()}
        return remember(self._shown_settings(), given, versions)

    def publish(self, refs: Mapping[str, StageRef]) -> None:
        """Put what was drawn into the analysis folder, by a task."""
        publish(self._shown_settings(), refs, self.refs[EXPORT].key, self.run_id)

    def _shown_settings(self) -> Any:
        """The settings for a task: the first gets the object that Prefect knows, the others one that draws no arrow.

        Every stage reads some of them, and an arrow to each would hide the way of the data in Prefect's graph.
        """
        settings = quote(self.settings) if self._settings_shown else self.settings
        self._settings_shown = True
        return settings

    def _given(self, stage: Stage) -> dict[str, StageRef]:
        """What a stage computes with. In Prefect's graph an arrow comes from what decides its result, and only there:
        what it merely looks at is handed over as a copy, which Prefect does not know."""
        deciding = stage.needs(self.settings, self.refs)
        given = stage.given(self.settings, self.refs)
        return {name: ref if name in deciding else ref.model_copy(deep=True) for name, ref in given.items()}
