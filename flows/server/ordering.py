"""The order in which a Prefect server looks at events: as Prefect has it, without waiting for what never comes.

Set as PREFECT_SERVER_EVENTS_CAUSAL_ORDERING. Prefect holds an event back until the one that it follows has been seen,
for up to 15 minutes. Its scheduler puts runs down without an event. So whatever becomes of a run within five minutes of
that, as after a deployment, would be told a quarter of an hour late, or never if the server stops meanwhile; and a run
that has ended would be taken for one whose heartbeat has stopped.
"""

from __future__ import annotations

import asyncio
from typing import Final

from prefect.server.events.ordering.memory import CausalOrdering as _InMemory
from prefect.server.events.schemas.events import ReceivedEvent

from topicloom.machine.guards import takes, tell_slower

# The first states after Scheduled: what they follow may never have been told.
_AFTER_SCHEDULED: Final = frozenset(
    f"prefect.flow-run.{state}" for state in ("Pending", "Late", "AwaitingConcurrencySlot", "Cancelled", "Cancelling")
)
_PATIENCE_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.1
_BUILT_ON: Final = {"wait_for_leader": "event", "event_has_been_seen": "event"}  # methods, and what each takes


class _LittlePatience(_InMemory):
    """Prefect's ordering in memory, with little patience for the event before a run's first one."""

    async def wait_for_leader(self, event: ReceivedEvent) -> None:
        """Wait for the event that this one follows. Raises EventArrivedEarly, as Prefect does, where it can still come.

        event: any event that the server has received.
        """
        if event.follows and event.event in _AFTER_SCHEDULED:
            for _ in range(round(_PATIENCE_SECONDS / _LOOK_SECONDS)):
                if await self.event_has_been_seen(event.follows):
                    return
                await asyncio.sleep(_LOOK_SECONDS)
            return
        await super().wait_for_leader(event)


def _ordering() -> type[_InMemory]:
    """The ordering with little patience, or Prefect's own where it is made in another way."""
    if all(takes(vars(_InMemory).get(name), "self", named) for name, named in _BUILT_ON.items()):
        return _LittlePatience
    tell_slower(
        "prefect", "orders events in another way", "Its own ordering is used, and tells some runs a quarter late."
    )
    return _InMemory


CausalOrdering = _ordering()  # the name that Prefect looks for
