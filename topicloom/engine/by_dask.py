"""Pieces of work on a Dask cluster: one that is there, or processes of this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Final

from topicloom.engine.stated import (
    TRIES,
    Stated,
    cluster_is_lost,
    does_not_answer,
    worker_lacks,
    workers_have_died,
)

_PATIENCE: Final = 30  # seconds for a scheduler to answer, and for its first worker
_CONFIGURED: Final = {
    "distributed.scheduler.allowed-failures": TRIES - 1,
    "distributed.admin.large-graph-warning-threshold": "1 PiB",  # what `share` sends is large, and sent once
}


class DaskCluster:
    """The workers of a Dask cluster.

    Args:
        client: A distributed.Client.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    @property
    def workers(self) -> int:
        """Threads of all workers."""
        return sum(self._client.ncores().values())

    def share(self, value: Any) -> Any:
        """Have a value brought to the workers that need it; returns a future of it.

        As a task's result it can be had again where all workers that hold it have died; scattered it would be lost.
        """
        return self._client.submit(_itself, value, pure=False)

    def begin(self, work: Callable[[Any, Any], Any], shared: Any, piece: Any) -> Any:
        """Have a piece done; returns a future."""
        return self._client.submit(work, shared, piece, pure=False)

    def result(self, begun: Any) -> Any:
        """Wait for a piece. Raises what the work raises, and EngineError where workers have died or lack a library."""
        from distributed import KilledWorker
        from distributed.comm.core import CommClosedError

        try:
            return begun.result()
        except KilledWorker as error:
            raise workers_have_died("Dask", error) from error
        except CommClosedError as error:
            raise cluster_is_lost("Dask", error) from error
        except ModuleNotFoundError as error:
            raise worker_lacks(error) from error

    def forget(self, begun: list[Any]) -> None:
        """Do these no more."""
        if begun:
            self._client.cancel(begun, force=True)


def _itself(value: Any) -> Any:
    return value


@contextlib.contextmanager
def dask_cluster(stated: Stated) -> Iterator[DaskCluster]:
    """Reach a Dask cluster, or start one of this machine's processes, which ends with the block.

    Args:
        stated: What is asked for.

    Raises:
        EngineError: No scheduler or no worker answers.

    Example:
        >>> with dask_cluster(Stated("dask", workers=2)) as cluster:  # doctest: +SKIP
        ...     cluster.result(cluster.begin(max, cluster.share(1), 2))
        2
    """
    import dask
    from distributed import Client, LocalCluster

    with contextlib.ExitStack() as stack:
        stack.enter_context(dask.config.set(_CONFIGURED))
        where: Any = stated.address
        if not where:
            where = stack.enter_context(
                LocalCluster(  # type: ignore[no-untyped-call]
                    n_workers=stated.workers, threads_per_worker=1, processes=True, dashboard_address=None
                )
            )
        try:
            client = stack.enter_context(
                Client(where, timeout=_PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]
            )
            client.wait_for_workers(1, timeout=_PATIENCE)
        except (OSError, TimeoutError) as error:
            raise does_not_answer(stated, error) from error
        yield DaskCluster(client)
