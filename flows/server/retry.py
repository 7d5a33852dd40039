"""Retrying the last failed run of an analysis on a server."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

from flows.configs import REPOSITORY, analysis_folder

_ENDED_BADLY = ("FAILED", "CRASHED", "CANCELLED")
# A killed run is reported twice, by its runner and some three seconds later by the worker; the second report would
# overwrite a retry that was scheduled between the two.
_REPORTED_BY_ALL = 10.0


def retry_last_failure(analysis: Path) -> str | None:
    """Schedule the newest run of an analysis again, if it ended badly and a worker can take it.

    Returns the run's name, or None when the newest run of a deployment did not end badly, or there is none.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowFilter
    from prefect.client.schemas.sorting import FlowRunSort
    from prefect.states import AwaitingRetry

    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(
            flow_filter=FlowFilter.model_validate({"name": {"any_": ["topic-model"]}}),
            sort=FlowRunSort.EXPECTED_START_TIME_DESC,
        )
        mine = [run for run in runs if run.deployment_id and _is_of(run.parameters, analysis) and run.start_time]
        if not mine or mine[0].state is None or mine[0].state.type not in _ENDED_BADLY:
            return None
        age = (datetime.now(UTC) - mine[0].state.timestamp).total_seconds()
        if mine[0].state.is_crashed() and age < _REPORTED_BY_ALL:
            time.sleep(_REPORTED_BY_ALL - max(age, 0.0))
        client.set_flow_run_state(mine[0].id, AwaitingRetry(), force=True)
        return mine[0].name


def _is_of(parameters: dict[str, object], analysis: Path) -> bool:
    """Whether a run's parameters name an analysis: its folder or its settings file, perhaps seen from the checkout."""
    path = REPOSITORY / analysis_folder(parameters.get("analysis", ""))
    return analysis in (path, path.parent)
