"""The workers of the pool, as the server knows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from flows.names import POOL

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

# Three heartbeats of a worker. The server's own word for it (ONLINE) is stale for a while after it has started.
_SILENCE: Final = timedelta(seconds=90)


def living_workers(client: SyncPrefectClient) -> list[str]:
    """The names of the workers that have polled the pool within three of their heartbeats."""
    if POOL not in {pool.name for pool in client.read_work_pools()}:
        return []
    answer = client.request(
        "POST", "/work_pools/{work_pool_name}/workers/filter", path_params={"work_pool_name": POOL}, json={}
    )
    return [worker["name"] for worker in answer.json() if _lives(worker)]


def _lives(worker: dict[str, Any]) -> bool:
    last = worker["last_heartbeat_time"]
    return bool(last) and datetime.now(UTC) - datetime.fromisoformat(last) < _SILENCE


def pool_has_worker() -> bool:
    """Whether a worker takes runs from the pool."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        return bool(living_workers(client))
