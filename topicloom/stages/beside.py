"""Stages that are computed in another place than this process, so that two go on at the same time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import ParamSpec, Protocol, TypeVar

from topicloom.machine.side_process import SideProcessEndedError
from topicloom.settings.schema import Settings
from topicloom.stages.registry import STAGES
from topicloom.stages.stage import Refs, Stage
from topicloom.store.store import StageRef

P = ParamSpec("P")
T = TypeVar("T")


class Place(Protocol):
    """Where a stage is computed: a process beside this one, or another machine."""

    @property
    def is_over(self) -> bool:
        """Whether nobody waits any more for what is computed there."""

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Have a function called there, and wait for what it returns."""


_place: ContextVar[Place | None] = ContextVar("place_of_computation", default=None)


@contextlib.contextmanager
def computed_in(place: Place | None) -> Iterator[None]:
    """Within the block, and on this thread alone, stages are computed in another place; in this process where None."""
    token = _place.set(place)
    try:
        yield
    finally:
        _place.reset(token)


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
    place = _place.get()
    if place is not None and place.is_over:
        raise SideProcessEndedError
    if place is None or failures:
        return stage.obtain(settings, refs, run_id, refresh=refresh, failures=failures, quiet=quiet)
    given = stage.given(settings, refs)
    return place.call(_obtain, stage.name, settings, given, run_id, refresh=refresh, quiet=quiet)


def preload(names: Sequence[str], settings: Settings) -> None:
    """Import what stages compute with, ahead of time."""
    for name in names:
        STAGES[name].preload(settings)


def _obtain(
    name: str, settings: Settings, refs: Refs, run_id: str | None, *, refresh: bool, quiet: bool
) -> tuple[StageRef, bool]:
    return STAGES[name].obtain(settings, refs, run_id, refresh=refresh, quiet=quiet)
