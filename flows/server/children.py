"""The runs of deployments that a run has asked for: each has a process of its own, maybe on another machine."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import UUID

from flows.server.whole_answers import every_page

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

_NOT_OVER: Final = ("SCHEDULED", "PENDING", "RUNNING", "PAUSED")


def children(client: SyncPrefectClient, run: UUID) -> list[FlowRun]:
    """Those that a run has asked for and that are not over yet."""
    from prefect.client.schemas.filters import FlowRunFilter

    wanted = FlowRunFilter.model_validate(
        {
            "parent_flow_run_id": {"any_": [run]},
            "deployment_id": {"is_null_": False},
            "state": {"type": {"any_": list(_NOT_OVER)}},
        }
    )
    return list(every_page(partial(client.read_flow_runs, flow_run_filter=wanted)))
