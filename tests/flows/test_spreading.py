"""A run that asks others for its stages: here each is computed as if on another machine, with a mirror of its own."""

from __future__ import annotations

import platform
import threading
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import pytest

from flows import spreading
from flows.hooks import clear_up
from flows.plain_run import run_without_server
from flows.server import children
from flows.server.dead_runs import close_tasks
from flows.spread_stage import spread_stage
from flows.spreading import SpreadError
from flows.topic_model import topic_model
from tests.conftest import copied
from tests.stores import BUCKET, environment, moto_server
from topicloom.errors import StoreError
from topicloom.remote.address import AddressError, address_of
from topicloom.settings.reading import read_settings
from topicloom.stages.status import analysis_status
from topicloom.store.moving import move_project
from topicloom.store.sharing import local

OTHER = "elsewhere"


class Workers:
    """Stands in for the deployment: a flow run of the stage, on a thread and with the mirror of another machine."""

    def __init__(self, monkeypatch, cache: Path) -> None:
        self.monkeypatch, self.cache = monkeypatch, cache
        self.asked: list[dict] = []
        self.ends: list[str] = []  # how the next ones end that are not computed
        self.faults: list[BaseException] = []

    def __call__(self, name: str, parameters: dict, **_: object) -> SimpleNamespace:
        assert name == "spread-stage/spread-stage"
        self.asked.append(parameters)
        found: list[UUID] = []
        thread = threading.Thread(target=self._run, args=(parameters, found))
        with self.monkeypatch.context() as there:
            there.setenv("TOPICLOOM_CACHE", str(self.cache))
            there.setattr(platform, "node", lambda: OTHER)
            thread.start()
            thread.join()
        return SimpleNamespace(id=found[0])

    def _run(self, parameters: dict, found: list[UUID]) -> None:
        from prefect.client.orchestration import get_client
        from prefect.client.schemas.objects import State, StateType

        if not self.ends:
            state = spread_stage(**parameters, return_state=True)
            found.append(state.state_details.flow_run_id)
            return
        end = State(type=StateType(self.ends.pop(0)), message="as the test wants it")
        with get_client(sync_client=True) as client:
            run = client.create_flow_run(spread_stage, parameters=parameters)
            client.set_flow_run_state(run.id, end, force=True)
            found.append(run.id)

    @property
    def stages(self) -> list[str]:
        return [parameters["stage"] for parameters in self.asked]


@pytest.fixture(scope="module")
def s3():
    with moto_server() as url:
        yield url


@pytest.fixture
def address(s3, wos_project, tmp_path, monkeypatch):
    """The small project in the store, and this machine's mirror."""
    for name, value in environment(s3, tmp_path / "here").items():
        monkeypatch.setenv(name, value)
    project = f"s3://{BUCKET}/{tmp_path.name}/wos"
    move_project(copied(wos_project, tmp_path / "source").path, project)
    return Path(f"{project}/a01")


@pytest.fixture
def workers(prefect_server, tmp_path, monkeypatch):
    found = Workers(monkeypatch, tmp_path / "there")
    monkeypatch.setattr(spreading, "run_deployment", found)
    return found


def test_others_compute_and_the_files_are_those_of_a_folder(address, workers, project):
    workers.ends = ["CRASHED", "CRASHED"]
    report = topic_model(address, spread=True)
    expected = run_without_server(project.analysis, quiet=True)
    assert report.computed == expected.computed
    # What was asked for from a machine that died is asked for again.
    assert workers.stages[:2] == ["load-embeddings"] * 2
    assert workers.stages[2:] == [name for name in expected.computed if name not in ("identify", "export")]
    here = address_of(address).mirror
    for name in ("dataset_minimal.csv", "orphans.csv", "topic_model_info.csv"):
        assert (here / name).read_bytes() == project.output(name).read_bytes()
    hosts = {status.stage: status.host for status in analysis_status(read_settings(local(address)))}
    assert {name for name, host in hosts.items() if host != OTHER} == {"identify", "export"}
    # What is kept is asked of nobody, unless it is to be computed again.
    workers.asked.clear()
    assert topic_model(address, "orphan-split", spread=True).computed[0] == "orphan-split"
    assert workers.stages == ["orphan-split"]
    assert workers.asked[0]["refresh"]


def test_how_a_stage_ended_elsewhere_is_said(address, workers):
    workers.ends = ["CRASHED"] * 3
    with pytest.raises(SpreadError, match="load-embeddings has crashed on 3 workers in turn; the last said: as the te"):
        topic_model(address, spread=True)
    assert workers.stages == ["load-embeddings"] * 3
    workers.ends = ["FAILED"]
    with pytest.raises(SpreadError, match=r"load-embeddings ended as Failed in the run .*: as the test wants it"):
        topic_model(address, spread=True)
    assert workers.stages == ["load-embeddings"] * 4


def test_a_stage_whose_result_would_be_another_is_refused(address, prefect_server):
    asked = {"analysis": address, "stage": "load-embeddings", "run": "of-tests"}
    with pytest.raises(StoreError, match=r"would have another result on .* than the run asked for"):
        spread_stage(**asked, key="0" * 64)
    with pytest.raises(StoreError, match="the result of reduce under 0000000000000000 is not kept"):
        spread_stage(**asked, results={"reduce": "0" * 64})


def test_a_folder_of_one_machine_is_not_spread(project, prefect_server):
    with pytest.raises(AddressError, match="it lies in a folder of one machine"):
        topic_model(project.analysis, spread=True)


def test_what_a_dead_run_has_asked_for_goes_on(prefect_server):
    """Its own subflows end with it; runs of deployments have processes of their own."""
    from prefect import flow
    from prefect.client.orchestration import get_client
    from prefect.deployments import run_deployment
    from prefect.states import Cancelled, Crashed, Running

    @flow
    def inner() -> None:
        pass

    @flow
    def parent() -> UUID:
        from prefect.runtime import flow_run

        run_deployment(str(deployment), timeout=0)
        return UUID(flow_run.get_id())

    with get_client(sync_client=True) as client:
        deployment = client.create_deployment(client.create_flow(inner), name="of-tests")
        run = parent()
        (child,) = children.children(client, run)
        client.set_flow_run_state(child.id, Running(), force=True)
        close_tasks(client, run, "The process of its run is gone.")
        assert [one.id for one in children.children(client, run)] == [child.id]
        # One that is cancelled needs it no more.
        clear_up(parent, client.read_flow_run(run), Crashed())
        assert client.read_flow_run(child.id).state.is_running()
        clear_up(parent, client.read_flow_run(run), Cancelled())
        assert client.read_flow_run(child.id).state.name in ("Cancelling", "Cancelled")
