"""What a webhook is told: JSON, whatever a run is called and whatever its error says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from prefect.server.events.jinja_filters import all_filters
from prefect.server.events.schemas.automations import EventTrigger
from prefect.server.events.schemas.events import ReceivedEvent
from prefect.server.utilities.user_templates import register_user_template_filters, render_user_template_sync
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.states import AwaitingRetry, Crashed, Running, Scheduled

from flows.server.notifications import _PAYLOAD, _zombies
from flows.server.take_over import MOST, SILENT, is_too_much, take_over


@pytest.mark.parametrize(
    "text", ["plain", 'a "quoted" name', "a \\ and\na line", '", "run": "another', "Größe {{ 1 }}"]
)
def test_every_value_is_json(text):
    register_user_template_filters(all_filters)  # as Prefect's server does before it calls a webhook
    state = SimpleNamespace(name=text, message=text)
    said = json.loads(
        render_user_template_sync(_PAYLOAD, {"flow_run": SimpleNamespace(name=text, state=state, id="1")})
    )
    assert said["text"] == f"topicloom: {text} ended as {text}"
    assert (said["run"], said["state"], said["message"]) == (text, text, text)
    assert set(said) == {"text", "run", "state", "message", "url"}


def heartbeat(tag: str) -> ReceivedEvent:
    return ReceivedEvent.model_validate(
        {
            "id": str(uuid4()),
            "occurred": datetime.now(UTC),
            "event": "prefect.flow-run.heartbeat",
            "resource": {"prefect.resource.id": f"prefect.flow-run.{uuid4()}"},
            "related": [{"prefect.resource.id": f"prefect.tag.{tag}", "prefect.resource.role": "tag"}],
        }
    )


def test_only_our_runs_are_taken_for_dead():
    """Flows of other people on the same server may send heartbeats more rarely, or none."""
    trigger = EventTrigger.model_validate(_zombies().trigger.model_dump())
    assert trigger.covers(heartbeat("topicloom"))
    assert not trigger.covers(heartbeat("another"))


@pytest.mark.parametrize(("frequency", "seconds"), [(None, 300), (30, 300), (120, 1200)])
def test_a_rarer_heartbeat_is_waited_for_longer(frequency, seconds):
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: frequency}):
        assert _zombies().trigger.within == timedelta(seconds=seconds)


def crashed(message: str, deployment: UUID) -> ReceivedEvent:
    return ReceivedEvent.model_validate(
        {
            "id": str(uuid4()),
            "occurred": datetime.now(UTC),
            "event": "prefect.flow-run.Crashed",
            "resource": {"prefect.resource.id": f"prefect.flow-run.{uuid4()}", "prefect.state-message": message},
            "related": [
                {"prefect.resource.id": f"prefect.deployment.{deployment}", "prefect.resource.role": "deployment"}
            ],
        }
    )


@pytest.mark.parametrize(
    ("message", "taken"),
    [
        (SILENT, True),
        ("Its process on one is gone. Retry goes on where it was.", True),
        ("Flow run process exited with non-zero status code -9.", False),
    ],
)
def test_a_run_is_taken_over_where_its_machine_has_died(message, taken):
    ours, another = uuid4(), uuid4()
    trigger = EventTrigger.model_validate(take_over("take-over", [uuid4(), ours]).trigger.model_dump())
    assert trigger.covers(crashed(message, ours)) == taken
    assert not trigger.covers(crashed(message, another))


def test_a_run_is_not_taken_over_for_ever():
    taken = [Crashed(), Scheduled(name="TakenOver"), Running()]
    assert not is_too_much([Scheduled(), Running(), *taken * MOST])
    assert is_too_much([Scheduled(), Running(), *taken * (MOST + 1)])
    assert not is_too_much([Scheduled(), Running(), *taken * (MOST + 1), Crashed(), AwaitingRetry(), Running()])
