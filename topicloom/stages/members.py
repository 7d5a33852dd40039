"""The fits of a consensus under further seeds, each by a worker of a cluster, which has no folder of the project."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from topicloom.engine.engines import spreading_engine
from topicloom.engine.stated import EngineError, stated_engine
from topicloom.settings.schema import Settings
from topicloom.stage_names import LOAD_EMBEDDINGS, REDUCE
from topicloom.stages import cluster, reduce
from topicloom.stages.parts import found_neighbours
from topicloom.stages.stage import Artifact, Stage
from topicloom.store.manifest import MANIFEST
from topicloom.store.store import StageRef, Store, Workspace

FITTED: Final[tuple[Stage, ...]] = (reduce.STAGE, cluster.STAGE)
Files = dict[str, bytes]  # by their path within the store


class _Piece(NamedTuple):
    """A fit under one seed: its settings, the results that are kept of it, and what the stages after these read."""

    settings: Settings
    refs: dict[str, StageRef]
    files: Files


class _Made(NamedTuple):
    """A result that a worker has computed."""

    stage: str
    key: str
    facts: dict[str, Any]
    parts: dict[str, str]
    files: Files


def fit_elsewhere(others: Sequence[Settings], loaded: StageRef, run_id: str | None = None) -> None:
    """Have the workers of a cluster fit what the store lacks; nothing where no cluster is asked for.

    Args:
        others: Settings of each fit, which differ in their seed and share the neighbour search.
        loaded: The result of load-embeddings.
        run_id: Of the run that asks.

    Raises:
        EngineError: The cluster does not do the work, or a worker has other libraries.
    """
    if stated_engine().kind == "local" or not others:
        return
    store = Store(others[0].store_path)
    lacking = [(settings, refs) for settings in others if len(refs := _kept(settings, loaded)) <= len(FITTED)]
    if not lacking:
        return
    shared = _shared(store, loaded, [settings for settings, refs in lacking if REDUCE not in refs], run_id)
    pieces = (_Piece(settings, refs, _read_files(store, settings, refs)) for settings, refs in lacking)
    with spreading_engine() as engine:
        if engine is None:
            return
        for (settings, refs), made in zip(lacking, engine.map(_fitted, shared, pieces), strict=True):
            _keep(store, settings, refs, made, run_id)


def _kept(settings: Settings, loaded: StageRef) -> dict[str, StageRef]:
    """The result of load-embeddings, and those of a fit that the store has."""
    refs = {LOAD_EMBEDDINGS: loaded}
    for stage in FITTED:
        ref = stage.find(settings, refs).ref
        if ref is None:
            break
        refs[stage.name] = ref
    return refs


def _shared(store: Store, loaded: StageRef, to_reduce: Sequence[Settings], run_id: str | None) -> Files:
    """What every reduction reads: the embeddings, and their neighbours with the proof that they are sound."""
    if not to_reduce:
        return {}
    artifacts = list(reduce.STAGE.reads(to_reduce[0], {LOAD_EMBEDDINGS: loaded}))
    files = _files(store, {LOAD_EMBEDDINGS: loaded}, artifacts)
    neighbours = found_neighbours(to_reduce[0], loaded, run_id, quiet=True)
    if neighbours is None:
        return files
    named = [Artifact(neighbours.stage, name) for name in (*neighbours.outputs, MANIFEST)]
    return files | _files(store, {neighbours.stage: neighbours}, named)


def _read_files(store: Store, settings: Settings, refs: dict[str, StageRef]) -> Files:
    """What the stages that are not kept read of those that are, beside what is shared."""
    missing = [stage for stage in FITTED if stage.name not in refs]
    wanted = [one for stage in missing for one in stage.reads(settings, refs) if one.stage != LOAD_EMBEDDINGS]
    return _files(store, refs, [one for one in wanted if one.stage in refs])


def _files(store: Store, refs: Mapping[str, StageRef], artifacts: Iterable[Artifact]) -> Files:
    return {
        f"{stage}/{refs[stage].key}/{name}": store.artifact(refs[stage], name).read_bytes() for stage, name in artifacts
    }


def _fitted(shared: Files, piece: _Piece) -> list[_Made]:
    """Compute the stages that a fit lacks, in a store of their own that ends with it."""
    with tempfile.TemporaryDirectory(prefix="topicloom-") as folder:
        settings = piece.settings.model_copy(update={"root": Path(folder)})
        store = Store(settings.store_path)
        for name, content in (shared | piece.files).items():
            path = store.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        refs = dict(piece.refs)
        made = []
        for stage in FITTED:
            if stage.name not in refs:
                refs[stage.name] = stage.obtain(settings, refs, quiet=True)[0]
                made.append(_made(store, refs[stage.name]))
        return made


def _made(store: Store, ref: StageRef) -> _Made:
    files = {name: store.artifact(ref, name).read_bytes() for name in ref.outputs}
    return _Made(ref.stage, ref.key, ref.facts, store.manifest(ref)["parts"], files)


def _keep(
    store: Store, settings: Settings, refs: dict[str, StageRef], made: Sequence[_Made], run_id: str | None
) -> None:
    """Bring what a worker has computed into the store."""
    for stage, one in zip((stage for stage in FITTED if stage.name not in refs), made, strict=True):
        plan = stage.plan(settings, refs)
        if one.key != plan.key:
            raise EngineError(
                f"A worker has computed another result of {stage.name} than was asked for: its libraries differ.\n"
                "  Install on all workers what requirements.lock lists."
            )

        def write(out: Workspace, one: _Made = one) -> None:
            for name, content in one.files.items():
                path = out.path(name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            out.facts, out.parts = dict(one.facts), dict(one.parts)

        refs[stage.name] = store.obtain(plan, write, run_id=run_id)[0]
