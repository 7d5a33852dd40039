"""Runs the tasks of a flow over the stage store, and keeps what became of each."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, cast

from prefect import Task
from prefect.runtime import flow_run
from prefect.states import State
from prefect.utilities.annotations import quote

from flows.run_report import CACHED, COMPUTED, Outcome, RunReport, claim_folder, finish_run
from tasks.policy import record_key
from tasks.publish import publish
from tasks.records import forget_unless_plain
from tasks.remember import remember
from topicloom.errors import StoreError
from topicloom.lineage.differences import Differences
from topicloom.lineage.telling import change_line, latest_differences
from topicloom.progress import tell
from topicloom.settings.schema import Settings
from topicloom.stage_names import EXPORT, PICTURES, STAGE_NAMES
from topicloom.stages.registry import STAGES
from topicloom.stages.remember import library_versions_of
from topicloom.stages.stage import Stage
from topicloom.store.store import Finding, StageRef, Store


@dataclass
class StageRunner:
    """Calls one task after the other with the cache settings of the project, as far as the settings want its stage.

    refresh: the stage from which on everything is computed again, or None.
    failed: why, for each stage that was attempted and failed.
    changes: what differs from the run before, in a line. differences: the same in full, None where nothing is.
    """

    settings: Settings
    refresh: str | None = None
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    changes: str = ""
    differences: Differences | None = None
    _settings_shown: bool = False

    @property
    def refs(self) -> dict[str, StageRef]:
        """The results so far, by stage."""
        return {name: outcome.ref for name, outcome in self.outcomes.items()}

    def __call__(self, task: Task[..., Any]) -> StageRef | None:
        """Run the task of a stage on the results before it; None where this run has not that stage.

        Raises what the task raised.
        """
        stage = STAGES[task.name]
        if not (stage.wanted(self.settings) and stage.due(self.settings, self.refs)):
            return None
        return self.first(task)

    def first(self, task: Task[..., Any]) -> StageRef:
        """Run the task of a stage that every run has. Raises what the task raised."""
        stage = STAGES[task.name]
        found = self._find(stage)
        refresh = self._refreshes(stage.name, found)
        tell(stage.name, 0, 1)
        started = time.perf_counter()
        call = task.with_options(
            result_storage=Store(self.settings.store_path).root / "prefect",
            # Prefect's record of a result whose artifacts are gone or damaged must not be a hit.
            refresh_cache=refresh or found.ref is None,
        )
        state = cast(
            "State[StageRef]", call(self._shown_settings(), self._given(stage), refresh=refresh, return_state=True)
        )
        ref = state.result()
        seconds = time.perf_counter() - started
        status = CACHED if state.name == "Cached" else COMPUTED
        # The store is the truth: the reference in Prefect's record may tell of an earlier computation.
        # Where both agree Prefect's object is passed on, which draws the arrow to the next task in the UI.
        ref = found.ref if status == CACHED and found.ref and found.ref != ref else ref
        self.outcomes[stage.name] = Outcome(ref, status, seconds)
        self.settings = stage.settle(self.settings, ref)
        tell(f"{stage.name} {status}", 1, 1)
        return ref

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

    def take_kept(self, until: str) -> None:
        """Take the kept results that a stage rests on, those of the stages before it.

        Raises StoreError where one is not kept.
        """
        for stage in STAGES.values():
            if stage.name == until:
                return
            if not (stage.wanted(self.settings) and stage.due(self.settings, self.refs)):
                continue
            needed = stage.name not in PICTURES or stage.name in STAGES[until].needs(self.settings, self.refs)
            if not needed:
                continue
            found = stage.find(self.settings, self.refs)
            if found.ref is None:
                raise StoreError(
                    f"{self.settings.label}: {until} needs the result of {stage.name}, which is not kept for these "
                    f"settings{f' ({found.fault})' if found.fault else ''}. Run topic-model, or the stage {stage.name} "
                    "first."
                )
            self.outcomes[stage.name] = Outcome(found.ref, CACHED, 0.0)
            self.settings = stage.settle(self.settings, found.ref)

    def attempt(self, task: Task[..., Any]) -> StageRef | None:
        """Run a task that nothing important waits for; None where it fails or lacks a result.

        Its failure shows in the UI and is kept in `failed`; the run goes on.
        """
        stage = STAGES[task.name]
        if not stage.wanted(self.settings):
            return None
        if any(name not in self.outcomes for name in stage.needs(self.settings, self.refs)):
            self.failed[task.name] = "what it draws from could not be made"
            return None
        try:
            return self(task)
        except Exception as error:  # noqa: BLE001  # the topics are computed and exported
            self.failed[task.name] = f"{type(error).__name__}: {error}"
            tell(f"{task.name} failed", 1, 1)
            return None

    def remember(self) -> None:
        """Enter the run into the history of the project, and keep in `changes` what differs from the run before."""
        # One arrow in Prefect's graph, from the export that comes before it, and not one from every stage.
        refs: dict[str, StageRef] = {
            name: ref if name == EXPORT else ref.model_copy(deep=True)
            for name, ref in self.refs.items()
            if name not in PICTURES
        }
        identity = remember(self._shown_settings(), refs, library_versions_of(Store(self.settings.store_path), refs))
        self.differences = latest_differences(self.settings) if identity["entered"] else None
        self.changes = change_line(identity, self.differences)

    def draw(self, *tasks: Task[..., Any]) -> None:
        """Run the tasks that draw, and put what they drew into the analysis folder. What fails is kept in `failed`."""
        for task in tasks:
            self.attempt(task)
        self.publish()

    def publish(self) -> None:
        """Put what was drawn into the analysis folder; a failure is kept in `failed`."""
        refs: dict[str, StageRef] = {name: ref for name, ref in self.refs.items() if name in PICTURES}
        try:
            publish(self._shown_settings(), refs, self.refs[EXPORT].key, flow_run.get_id())
        except Exception as error:  # noqa: BLE001  # the topics are computed and exported
            self.failed["publish"] = f"{type(error).__name__}: {error}"

    def claim_folder(self) -> None:
        """Put what was exported into run.json: what follows can fail, and be stopped, without harm."""
        claim_folder(self.settings, self.outcomes, self.changes)

    def report(self) -> RunReport:
        """Put what the run came to so far into run.json, and return it."""
        return finish_run(self.settings, self.outcomes, self.changes, self.failed)

    def _refreshes(self, stage: str, found: Finding) -> bool:
        if found.ref and found.ref.facts.get("incomplete"):
            return True
        if self.refresh is None or STAGE_NAMES.index(stage) < STAGE_NAMES.index(self.refresh):
            return False
        # What this run has refreshed before it was retried is not computed once more.
        made_by = Store(self.settings.store_path).manifest(found.ref).get("prefect_run_id") if found.ref else None
        return made_by is None or made_by != flow_run.get_id()

    def _find(self, stage: Stage) -> Finding:
        """What is kept for a stage. Prefect's record of it goes where it is anything but a plain reference."""
        if stage.lacks(self.settings):
            return Finding(ref=None)
        key = record_key(stage.plan(self.settings, self.refs))
        if forget_unless_plain(Store(self.settings.store_path).root / "prefect" / key):
            from prefect.logging import get_run_logger

            get_run_logger().warning("%s: Prefect's record of it was no plain JSON, and is removed.", stage.name)
        return stage.find(self.settings, self.refs)
