"""Scheduled runs that fell due while nothing was there to take them: one is made up for, or none, never all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from flows.names import TAG
from flows.server.whole_answers import every_page, our_deployments

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun


def settle_missed(catches_up: dict[tuple[str, str], bool]) -> Iterator[str]:
    """Of the overdue runs of each schedule keep the newest, where the schedule catches up, and delete the others.

    Call it while no worker takes runs: one that is overdue now was missed. catches_up: by deployment and slug of the
    schedule. Yields what a person should know.
    """
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        names = {deployment.id: deployment.name for deployment in our_deployments(client)}
        for (deployment, slug), runs in _overdue(client, names).items():
            kept = catches_up.get((deployment, slug), False)
            for run in runs[:-1] if kept else runs:
                client.delete_flow_run(run.id)
            times = "once" if len(runs) == 1 else f"{len(runs)} times, last"
            due = f"{runs[-1].expected_start_time:%Y-%m-%d %H:%M} UTC"
            what = "one run makes up for it" if kept else "it is passed over (catch_up: true would make up for it)"
            yield f"the schedule {deployment}/{slug} was missed {times} at {due}: {what}"


def _overdue(client: SyncPrefectClient, names: dict[UUID, str]) -> dict[tuple[str, str], list[FlowRun]]:
    """Runs that a schedule has put down and nobody has taken, by deployment and slug, oldest first."""
    found: dict[tuple[str, str], list[FlowRun]] = defaultdict(list)
    for run in _scheduled_before_now(client):
        name = names.get(run.deployment_id) if run.deployment_id else None
        if name is not None and run.auto_scheduled and run.run_count == 0 and run.created_by is not None:
            found[name, run.created_by.display_value or ""].append(run)
    return dict(found)


def _scheduled_before_now(client: SyncPrefectClient) -> list[FlowRun]:
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect.client.schemas.sorting import FlowRunSort

    wanted = {
        "state": {"type": {"any_": ["SCHEDULED"]}},
        "next_scheduled_start_time": {"before_": datetime.now(UTC)},
        "tags": {"all_": [TAG]},
    }
    overdue = FlowRunFilter.model_validate(wanted)
    return list(
        every_page(partial(client.read_flow_runs, flow_run_filter=overdue, sort=FlowRunSort.EXPECTED_START_TIME_ASC))
    )
