"""What a stage is: what it reads, which settings and libraries decide it, when a run has it, and how it computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from topicloom.errors import StoreError, quoted_list
from topicloom.settings.schema import Settings
from topicloom.stage_names import StageName
from topicloom.store.sharing import make_inputs
from topicloom.store.store import Finding, StagePlan, StageRef, Store, Workspace, ref_of

Refs = Mapping[str, StageRef]
INNER = "inner"  # in a plan's parameters: the versions of what the stage runs itself


class Artifact(NamedTuple):
    """A file that a stage writes.

    Args:
        stage: The name of the stage.
        name: The name of the file.
    """

    stage: str
    name: str


@dataclass(frozen=True)
class Part:
    """A result of its own that stages rest on: found once, and kept under a key of its own.

    Args:
        name: Where the store keeps it.
        version: Raised when its code changes its result.
    """

    name: str
    version: int


@dataclass(frozen=True)
class Work:
    """What a stage is given to compute with.

    Args:
        settings: Those of the run.
        refs: The results of the stages that it reads, by name.
        out: The workspace to write into.
        run_id: Of the Prefect run, or None outside one.
        failures: How often this run has tried it in vain.
        quiet: Libraries keep their progress to themselves.
    """

    settings: Settings
    refs: Refs
    out: Workspace
    run_id: str | None = None
    failures: int = 0
    quiet: bool = False

    @cached_property
    def store(self) -> Store:
        """The stage store of the project."""
        return Store(self.settings.store_path)

    def path(self, artifact: Artifact) -> Path:
        """Where an artifact of an earlier stage lies."""
        return self.store.artifact(self.refs[artifact.stage], artifact.name)

    def folder(self, stage: str) -> Path:
        """Where the artifacts of an earlier stage lie."""
        return self.store.folder(stage, self.refs[stage].key)


@dataclass(frozen=True)
class Stage:
    """One step of a run, declared.

    Args:
        name: Its name, also that of its Prefect task.
        version: Raised when the stage's own code changes its result.
        parameters: The settings that it reads.
        reads: The artifacts that decide its result, given the results of the stages before it.
        libraries: The distributions that decide its numbers.
        compute: Writes the artifacts into the workspace, and states facts about them. Here, and only here, numpy and
            the like are imported, so that a run whose results are kept imports nothing heavy.
        writes: The artifacts that are always there when it has computed; the store refuses a result without one.
        inner: Stages that it runs itself, or whose results it judges: their versions and libraries are part of its key.
        parts: Results of their own that it has made while it computes; their versions are part of its key.
        sees: Stages whose results it looks at, without their deciding its own.
        files: Files of the project that it reads, as far as they are there.
        also: What else decides its result, as digests by name.
        wanted: Whether a run with these settings has it.
        due: Whether a run that wants it needs it, given the results before it.
        gates: Whether the stages after it wait for it, since it decides what they read.
        apart: Whether no stage before the export rests on it, and it leaves cores idle: it is computed beside them.
        awaits: What the next run decides by it, in words; empty for a stage that decides nothing.
        settle: The settings of the stages after it.
        lacks: What must be made before its inputs are there, in words; empty where all is there.
        make: Makes what it lacks. failures: how often that was tried in vain.
        voice: The library whose own progress, which it prints, goes to the run's log; empty for none.
        tell: What came of it, in a line of the run's log; empty for none.
        check: Raises InputError where the settings do not fit what it has found.
        preload: Imports what it computes with, ahead of time and beside other work.
        alone: What is still to be done where it has run without the stages after it.
    """

    name: StageName
    version: int
    parameters: Callable[[Settings], dict[str, Any]]
    reads: Callable[[Settings, Refs], Sequence[Artifact]]
    libraries: tuple[str, ...]
    compute: Callable[[Work], None]
    writes: tuple[str, ...] = ()
    inner: tuple[Stage, ...] = ()
    parts: tuple[Part, ...] = ()
    sees: tuple[str, ...] = ()
    files: Callable[[Settings], Sequence[Path]] = lambda _: ()
    also: Callable[[Settings, Refs], dict[str, str]] = lambda *_: {}
    wanted: Callable[[Settings], bool] = lambda _: True
    due: Callable[[Settings, Refs], bool] = lambda *_: True
    gates: bool = False
    apart: Callable[[Settings, Refs], bool] = lambda *_: False
    awaits: Callable[[Settings, Refs], str] = lambda *_: ""
    settle: Callable[[Settings, StageRef], Settings] = lambda settings, _: settings
    lacks: Callable[[Settings], str] = lambda _: ""
    make: Callable[[Settings, int], None] = lambda *_: None
    voice: str = ""
    tell: Callable[[Settings, Mapping[str, Any]], str] = lambda *_: ""
    check: Callable[[Settings, StageRef], None] = lambda *_: None
    preload: Callable[[Settings], object] = lambda _: None
    alone: Callable[[Settings], None] = lambda _: None

    def needs(self, settings: Settings, refs: Refs) -> list[str]:
        """The stages whose results decide its own, given the results so far."""
        return list(dict.fromkeys(artifact.stage for artifact in self.reads(settings, refs)))

    def given(self, settings: Settings, refs: Refs) -> dict[str, StageRef]:
        """Of the results so far, those that it computes with."""
        names = (*self.needs(settings, refs), *self.sees)
        return {name: refs[name] for name in dict.fromkeys(names) if name in refs}

    def decided_by(self, settings: Settings) -> dict[str, Any]:
        """The settings that decide its result, and the versions of what it runs itself.

        A part stands in it from its second version on, so that the keys of earlier results hold.
        """
        versions: dict[str, int] = {one.name: one.version for one in self.inner}
        versions |= {part.name: part.version for part in self.all_parts() if part.version > 1}
        return {**self.parameters(settings), **({INNER: versions} if versions else {})}

    def all_parts(self) -> Iterator[Part]:
        """Its parts, and those of the stages that it runs itself."""
        yield from self.parts
        for stage in self.inner:
            yield from stage.all_parts()

    def plan(self, settings: Settings, refs: Refs) -> StagePlan:
        """What its result will be made from; raises OSError for an input file that cannot be read."""
        digests = Store(settings.store_path).digests
        return StagePlan(
            stage=self.name,
            version=self.version,
            parameters=self.decided_by(settings),
            inputs={
                **{f"{stage}/{name}": refs[stage].outputs[name] for stage, name in self.reads(settings, refs)},
                **{file.name: digests.digest(file) for file in self.files(settings) if file.is_file()},
                **self.also(settings, refs),
            },
            libraries=library_versions(*self.libraries, *(name for stage in self.inner for name in stage.libraries)),
        )

    def find(self, settings: Settings, refs: Refs) -> Finding:
        """What is kept for these settings; computes nothing and imports nothing heavy."""
        if self.lacks(settings):
            return Finding(ref=None)
        return Store(settings.store_path).find(self.plan(settings, refs))

    def under(self, key: str, settings: Settings, refs: Refs) -> StageRef | None:  # noqa: ARG002
        """The result that is kept under a key, which another machine has named; None where there is none."""
        manifest = Store(settings.store_path).manifest_of(self.name, key)
        return ref_of(manifest) if manifest else None

    def obtain(
        self,
        settings: Settings,
        refs: Refs,
        run_id: str | None = None,
        *,
        refresh: bool = False,
        failures: int = 0,
        quiet: bool = False,
    ) -> tuple[StageRef, bool]:
        """The result, kept or computed now, and whether it was computed. Raises whatever `compute` raises."""
        if self.lacks(settings):
            make_inputs(settings, self.lacks, lambda: self.make(settings, failures))

        def compute(out: Workspace) -> None:
            self.compute(Work(settings, self.given(settings, refs), out, run_id, failures, quiet))
            forgotten = [name for name in self.writes if not out.path(name).exists()]
            if forgotten:
                raise StoreError(
                    f"The stage {self.name} has not written {quoted_list(forgotten)}; its result is not kept."
                )

        store = Store(settings.store_path)
        return store.obtain(self.plan(settings, refs), compute, refresh=refresh, run_id=run_id)

    def last_manifest(self, store: Store, record: Mapping[str, Any]) -> dict[str, Any]:
        """The provenance of the result that the last run used; empty if there was no run or it has gone.

        record: the analysis's run.json.
        """
        key = record.get("stages", {}).get(self.name, {}).get("key")
        return store.manifest_of(self.name, key) if key else {}

    def manifest(self, store: Store, record: Mapping[str, Any], ref: StageRef) -> dict[str, Any]:  # noqa: ARG002
        """The provenance of a result that is kept."""
        return store.manifest(ref)


def library_versions(*distributions: str) -> dict[str, str]:
    """The installed version of each distribution."""
    return {name: _version(name) for name in distributions}


@cache
def _version(distribution: str) -> str:
    return version(distribution)
