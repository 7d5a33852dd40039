"""What happens around every flow run: it says where it runs, and what a killed one has left is cleared up."""

from __future__ import annotations

import os
import time
from typing import Any, Final
from uuid import UUID

from flows.server.children import children
from flows.server.dead_runs import close_tasks, sweep_store
from flows.server.processes import HOST_LABEL, PROCESS_LABEL, this_host

# The server writes tasks down some moments after they have begun.
_WRITTEN_DOWN_SECONDS: Final = 2.0


def begin(flow: Any, flow_run: Any, state: Any) -> None:  # noqa: ARG001  # Prefect passes them by these names
    """Say on which machine and in which process the run is; close the tasks that an earlier attempt has left."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        client.update_flow_run_labels(flow_run.id, {HOST_LABEL: this_host(), PROCESS_LABEL: os.getpid()})
        if flow_run.run_count > 1:
            close_tasks(client, flow_run.id, "The process of its run is gone; the run was tried again.")


def clear_up(flow: Any, flow_run: Any, state: Any) -> None:  # noqa: ARG001  # Prefect passes them by these names
    """Remove what a cancelled or crashed run was writing, and close its tasks.

    Called by the worker when the run's process is gone, or by the process itself as it ends.
    """
    sweep_store(flow_run.parameters)
    if state.is_cancelled() or state.is_cancelling():
        _cancel_children_of(flow_run.id)
    _close_tasks_of(flow_run.id)


def _cancel_children_of(run: UUID) -> None:
    from prefect.client.orchestration import get_client
    from prefect.states import Cancelling

    with get_client(sync_client=True) as client:
        for child in children(client, run):
            client.set_flow_run_state(child.id, Cancelling(message="The run that has asked for it is cancelled."))


def _close_tasks_of(run: UUID) -> None:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        for pause in (_WRITTEN_DOWN_SECONDS, 0.0):
            if close_tasks(client, run, "The process of its run is gone."):
                return
            time.sleep(pause)


ENDS: Final[dict[str, Any]] = {"on_running": [begin], "on_cancellation": [clear_up], "on_crashed": [clear_up]}
