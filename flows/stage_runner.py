"""Runs the stages of a run over the stage store, and keeps what became of each. Knows no Prefect."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator, Mapping
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import uuid4

from flows.announcement import announce
from flows.run_report import CACHED, COMPUTED, Outcome, RunReport, claim_folder, finish_run
from tasks.voices import in_the_runs_log
from topicloom.errors import StoreError
from topicloom.lineage.differences import Differences
from topicloom.lineage.telling import change_line, latest_differences
from topicloom.progress import Ended, Log, Started, emit, listening, tenths
from topicloom.settings.schema import Settings
from topicloom.stage_names import EXPORT, PICTURES, STAGE_NAMES, StageName
from topicloom.stages.beside import obtained
from topicloom.stages.publish import publish_and_note
from topicloom.stages.registry import STAGES
from topicloom.stages.remember import enter_run, library_versions_of
from topicloom.stages.retries import RETRY_SECONDS, may_succeed_later
from topicloom.stages.stage import Stage
from topicloom.store.store import Finding, StageRef, Store


@dataclass
class StageRunner:
    """Runs one stage after the other, as far as the settings want it and its result is not kept.

    Args:
        settings: Those of the run; a stage may settle some that were left open.
        refresh: The stage from which on everything is computed again, or None.
        run_id: What run.json, the history and the store know the run by; a retried run of Prefect keeps its own.
        log: Where the run says what it does.
        quiet: Stages and libraries keep their progress from the log.
        outcomes: What became of each stage so far.
        failed: Why, for each stage that was attempted and failed.
        changes: What differs from the run before, in a line.
        differences: The same in full, None where nothing does.

    Example:
        >>> from topicloom.settings.reading import read_settings  # doctest: +SKIP
        >>> run_stages(StageRunner(read_settings(Path("wos/a01"))))  # doctest: +SKIP
    """

    # Whether other machines compute, so that a thread that runs a stage only waits for them.
    spreads: ClassVar[bool] = False

    settings: Settings
    refresh: str | None = None
    run_id: str | None = field(default_factory=lambda: str(uuid4()))
    log: Log = field(default=logging.getLogger("topicloom.run"))
    quiet: bool = False
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    changes: str = ""
    differences: Differences | None = None

    @property
    def refs(self) -> dict[str, StageRef]:
        """The results so far, by stage."""
        # A copy: another thread may add one meanwhile.
        return {name: outcome.ref for name, outcome in dict(self.outcomes).items()}

    @property
    def store(self) -> Store:
        """The stage store of the project."""
        return Store(self.settings.store_path)

    def announce(self, *, validate_only: bool = False) -> None:
        """Say in the log what the run is about to do."""
        announce(self.log, self.settings, self.refresh, validate_only=validate_only)

    def __call__(self, name: StageName) -> StageRef | None:
        """Run a stage on the results before it; None where this run has not that stage. Raises what it raises."""
        stage = STAGES[name]
        if not (stage.wanted(self.settings) and stage.due(self.settings, self.refs)):
            return None
        return self.first(name)

    def first(self, name: StageName) -> StageRef:
        """Run a stage that every run has. Raises what the stage raises."""
        stage = STAGES[name]
        found = self.find(stage)
        emit(Started(name))
        started = time.perf_counter()
        ref, status = self.perform(stage, found, refresh=self._refreshes(name, found))
        self.outcomes[name] = Outcome(ref, status, time.perf_counter() - started)
        given = self.settings
        settled = stage.settle(given, ref)
        if settled is not given:  # stages on other threads settle nothing
            self.settings = settled
        emit(Ended(name, "cached" if status == CACHED else "computed"))
        stage.check(self.settings, ref)
        return ref

    def find(self, stage: Stage) -> Finding:
        """What is kept for a stage."""
        return stage.find(self.settings, self.refs)

    def keeps(self, stage: Stage) -> bool:
        """Whether the result of a stage is there, and this run does not compute it anew."""
        found = self.find(stage)
        return found.ref is not None and not self._refreshes(stage.name, found)

    def perform(self, stage: Stage, found: Finding, *, refresh: bool) -> tuple[StageRef, str]:
        """The result of a stage, and whether it was cached or computed. A fault of disk or memory is tried again.

        found: what is kept for it. refresh: compute it all the same. Raises what the stage raises.
        """
        if found.ref is not None and not refresh:
            return found.ref, CACHED
        for failures, pause in enumerate((*RETRY_SECONDS, None)):
            try:
                with self._heard(stage):
                    ref, computed = obtained(
                        stage,
                        self.settings,
                        self.refs,
                        self.run_id,
                        refresh=refresh,
                        failures=failures,
                        quiet=self.quiet,
                    )
            except Exception as error:
                if pause is None or not may_succeed_later(error):
                    raise
                self.log.warning(
                    "%s failed (%s: %s); it is tried again in %d s.", stage.name, type(error).__name__, error, pause
                )
                time.sleep(pause)
            else:
                if computed and (told := stage.tell(self.settings, ref.facts)):
                    self.log.info("%s: %s", stage.name, told)
                return ref, COMPUTED if computed else CACHED
        raise AssertionError("the last try either returns or raises")

    @contextlib.contextmanager
    def _heard(self, stage: Stage) -> Iterator[None]:
        """Within the block, the progress of the stage and of its library goes to the log, unless the run is quiet."""
        if self.quiet:
            yield
            return
        with listening(tenths(self.log)), in_the_runs_log(stage.voice, self.log):
            yield

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
            if not needed and stage.name not in STAGES[until].sees:
                continue
            found = stage.find(self.settings, self.refs)
            if found.ref is None and not needed:
                continue
            if found.ref is None:
                raise StoreError(
                    f"{self.settings.label}: {until} needs the result of {stage.name}, which is not kept for these "
                    f"settings{f' ({found.fault})' if found.fault else ''}. Run topic-model, or the stage {stage.name} "
                    "first."
                )
            self.outcomes[stage.name] = Outcome(found.ref, CACHED, 0.0)
            self.settings = stage.settle(self.settings, found.ref)
            stage.check(self.settings, found.ref)

    def take(self, keys: Mapping[StageName, str]) -> None:
        """Take the results that another machine has named, by stage. Raises StoreError where one is not kept."""
        for name, key in sorted(keys.items(), key=lambda pair: STAGE_NAMES.index(pair[0])):
            ref = STAGES[name].under(key, self.settings, self.refs)
            if ref is None:
                raise StoreError(f"{self.settings.label}: the result of {name} under {key[:16]} is not kept.")
            self.outcomes[name] = Outcome(ref, CACHED, 0.0)
            self.settings = STAGES[name].settle(self.settings, ref)

    def attempt(self, name: StageName) -> StageRef | None:
        """Run a stage that nothing important waits for; None where it fails or lacks a result.

        Its failure is kept in `failed`; the run goes on.
        """
        stage = STAGES[name]
        if not stage.wanted(self.settings):
            return None
        if any(needed not in self.outcomes for needed in stage.needs(self.settings, self.refs)):
            self.failed[name] = "what it draws from could not be made"
            return None
        try:
            return self(name)
        except Exception as error:  # noqa: BLE001  # the topics are computed and exported
            self.failed[name] = _why(error)
            emit(Ended(name, "failed"))
            return None

    def remember(self) -> None:
        """Enter the run into the history of the project, and keep in `changes` what differs from the run before."""
        refs: dict[str, StageRef] = {name: ref for name, ref in self.refs.items() if name not in PICTURES}
        identity = self.enter(refs, library_versions_of(self.store, refs))
        self.differences = latest_differences(self.settings) if identity["entered"] else None
        self.changes = change_line(identity, self.differences)

    def enter(self, refs: Mapping[str, StageRef], versions: Mapping[str, str]) -> dict[str, Any]:
        """Enter the run into the history; returns what run.json says of its identity."""
        return enter_run(self.settings, refs, versions, self.run_id)

    def publish_pictures(self) -> None:
        """Put what was drawn into the analysis folder. A failure is kept in `failed`; the run goes on."""
        refs: dict[str, StageRef] = {name: ref for name, ref in self.refs.items() if name in PICTURES}
        try:
            self.publish(refs)
        except Exception as error:  # noqa: BLE001  # the topics are computed and exported
            self.failed["publish"] = f"{type(error).__name__}: {error}"

    def publish(self, refs: Mapping[str, StageRef]) -> None:
        """Put what was drawn into the analysis folder. refs: the results of the stages that draw. Raises OSError."""
        publish_and_note(self.settings, refs, self.refs[EXPORT].key, self.run_id)

    def claim_folder(self) -> None:
        """Put what was exported into run.json: what follows can fail, and be stopped, without harm."""
        before = {name: outcome for name, outcome in self._in_order().items() if name not in PICTURES}
        claim_folder(self.settings, before, self.changes, self.run_id)

    def report(self) -> RunReport:
        """Put what the run came to so far into run.json, and return it."""
        return finish_run(self.settings, self._in_order(), self.changes, self.run_id, self.failed)

    def _in_order(self) -> dict[str, Outcome]:
        """What became of each stage, in the order of a run, in whichever they were over."""
        outcomes = dict(self.outcomes)
        return {name: outcomes[name] for name in STAGE_NAMES if name in outcomes}

    def _refreshes(self, name: str, found: Finding) -> bool:
        if found.ref and found.ref.facts.get("incomplete"):
            return True
        if self.refresh is None or STAGE_NAMES.index(name) < STAGE_NAMES.index(self.refresh):
            return False
        # What this run has refreshed before it was retried is not computed once more.
        made_by = self.store.manifest(found.ref).get("prefect_run_id") if found.ref else None
        return made_by is None or made_by != self.run_id


def _why(error: Exception) -> str:
    """Why a stage failed, in words for a person."""
    told = f"{type(error).__name__}: {error}".removesuffix(": ")
    if isinstance(error, (MemoryError, BrokenProcessPool)):
        return f"a process was ended or refused memory, as happens where memory runs out: {told}"
    return told
