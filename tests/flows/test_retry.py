"""`topicloom retry` finds the run that failed, however many others the server has put down for later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from prefect.client.orchestration import get_client
from prefect.states import Completed, Failed, Running, Scheduled

from flows.server.retry import RetryError, retry_last_failure


@pytest.fixture
def deployment(prefect_server, tmp_path):
    """Its flow, its id, the parameters of its runs, and a client."""
    with get_client(sync_client=True) as client:
        flow = client.create_flow_from_name("topic-model")
        identity = client.create_deployment(flow_id=flow, name=f"of-{tmp_path.name}")
        yield client, identity, {"analysis": str(tmp_path), "overrides": {"seed": 7}}
        client.delete_deployment(identity)


def ran(client, deployment, parameters, state):
    run = client.create_flow_run_from_deployment(deployment, parameters=parameters)
    client.set_flow_run_state(run.id, Running(), force=True)
    client.set_flow_run_state(run.id, state, force=True)
    return run


def test_a_failed_run_behind_two_hundred_scheduled_ones(deployment, tmp_path):
    client, identity, parameters = deployment
    failed = ran(client, identity, parameters, Failed(message="full"))
    for day in range(1, 206):
        later = Scheduled(scheduled_time=datetime.now(UTC) + timedelta(days=day))
        client.create_flow_run_from_deployment(identity, parameters={"analysis": str(tmp_path)}, state=later)
    assert retry_last_failure(tmp_path) == failed.name
    found = client.read_flow_run(failed.id)
    assert found.state.name == "AwaitingRetry"
    assert found.parameters["overrides"] == {"seed": 7}


def test_a_later_run_that_went_well_leaves_nothing_to_retry(deployment, tmp_path):
    client, identity, parameters = deployment
    failed = ran(client, identity, parameters, Failed())
    ran(client, identity, parameters, Completed())
    with pytest.raises(RetryError, match="there is nothing to retry"):
        retry_last_failure(tmp_path)
    assert client.read_flow_run(failed.id).state.is_failed()


def test_an_analysis_that_never_ran_is_said(deployment, tmp_path):
    with pytest.raises(RetryError, match="has no run of"):
        retry_last_failure(tmp_path / "another")
