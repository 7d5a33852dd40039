"""Runs the tasks of a flow over the stage store, and keeps what became of each."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, cast

from prefect import Task
from prefect.runtime import flow_run
from prefect.states import State

from tasks.load_embeddings import load_embeddings
from tasks.policy import record_key
from tasks.publish import publish
from tasks.records import forget_unless_plain
from tasks.remember import remember
from topicloom.inputs.encoder import embeddings_missing
from topicloom.lineage.differences import Differences
from topicloom.lineage.telling import change_line, latest_differences
from topicloom.progress import tell
from topicloom.settings.schema import Settings
from topicloom.stages.identify import library_versions_of
from topicloom.stages.lookup import find_result
from topicloom.stages.registry import EXPORT, PICTURES, STAGE_NAMES, with_size
from topicloom.store.store import Finding, StageRef, Store

CACHED, COMPUTED = "cached", "computed"


@dataclass(frozen=True)
class Outcome:
    """What became of a stage in this run: cached or computed, and the seconds that it took."""

    ref: StageRef
    status: str
    seconds: float


@dataclass
class StageRunner:
    """Calls one task after the other with the cache settings of the project.

    refresh: the stage from which on everything is computed again, or None.
    failed: why, for each stage that was attempted and failed.
    changes: what is other than in the run before, in a line. differences: the same in full, None where nothing is.
    """

    settings: Settings
    refresh: str | None = None
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    changes: str = ""
    differences: Differences | None = None

    def __call__(self, task: Task[..., Any], *refs: StageRef | None) -> StageRef:
        """Run a task on references to earlier results, None for one that this run has not; raises what it raised."""
        found = self._find(task, refs)
        refresh = self._refreshes(task.name, found)
        if found.fault and task.name == EXPORT:  # of its own results the store says it
            self._warn(task.name, found.fault)
        tell(task.name, 0, 1)
        started = time.perf_counter()
        call = task.with_options(
            result_storage=Store(self.settings.store_path).root / "prefect",
            # Prefect's record of a result whose artifacts are gone or damaged must not be a hit.
            refresh_cache=refresh or found.ref is None,
        )
        state = cast("State[StageRef]", call(self.settings, *refs, refresh=refresh, return_state=True))
        ref = state.result()
        seconds = time.perf_counter() - started
        status = CACHED if state.name == "Cached" else COMPUTED
        # The store is the truth: the reference in Prefect's record may tell of an earlier computation.
        # Where both agree Prefect's object is passed on, which draws the arrow to the next task in the UI.
        ref = found.ref if status == CACHED and found.ref and found.ref != ref else ref
        self.outcomes[task.name] = Outcome(ref, status, seconds)
        tell(f"{task.name} {status}", 1, 1)
        return ref

    def settle(self, chosen: StageRef) -> Settings:
        """Go on with the min_topic_size that was chosen; returns the settings with it."""
        self.settings = with_size(self.settings, chosen)
        return self.settings

    def attempt(self, task: Task[..., Any], *refs: StageRef | None) -> StageRef | None:
        """Run a task that nothing important waits for; None where it fails, or where a result that it needs is None.

        Its failure shows in the UI and is kept in `failed`; the run goes on.
        """
        if any(ref is None for ref in refs):
            self.failed[task.name] = "what it draws from could not be made"
            return None
        try:
            return self(task, *(ref for ref in refs if ref is not None))
        except Exception as error:  # noqa: BLE001  # the topics are computed and exported
            self.failed[task.name] = f"{type(error).__name__}: {error}"
            tell(f"{task.name} failed", 1, 1)
            return None

    def remember(self) -> None:
        """Enter the run into the history of the project, and keep in `changes` what is other than in the run before."""
        refs = {name: outcome.ref for name, outcome in self.outcomes.items() if name not in PICTURES}
        identity = remember(self.settings, refs, library_versions_of(Store(self.settings.store_path), refs))
        self.differences = latest_differences(self.settings) if identity["entered"] else None
        self.changes = change_line(identity, self.differences)

    def publish(self) -> None:
        """Put what was drawn into the analysis folder; a failure is kept in `failed`."""
        refs = {name: self.outcomes[name].ref for name in PICTURES if name in self.outcomes}
        try:
            publish(self.settings, refs, self.outcomes[EXPORT].ref.key, flow_run.get_id())
        except Exception as error:  # noqa: BLE001  # the topics are computed and exported
            self.failed["publish"] = f"{type(error).__name__}: {error}"

    def _refreshes(self, stage: str, found: Finding) -> bool:
        if found.ref and found.ref.facts.get("incomplete"):
            return True
        if self.refresh is None or STAGE_NAMES.index(stage) < STAGE_NAMES.index(self.refresh):
            return False
        # What this run has refreshed before it was retried is not computed once more.
        made_by = Store(self.settings.store_path).manifest(found.ref).get("prefect_run_id") if found.ref else None
        return made_by is None or made_by != flow_run.get_id()

    def _find(self, task: Task[..., Any], refs: tuple[StageRef | None, ...]) -> Finding:
        store = Store(self.settings.store_path)
        if task is load_embeddings and embeddings_missing(self.settings):
            return Finding(ref=None)
        plan, found = find_result(self.settings, store, task.name, {ref.stage: ref for ref in refs if ref})
        if forget_unless_plain(store.root / "prefect" / record_key(plan)):
            from prefect.logging import get_run_logger

            get_run_logger().warning("%s: Prefect's record of it was no plain JSON, and is removed.", task.name)
        return found

    def _warn(self, stage: str, fault: str) -> None:
        from prefect.logging import get_run_logger

        get_run_logger().warning("%s: the kept result is not used: %s. It is computed again.", stage, fault)
