"""Runs whose process has died without a word: they get a true state, their tasks are closed, their slots are free."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from flows.configs import REPOSITORY, analysis_folder
from flows.names import TAG
from flows.server.processes import HOST_LABEL, PROCESS_LABEL, exists, may_be_running, run_processes, this_host
from flows.server.whole_answers import every_page, our_deployments
from flows.server.workers import living_workers
from topicloom.errors import TopicloomError
from topicloom.settings.reading import read_settings
from topicloom.store.store import Store

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun
    from prefect.states import State

GONE: Final = "Its process on"  # so the message of a run begins whose machine is on again
_UNFINISHED: Final = ("RUNNING", "CANCELLING", "PENDING")
# A worker needs a moment from taking a run to having a process for it.
_STARTING_SECONDS: Final = 60.0


def end_dead_runs() -> list[str]:
    """Give each run of this machine that has no process any more the state that it is in; a line for each.

    One that ran is Crashed, one that was to be cancelled is Cancelled, one that had not begun waits again. Slots that
    nothing holds are free afterwards. Runs of other machines stay as they are.
    """
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        processes, alone = run_processes(), _no_other_machine_works(client)
        said = [_end(client, run) for run in _unfinished(client) if _is_dead(run, processes, alone=alone)]
        _free_slots(client)
    return [line for line in said if line]


def close_tasks(client: SyncPrefectClient, run: UUID, why: str) -> int:
    """Mark the tasks and subflows Crashed that the process of a run has left Running or Pending; how many they were.

    Subflows of deployments have processes of their own, which go on.
    """
    from prefect.client.schemas.filters import FlowRunFilter, TaskRunFilter
    from prefect.states import Crashed

    left = {"state": {"type": {"any_": ["RUNNING", "PENDING"]}}}
    of_run = FlowRunFilter.model_validate({"id": {"any_": [run]}})
    wanted = TaskRunFilter.model_validate(left)
    tasks = list(every_page(partial(client.read_task_runs, flow_run_filter=of_run, task_run_filter=wanted)))
    for task in tasks:
        client.set_task_run_state(task.id, Crashed(message=why), force=True)
    inside = {"parent_flow_run_id": {"any_": [run]}, "deployment_id": {"is_null_": True}}
    inner = FlowRunFilter.model_validate({**left, **inside})
    subflows = list(every_page(partial(client.read_flow_runs, flow_run_filter=inner)))
    for subflow in subflows:
        close_tasks(client, subflow.id, why)
        client.set_flow_run_state(subflow.id, Crashed(message=why), force=True)
    return len(tasks) + len(subflows)


def sweep_store(parameters: dict[str, Any]) -> None:
    """Remove what the run of these parameters was writing when it ended; what is wrong with them, the run has said."""
    with contextlib.suppress(TopicloomError, OSError, KeyError):
        Store(read_settings(REPOSITORY / analysis_folder(parameters["analysis"])).store_path).sweep()


def _unfinished(client: SyncPrefectClient) -> list[FlowRun]:
    from prefect.client.schemas.filters import FlowRunFilter

    wanted = FlowRunFilter.model_validate({"tags": {"all_": [TAG]}, "state": {"type": {"any_": list(_UNFINISHED)}}})
    return list(every_page(partial(client.read_flow_runs, flow_run_filter=wanted)))


def _no_other_machine_works(client: SyncPrefectClient) -> bool:
    """Whether every worker that has polled the pool lately is of this machine."""
    return all(name.startswith(this_host()) for name in living_workers(client))


def _is_dead(run: FlowRun, processes: dict[str, list[int]], *, alone: bool) -> bool:
    host = run.labels.get(HOST_LABEL)
    if host != this_host() and (host is not None or run.deployment_id is None or not alone):
        return False
    if run.deployment_id is None:  # started from the command line, which told its own process
        return not exists(int(run.labels.get(PROCESS_LABEL, 1)))
    if str(run.id) in processes:
        return False
    process = (run.infrastructure_pid or "").rpartition(":")[2]
    if process.isdigit():
        return not may_be_running(int(process))
    if process:  # a job of a cluster, which its own worker watches; here is no process of it to look for
        return False
    return _age(run) > _STARTING_SECONDS


def _age(run: FlowRun) -> float:
    """Seconds since a run came into its state."""
    return (datetime.now(UTC) - run.state.timestamp).total_seconds() if run.state else 0.0


def _end(client: SyncPrefectClient, run: FlowRun) -> str:
    state = _true_state(run)
    client.set_flow_run_state(run.id, state)
    close_tasks(client, run.id, "The process of its run is gone.")
    sweep_store(run.parameters)
    return f"run {run.name} had no process any more: {state.name}"


def _true_state(run: FlowRun) -> State[Any]:
    from prefect.states import Cancelled, Crashed, Scheduled

    if run.state is not None and run.state.is_cancelling():
        return Cancelled(message=f"{GONE} {this_host()} is gone.")
    if run.state is not None and run.state.is_pending() and run.deployment_id:
        return Scheduled(message=f"{GONE} {this_host()} was gone before it began.")
    return Crashed(message=f"{GONE} {this_host()} is gone. Retry goes on where it was.")


def _free_slots(client: SyncPrefectClient) -> None:
    """Let no slot of a deployment be counted that no unfinished run holds."""
    from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate

    for deployment in our_deployments(client):
        limit = deployment.global_concurrency_limit
        if limit is not None and limit.active_slots > (held := _held(client, deployment.id)):
            client.update_global_concurrency_limit(limit.name, GlobalConcurrencyLimitUpdate(active_slots=held))


def _held(client: SyncPrefectClient, deployment: UUID) -> int:
    from prefect.client.schemas.filters import DeploymentFilter, FlowRunFilter

    unfinished = FlowRunFilter.model_validate({"state": {"type": {"any_": list(_UNFINISHED)}}})
    of_it = DeploymentFilter.model_validate({"id": {"any_": [deployment]}})
    runs = every_page(partial(client.read_flow_runs, flow_run_filter=unfinished, deployment_filter=of_it))
    return sum(1 for _ in runs)
