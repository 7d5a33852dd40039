"""Retrying the last failed run of an analysis on a server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flows.configs import REPOSITORY, analysis_folder
from flows.server.whole_answers import every_page
from topicloom.errors import TopicloomError
from topicloom.remote.address import address_of, is_address

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

_ENDED_BADLY: Final = ("FAILED", "CRASHED", "CANCELLED")
# A killed run is reported twice, by its runner and some three seconds later by the worker; the second report would
# overwrite a retry that was scheduled between the two.
_REPORTED_BY_ALL: Final = 10.0


class RetryError(TopicloomError):
    """There is no run that could be retried."""


def retry_last_failure(analysis: Path) -> str:
    """Schedule the newest run of an analysis again, with the overrides that it had, if it ended badly.

    Returns the run's name. Raises RetryError when no run of a deployment is on the server, or the newest did not end
    badly.
    """
    from prefect.client.orchestration import get_client
    from prefect.states import AwaitingRetry

    with get_client(sync_client=True) as client:
        run = next((run for run in _begun(client) if _is_of(run.parameters, analysis)), None)
        if run is None or run.state is None:
            raise RetryError(
                f"The server at {client.api_url} has no run of {_shown(analysis)} by a deployment, so none can be "
                "retried.\n"
                "  Start one there, or compute here: topicloom run PATH."
            )
        if run.state.type.value not in _ENDED_BADLY:
            raise RetryError(
                f"The last run of {_shown(analysis)}, {run.name}, is {run.state.name}: there is nothing to retry.\n"
                "  Start another one on the server, or compute here: topicloom run PATH."
            )
        age = (datetime.now(UTC) - run.state.timestamp).total_seconds()
        if run.state.is_crashed() and age < _REPORTED_BY_ALL:
            time.sleep(_REPORTED_BY_ALL - max(age, 0.0))
        client.set_flow_run_state(run.id, AwaitingRetry(), force=True)
        return run.name


def _shown(analysis: Path) -> str:
    return str(address_of(analysis)) if is_address(analysis) else str(analysis)


def _begun(client: SyncPrefectClient) -> Iterator[FlowRun]:
    """The runs of deployments that have begun, newest first; those that only wait for their time are left out."""
    from prefect.client.schemas.filters import FlowFilter, FlowRunFilter
    from prefect.client.schemas.sorting import FlowRunSort

    return every_page(
        partial(
            client.read_flow_runs,
            flow_filter=FlowFilter.model_validate({"name": {"any_": ["topic-model"]}}),
            flow_run_filter=FlowRunFilter.model_validate(
                {"start_time": {"is_null_": False}, "deployment_id": {"is_null_": False}}
            ),
            sort=FlowRunSort.START_TIME_DESC,
        )
    )


def _is_of(parameters: dict[str, Any], analysis: Path) -> bool:
    """Whether a run's parameters name an analysis: its folder or its settings file, or its name."""
    try:
        path = analysis_folder(parameters.get("analysis", ""))
        path = Path(str(address_of(path))) if is_address(path) else REPOSITORY / path
    except TopicloomError:
        return False
    return analysis in (path, path.parent)
