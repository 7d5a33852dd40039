"""A run whose stages are computed by any worker: it asks for each by a run of the deployment spread-stage, and waits.

What passes between the machines lies in the object store. The run itself computes only what it must: the lasting ids
and the export, during which it holds the turn of the project.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, ParamSpec, TypeVar, cast
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import State

from flows.names import TAG
from flows.prefect_runner import PrefectRunner
from flows.run_report import COMPUTED
from flows.server.children import children
from topicloom.errors import Problem, TopicloomError
from topicloom.remote.address import AddressError, address_of, is_address
from topicloom.settings.projects import SPREAD_STAGE
from topicloom.settings.schema import Settings
from topicloom.stage_names import EXPORT, IDENTIFY
from topicloom.stages.beside import computed_in
from topicloom.stages.stage import Stage
from topicloom.store.store import Finding, StageRef

P = ParamSpec("P")
T = TypeVar("T")
AT_HOME: Final = (IDENTIFY, EXPORT)  # within the turn of the project, which only one process can hold
TRIES: Final = 3  # of a stage whose machines die
_LOOK_SECONDS: Final = 1.0
_DEPLOYMENT: Final = f"{SPREAD_STAGE}/{SPREAD_STAGE}"


class SpreadError(TopicloomError):
    """A stage was not computed by the worker that took it."""


def require_address(analysis: Path) -> None:
    """Raise AddressError unless an analysis lies in an object store."""
    if not is_address(analysis):
        raise AddressError(
            analysis,
            Problem(
                "Its stages cannot be spread over the workers: it lies in a folder of one machine.",
                "Leave out spread, or bring the project into an object store by `topicloom move`.",
            ),
        )


class SpreadRunner(PrefectRunner):
    """Calls the task of each stage, in which it waits for the worker that computes it.

    analysis: its address.
    """

    spreads: ClassVar[bool] = True

    def __init__(self, settings: Settings, analysis: Path, refresh: str | None, loaded: State[Settings]) -> None:
        super().__init__(settings, refresh, loaded)
        self._address = str(address_of(analysis))

    def perform(self, stage: Stage, found: Finding, *, refresh: bool) -> tuple[StageRef, str]:
        """The result of a stage, and whether it was cached or computed. Raises SpreadError, or what its task raises."""
        kept = found.ref is not None and not refresh
        if kept or stage.name in AT_HOME:
            with computed_in(None):
                return super().perform(stage, found, refresh=refresh)
        with computed_in(Elsewhere(self, stage.name, self._wanted(stage, refresh=refresh))):
            ref, status = super().perform(stage, found, refresh=refresh)
        if status == COMPUTED:
            self.log.warning("%s: the store had no sound result afterwards, so it was computed here.", stage.name)
        return ref, COMPUTED

    def _wanted(self, stage: Stage, *, refresh: bool) -> dict[str, Any]:
        """The parameters of the run that computes a stage."""
        key = "" if stage.lacks(self.settings) else stage.plan(self.settings, self.refs).key
        return {
            "analysis": self._address,
            "stage": stage.name,
            "run": self.run_id,
            "results": {name: ref.key for name, ref in self.refs.items()},
            "key": key,
            "overrides": self.settings.overrides.given(),
            "refresh": refresh,
        }


class Elsewhere:
    """The machine of any worker, as the place where one stage is computed.

    Args:
        run: The run that asks for it.
        stage: Its name.
        wanted: The parameters of the run that computes it.
    """

    is_over: ClassVar[bool] = False

    def __init__(self, run: PrefectRunner, stage: str, wanted: Mapping[str, Any]) -> None:
        self._run, self._stage, self._wanted = run, stage, wanted

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Have the stage computed, then call the function, which finds its result in the store. Raises SpreadError."""
        with get_client(sync_client=True) as client:
            for _ in range(TRIES):
                child = self._begun(client) or self._asked()
                state = self._end_of(client, child)
                if state.is_completed():
                    kwargs["refresh"] = False
                    return function(*args, **kwargs)
                if not state.is_crashed():
                    raise SpreadError(f"{self._stage} ended as {state.name} in the run {child.id}: {state.message}")
                self._run.log.warning(
                    "%s: the run %s has crashed (%s); any other worker takes it.", self._stage, child.id, state.message
                )
        raise SpreadError(f"{self._stage} has crashed on {TRIES} workers in turn; the last said: {state.message}")

    def _begun(self, client: SyncPrefectClient) -> FlowRun | None:
        """A run that was asked for before this one was retried, and that goes on."""
        living = children(client, UUID(self._run.run_id))
        return next((child for child in living if child.parameters.get("stage") == self._stage), None)

    def _asked(self) -> FlowRun:
        try:
            asked = run_deployment(
                _DEPLOYMENT,
                parameters=_copied(self._wanted),
                flow_run_name=f"{self._stage} of {self._run.settings.label}",
                timeout=0,
                tags=[TAG],
            )
            return cast("FlowRun", asked)  # no event loop is running here
        except ObjectNotFound as error:
            raise SpreadError(f"The server has no deployment {_DEPLOYMENT}. Make it: topicloom deploy") from error

    def _end_of(self, client: SyncPrefectClient, child: FlowRun) -> State[Any]:
        self._run.log.info("%s: any worker takes it (run %s).", self._stage, child.id)
        while True:
            try:
                state = client.read_flow_run(child.id).state
            except httpx.TransportError:  # the server is being started anew; hours of work elsewhere go on
                state = None
            if state is not None and state.is_final():
                return state
            time.sleep(_LOOK_SECONDS)


def _copied(value: Any) -> Any:
    """Parameters in which Prefect sees nothing that a task has returned: it would draw an arrow from each of them."""
    if isinstance(value, Mapping):
        return {name: _copied(item) for name, item in value.items()}
    return "".join(list(value)) if isinstance(value, str) else value
