"""The arrows of Prefect's graph of a run: the way of the data, from each stage to those that go on from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, cast

from prefect.states import State
from prefect.utilities.annotations import opaque, quote

T = TypeVar("T")
SETTINGS: Final = "load-settings"


def quoted(value: T) -> T:
    """A value for a task to be called with, in which Prefect looks for nothing; the task gets the value itself."""
    return cast("T", quote(value))


@dataclass
class Arrows:
    """Which tasks of a run rest on which.

    A task waits for the states of those before it, and the graph draws that. What it is given is quoted, since Prefect
    would draw an arrow for every object in it that any task has returned: settings, names and digests, from everywhere
    to everywhere. Prefect knows objects by their place in memory, so all states, with what the tasks returned, are kept
    until the run is over: a new object in the place of an old one would draw an arrow too.
    """

    _states: dict[str, State[Any]] = field(default_factory=dict)
    _behind: dict[str, set[str]] = field(default_factory=dict)

    def add(self, name: str, state: State[Any], after: Iterable[str] = ()) -> None:
        """Note a task that has run. after: the tasks whose results it took."""
        self._states[name] = state
        self._behind[name] = {earlier for one in after for earlier in (one, *self._behind.get(one, ()))}

    def to(self, after: Iterable[str]) -> list[opaque]:
        """What a task waits for that takes the results of some; those that another of them rests on are left out.

        Example: export takes clusters and words; words rest on clusters, so its arrow comes from the words alone.
        """
        names = [name for name in after if name in self._states]
        implied = set().union(*(self._behind[name] for name in names))
        # Opaque: Prefect draws one arrow for the state, and none for each object in it.
        return [opaque(self._states[name]) for name in names if name not in implied]
