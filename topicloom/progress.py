"""Progress of long work, told to whoever listens: a progress bar, a run's log, or nobody."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from time import monotonic
from typing import Any, Literal


@dataclass(frozen=True)
class Part:
    """Pieces of a long piece of work are done.

    Args:
        what: The work, for a person to read.
        done: Pieces that are done.
        total: All pieces.
    """

    what: str
    done: int
    total: int


@dataclass(frozen=True)
class Started:
    """A stage begins."""

    stage: str


@dataclass(frozen=True)
class Ended:
    """A stage is over: its result was kept, has been computed, or could not be."""

    stage: str
    status: Literal["cached", "computed", "failed"]


Event = Part | Started | Ended
Listener = Callable[[Event], None]
Log = logging.Logger | logging.LoggerAdapter[Any]
_SURE = 3.0  # seconds of work from which on its pace is known well enough

_listener: ContextVar[Listener | None] = ContextVar("progress_listener", default=None)


@contextlib.contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Within the block, call `listener` with each event as it happens."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def emit(event: Event) -> None:
    """Hand an event to whoever listens."""
    listener = _listener.get()
    if listener is not None:
        listener(event)


def tell(what: str, done: int, total: int) -> None:
    """Say that `done` of `total` pieces of the work named `what` are done."""
    emit(Part(what, done, total))


class Pace:
    """How long counted work will still take, from how long it has taken: for a listener that says so.

    Example:
        >>> pace = Pace()
        >>> pace.left("embedding texts", 0, 1000)
        ''
    """

    def __init__(self) -> None:
        self._begun: dict[str, tuple[float, int]] = {}
        self._done: dict[str, int] = {}

    def left(self, what: str, done: int, total: int) -> str:
        """Such as "some 3 min left"; "" where nothing can be said yet, or all is done.

        The pace is that since the work was first heard of: what an earlier run has kept does not count.
        """
        now = monotonic()
        if done < self._done.get(what, done + 1):
            self._begun[what] = (now, done)
        self._done[what] = done
        begun, first = self._begun[what]
        if done <= first or done >= total or now - begun < _SURE:
            return ""
        seconds = (now - begun) * (total - done) / (done - first)
        return f"some {seconds:.0f} s left" if seconds < 100 else f"some {seconds / 60:.0f} min left"


def tenths(log: Log, show: Callable[[Part], None] = lambda _: None) -> Listener:
    """A listener that writes every tenth of a piece of work to a log, and passes all on to who listens now.

    Args:
        log: Of the run.
        show: Also called at every tenth.

    Example:
        >>> with listening(tenths(logging.getLogger("run"))):
        ...     tell("words", 1, 2)
    """
    outer, pace = _listener.get(), Pace()
    said: dict[str, int] = {}

    def hear(event: Event) -> None:
        if isinstance(event, Part):
            tenth = 10 * event.done // max(event.total, 1)
            left = pace.left(event.what, event.done, event.total)
            if said.get(event.what) != tenth:
                said[event.what] = tenth
                log.info("%s: %d of %d%s", event.what, event.done, event.total, left and f", {left}")
                show(event)
        if outer is not None:
            outer(event)

    return hear
