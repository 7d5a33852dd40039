"""Stages that are computed in a process beside this one, so that two go on at the same time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

from topicloom.machine.side_process import SideProcess, SideProcessEndedError
from topicloom.settings.schema import Settings
from topicloom.stages.registry import STAGES
from topicloom.stages.stage import Refs, Stage
from topicloom.store.store import StageRef

_process: ContextVar[SideProcess | None] = ContextVar("process_beside", default=None)


@contextlib.contextmanager
def computed_in(process: SideProcess | None) -> Iterator[None]:
    """Within the block, and on this thread alone, stages are computed in another process; in this one where None."""
    token = _process.set(process)
    try:
        yield
    finally:
        _process.reset(token)


def obtained(
    stage: Stage,
    settings: Settings,
    refs: Refs,
    run_id: str | None = None,
    *,
    refresh: bool = False,
    failures: int = 0,
    quiet: bool = False,
) -> tuple[StageRef, bool]:
    """The result of a stage, kept or computed now, and whether it was computed; wherever this thread computes.

    What has failed once is tried again in this process, which has more memory to itself by then. Raises whatever the
    stage raises, BrokenProcessPool where the process beside was killed, and SideProcessEndedError where it has been
    ended: then nobody waits for the result any more.
    """
    process = _process.get()
    if process is not None and process.is_over:
        raise SideProcessEndedError
    if process is None or failures:
        return stage.obtain(settings, refs, run_id, refresh=refresh, failures=failures, quiet=quiet)
    given = stage.given(settings, refs)
    return process.call(_obtain, stage.name, settings, given, run_id, refresh=refresh, quiet=quiet)


def _obtain(
    name: str, settings: Settings, refs: Refs, run_id: str | None, *, refresh: bool, quiet: bool
) -> tuple[StageRef, bool]:
    return STAGES[name].obtain(settings, refs, run_id, refresh=refresh, quiet=quiet)
