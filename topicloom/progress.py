"""Progress of long work, told to whoever listens: a progress bar, a run's log, or nobody."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar

Listener = Callable[[str, int, int], None]

_listener: ContextVar[Listener | None] = ContextVar("progress_listener", default=None)


@contextlib.contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Within the block, call `listener(what, done, total)` whenever a piece of long work is done."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def tell(what: str, done: int, total: int) -> None:
    """Say that `done` of `total` pieces of the work named `what` are done."""
    listener = _listener.get()
    if listener is not None:
        listener(what, done, total)


def current_listener() -> Listener | None:
    """Who listens now, for a listener that passes on what it hears."""
    return _listener.get()
