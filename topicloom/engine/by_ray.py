"""Pieces of work on a Ray cluster: one that is there, or processes of this machine."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any

from topicloom.engine.stated import (
    TRIES,
    Stated,
    cluster_is_lost,
    does_not_answer,
    worker_lacks,
    workers_have_died,
)


class RayCluster:
    """The workers of the Ray cluster that this process has joined."""

    def __init__(self) -> None:
        import ray

        self._ray = ray
        self._do = ray.remote(max_retries=TRIES - 1)(_done)

    @property
    def workers(self) -> int:
        """Processors of all machines."""
        return int(self._ray.cluster_resources().get("CPU", 1))  # type: ignore[no-untyped-call]

    def share(self, value: Any) -> Any:
        """Put a value where every worker finds it; returns a reference to it."""
        return self._ray.put(value)

    def begin(self, work: Callable[[Any, Any], Any], shared: Any, piece: Any) -> Any:
        """Have a piece done; returns a reference to its result."""
        return self._do.remote(work, shared, piece)

    def result(self, begun: Any) -> Any:
        """Wait for a piece. Raises what the work raises, and EngineError where workers have died or lack a library."""
        from ray.exceptions import OutOfMemoryError, RayError, RayTaskError, WorkerCrashedError

        try:
            return self._ray.get(begun)
        except RayTaskError as error:
            if isinstance(error.cause, ModuleNotFoundError):
                raise worker_lacks(error.cause) from error
            raise error.cause from error  # as it would be raised here
        except (WorkerCrashedError, OutOfMemoryError) as error:
            raise workers_have_died("Ray", error) from error
        except RayError as error:
            raise cluster_is_lost("Ray", error) from error

    def forget(self, begun: list[Any]) -> None:
        """Do these no more."""
        for one in begun:
            self._ray.cancel(one, force=True)


def _done(work: Callable[[Any, Any], Any], shared: Any, piece: Any) -> Any:
    return work(shared, piece)


@contextlib.contextmanager
def ray_cluster(stated: Stated) -> Iterator[RayCluster]:
    """Join a Ray cluster, or start one of this machine's processes, which ends with the block.

    Args:
        stated: What is asked for.

    Raises:
        EngineError: The cluster does not answer, or this process is in another one.

    Example:
        >>> with ray_cluster(Stated("ray", workers=2)) as cluster:  # doctest: +SKIP
        ...     cluster.result(cluster.begin(max, cluster.share(1), 2))
        2
    """
    import ray

    if ray.is_initialized():  # a sweep by Ray: its trials are spread already
        yield RayCluster()
        return
    given: dict[str, Any] = (
        {"address": stated.address} if stated.address else {"num_cpus": stated.workers, "include_dashboard": False}
    )
    try:
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **given)
    except (ConnectionError, OSError, RuntimeError, TimeoutError) as error:
        raise does_not_answer(stated, error) from error
    try:
        yield RayCluster()
    finally:
        ray.shutdown()
