"""Another worker takes over the run of a machine that has died, without a person; for projects in an object store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from flows.server.dead_runs import GONE
from topicloom.errors import TopicloomError

if TYPE_CHECKING:
    from prefect.automations import Automation
    from prefect.states import State

SILENT: Final = "Its process sends no heartbeat any more."
TAKEN_OVER: Final = "TakenOver"  # the state of a run that waits for another worker
MOST: Final = 2  # times that a run is taken over: one that brings down each machine must not go round


class TakenOverTooOftenError(TopicloomError):
    """Each machine that took the run has died."""


def take_over(name: str, deployments: list[UUID]) -> Automation:
    """The automation that has a run of these deployments wait for a worker again, when its machine has died.

    A run that crashes while its worker lives is not meant: it would most probably crash again.
    """
    from prefect.automations import Automation
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState
    from prefect.events.schemas.automations import EventTrigger, Posture

    return Automation(
        name=name,
        description=f"Gives the run of a machine that has died to another worker, {MOST} times at most.",
        trigger=EventTrigger(
            expect={"prefect.flow-run.Crashed"},
            match={"prefect.resource.id": "prefect.flow-run.*", "prefect.state-message": [SILENT, f"{GONE}*"]},
            match_related={
                "prefect.resource.id": [f"prefect.deployment.{one}" for one in deployments],
                "prefect.resource.role": "deployment",
            },
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.SCHEDULED, name=TAKEN_OVER, message="Any worker that lives takes it.", force=True
            )
        ],
    )


def require_few_take_overs() -> None:
    """Raise TakenOverTooOftenError where this run has been taken over more than `MOST` times, and is again.

    Whoever retries it has it run once more.
    """
    from prefect.client.orchestration import get_client
    from prefect.runtime import flow_run

    if flow_run.get_run_count() < MOST + 1:
        return
    with get_client(sync_client=True) as client:
        if is_too_much(client.read_flow_run_states(UUID(flow_run.get_id()))):
            raise TakenOverTooOftenError(
                f"{MOST + 1} machines in turn have died while they had this run, so no other is to take it over. Look "
                "whether a machine has memory enough for it. Retry runs it once more, from where it was."
            )


def is_too_much(states: list[State[Any]]) -> bool:
    """Whether a run of these states, the oldest first, is taken over once too often."""
    waited = [state.name for state in states if state.is_scheduled()]
    return waited[-1:] == [TAKEN_OVER] and waited.count(TAKEN_OVER) > MOST
