"""Pieces of work, done by whichever engine is asked for: their results come in order, and are the same by any."""

from __future__ import annotations

import contextlib
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any, Final, Protocol, TypeVar

from topicloom.engine.installed import on_worker, versions_here
from topicloom.engine.stated import VARIABLE, Stated, stated_engine

logger = logging.getLogger(__name__)

AHEAD: Final = 2  # pieces for each worker that are sent before their turn
Given = TypeVar("Given")
Found = TypeVar("Found")


class Engine(Protocol):
    """Does pieces of work."""

    def map(self, work: Callable[[Any, Given], Found], shared: Any, pieces: Iterable[Given]) -> Iterator[Found]:
        """What each piece came to, in their order.

        work: can be pickled, as can what it takes and returns. shared: what it takes for every piece, sent once.
        Raises what the work raises, and EngineError where a piece's workers have died.
        """


class Here:
    """Does each piece in this process, when its result is asked for."""

    def map(self, work: Callable[[Any, Given], Found], shared: Any, pieces: Iterable[Given]) -> Iterator[Found]:
        """As `Engine.map`."""
        return map(partial(work, shared), pieces)


class _Cluster(Protocol):
    """Workers that have been reached."""

    @property
    def workers(self) -> int:
        """How many pieces are done at a time."""

    def share(self, value: Any) -> Any:
        """Send a value to the workers; returns what stands for it."""

    def begin(self, work: Callable[[Any, Any], Any], shared: Any, piece: Any) -> Any:
        """Have a piece done; returns what its result is asked for by. shared: what `share` has returned."""

    def result(self, begun: Any) -> Any:
        """Wait for a piece. Raises what the work raises, and EngineError where its workers have died."""

    def forget(self, begun: list[Any]) -> None:
        """Do these no more."""


class Spread:
    """Does pieces on the workers of a cluster, some of them ahead of their turn.

    Args:
        cluster: Its workers.
    """

    def __init__(self, cluster: _Cluster) -> None:
        self._cluster = cluster

    def map(self, work: Callable[[Any, Given], Found], shared: Any, pieces: Iterable[Given]) -> Iterator[Found]:
        """As `Engine.map`. What has been begun is given up where the caller stops."""
        checked = partial(on_worker, versions_here(), work)
        held, left = self._cluster.share(shared), iter(pieces)
        begun: deque[Any] = deque()
        try:
            while True:
                wanted = AHEAD * max(self._cluster.workers, 1) - len(begun)
                begun.extend(self._cluster.begin(checked, held, piece) for piece in islice(left, max(wanted, 0)))
                if not begun:
                    return
                found = self._cluster.result(begun[0])
                begun.popleft()
                yield found
        finally:
            self._cluster.forget(list(begun))


@contextlib.contextmanager
def opened_engine() -> Iterator[Engine]:
    """The engine that $TOPICLOOM_ENGINE asks for, until the block ends; workers that it started end with it.

    Raises:
        EngineError: The variable is wrong, its library is not installed, or no worker answers.

    Example:
        >>> with opened_engine() as engine:
        ...     list(engine.map(max, 2, [1, 3]))
        [2, 3]
    """
    stated = stated_engine()
    if stated.kind == "local":
        yield Here()
        return
    with _opened(stated) as cluster:
        logger.info("%s: %d workers do the pieces of this stage.", VARIABLE, cluster.workers)
        yield Spread(cluster)


@contextlib.contextmanager
def spreading_engine() -> Iterator[Engine | None]:
    """The engine that $TOPICLOOM_ENGINE asks for; None where that is this process, which knows a faster way of its own.

    Raises:
        EngineError: As `opened_engine`.

    Example:
        >>> with spreading_engine() as engine:
        ...     engine is None
        True
    """
    if stated_engine().kind == "local":
        yield None
        return
    with opened_engine() as engine:
        yield engine


def _opened(stated: Stated) -> contextlib.AbstractContextManager[_Cluster]:
    if stated.kind == "dask":
        from topicloom.engine.by_dask import dask_cluster

        return dask_cluster(stated)
    from topicloom.engine.by_ray import ray_cluster

    return ray_cluster(stated)
