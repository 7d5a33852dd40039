"""A run of the stages as the flow has it, without Prefect: what is kept is reused, and what ran inside what is noted."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from topicloom.lineage.history import turn
from topicloom.settings.reading import read_settings
from topicloom.settings.schema import Settings
from topicloom.stage_names import DESCRIBE, EXPORT, IDENTIFY, PICTURES
from topicloom.stages.publish import note_shown_labels, publish_pictures
from topicloom.stages.registry import STAGES
from topicloom.stages.remember import library_versions_of, remember_run
from topicloom.stages.take_up import taken_up
from topicloom.store.run_record import analysis_lock, update_record
from topicloom.store.store import StagePlan, StageRef, Store, Workspace


@dataclass
class Run:
    """What came of a run: its results, the stages that computed, and what each of these had computed inside it.

    settings: those at its end. inside: by stage, what it asked the store for while it computed.
    """

    settings: Settings
    refs: dict[str, StageRef] = field(default_factory=dict)
    computed: list[str] = field(default_factory=list)
    inside: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


def run_stages(folder: Path) -> Run:
    """Run an analysis to its end, and return what came of it."""
    run = Run(taken_up(read_settings(folder)))
    with _watched(run.inside):
        _obtain_until(run, IDENTIFY)
        with turn(run.settings):
            _obtain_until(run, DESCRIBE)
            store = Store(run.settings.store_path)
            identity = remember_run(run.settings, run.refs, library_versions_of(store, run.refs), None)
            with analysis_lock(run.settings, store):
                update_record(run.settings, {"identity": identity})
        _obtain_until(run, None)
    drawn = {name: ref for name, ref in run.refs.items() if name in PICTURES}
    publish_pictures(run.settings, drawn, run.refs[EXPORT].key)
    note_shown_labels(run.settings, run.refs[DESCRIBE])
    return run


def _obtain_until(run: Run, end: str | None) -> None:
    for stage in STAGES.values():
        if stage.name == end:
            return
        if stage.name in run.refs or not (stage.wanted(run.settings) and stage.due(run.settings, run.refs)):
            continue
        # A stage is given what it says that it reads, and nothing else.
        ref, new = stage.obtain(run.settings, stage.given(run.settings, run.refs), quiet=True)
        run.refs[stage.name] = ref
        if new:
            run.computed.append(stage.name)
        run.settings = stage.settle(run.settings, ref)
        stage.check(run.settings, ref)


@contextlib.contextmanager
def _watched(inside: dict[str, set[str]]) -> Iterator[None]:
    """Note what is asked of the store while a stage computes."""
    obtain, computing = Store.obtain, []

    def noting(self: Store, plan: StagePlan, compute: Callable[[Workspace], Any], **options: Any) -> Any:
        for outer in computing:
            inside[outer].add(plan.stage)

        def within(out: Workspace) -> None:
            computing.append(plan.stage)
            try:
                compute(out)
            finally:
                computing.pop()

        return obtain(self, plan, within, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "obtain", noting)
        yield
