"""Prefect automations: people hear of the end of a run; one whose process has died is marked Crashed, or taken over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from flows.names import TAG, slug
from flows.server.take_over import SILENT, take_over
from flows.server.whole_answers import every_page
from topicloom.settings.projects import NamedConfig, Notifications

if TYPE_CHECKING:
    from prefect.automations import Automation
    from prefect.client.orchestration import SyncPrefectClient

PREFIX: Final = "topicloom: "
ZOMBIES: Final = f"{PREFIX}zombies"
TAKE_OVER: Final = f"{PREFIX}take-over"
HEARTBEAT_SECONDS: Final = 30  # where Prefect's settings name no other
MISSED_HEARTBEATS: Final = 10
_ENDS: Final = {
    "failure": ("prefect.flow-run.Failed", "prefect.flow-run.Crashed", "prefect.flow-run.TimedOut"),
    "success": ("prefect.flow-run.Completed",),
}
_FINAL: Final = ("Completed", "Failed", "Crashed", "Cancelled", "TimedOut", "Suspended")
# The receiver gets the run's name, state and message, and the address of its page.
_PAYLOAD: Final = (
    '{"text": {{ ("topicloom: " ~ flow_run.name ~ " ended as " ~ flow_run.state.name) | tojson }}, '
    '"run": {{ flow_run.name | tojson }}, "state": {{ flow_run.state.name | tojson }}, '
    '"message": {{ flow_run.state.message | default("", true) | tojson }}, "url": {{ flow_run | ui_url | tojson }}}'
)


def sync_automations(configs: list[NamedConfig]) -> None:
    """Make the automations of the configs, and remove those of topicloom that no config asks for.

    One that is as it should be is not touched: the server counts heartbeats by automation, and would begin anew.
    """
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        wanted = {ZOMBIES: _zombies()}
        shared = [named for named in configs if named.is_shared]
        if shared:
            wanted[TAKE_OVER] = take_over(TAKE_OVER, [_deployment(client, named) for named in shared])
        for named in configs:
            if named.config.notifications is not None:
                wanted |= _notifications(client, named, named.config.notifications)
    for known in _known():
        if known.name.startswith(PREFIX):
            _bring_up_to_date(known, wanted.pop(known.name, None))
    for automation in wanted.values():
        automation.create()


def _bring_up_to_date(known: Automation, wanted: Automation | None) -> None:
    if wanted is None:
        known.delete()
    elif _content(wanted) != _content(known):
        wanted.id = known.id
        wanted.update()


def _content(automation: Automation) -> dict[str, Any]:
    """What an automation says, without what the server adds."""
    content = automation.model_dump(exclude={"id", "owner_resource", "trigger"})
    return {**content, "trigger": automation.trigger.model_dump(exclude={"id"})}


def _known() -> list[Automation]:
    from prefect.automations import Automation
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        return [Automation.model_validate(item.model_dump()) for item in every_page(client.read_automations)]


def _notifications(
    client: SyncPrefectClient, named: NamedConfig, notifications: Notifications
) -> dict[str, Automation]:
    from prefect.automations import Automation
    from prefect.events.actions import CallWebhook
    from prefect.events.schemas.automations import EventTrigger, Posture

    deployment = _deployment(client, named)
    block = _webhook(named.name, notifications.webhook)
    return {
        f"{PREFIX}{named.name} {end}": Automation(
            name=f"{PREFIX}{named.name} {end}",
            # The host alone: the rest of a webhook's address may be its password.
            description=f"Tells {urlsplit(notifications.webhook).hostname} of every {end}.",
            trigger=EventTrigger(
                expect=set(_ENDS[end]),
                match={"prefect.resource.id": "prefect.flow-run.*"},
                match_related={
                    "prefect.resource.id": f"prefect.deployment.{deployment}",
                    "prefect.resource.role": "deployment",
                },
                posture=Posture.Reactive,
                threshold=1,
            ),
            actions=[CallWebhook(block_document_id=block, payload=_PAYLOAD)],
        )
        for end in notifications.when
    }


def _deployment(client: SyncPrefectClient, named: NamedConfig) -> UUID:
    return client.read_deployment_by_name(f"topic-model/{named.name}").id


def _webhook(name: str, url: str) -> UUID:
    from prefect.blocks.webhook import Webhook
    from pydantic import SecretStr

    block = Webhook(method="POST", url=SecretStr(url), headers={"Content-Type": "application/json"})
    identity = block.save(f"topicloom-{slug(name)}", overwrite=True)
    assert isinstance(identity, UUID)  # noqa: S101  # save() outside an event loop answers at once
    return identity


def _zombies() -> Automation:
    """Marks a run of topicloom Crashed when its process has sent no heartbeat for ten times its interval.

    Ten: a computation in C that holds on to the interpreter for a minute or two is no dead process.
    """
    from prefect.automations import Automation
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState
    from prefect.events.schemas.automations import EventTrigger, Posture
    from prefect.settings import get_current_settings

    seconds = get_current_settings().flows.heartbeat_frequency or HEARTBEAT_SECONDS
    heartbeat = "prefect.flow-run.heartbeat"
    return Automation(
        name=ZOMBIES,
        description="Marks runs as Crashed whose process sends no heartbeat any more.",
        trigger=EventTrigger(
            after={heartbeat},
            expect={heartbeat, *(f"prefect.flow-run.{state}" for state in _FINAL)},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related={"prefect.resource.id": f"prefect.tag.{TAG}", "prefect.resource.role": "tag"},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=MISSED_HEARTBEATS * seconds),
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message=SILENT)],
    )
