"""A run whose stages are spread over two workers that share a server and a store, and no folder; each of them dies."""

from __future__ import annotations

import json
import signal
import subprocess
import time

import pytest

from flows.plain_run import run_without_server
from flows.server.processes import HOST_LABEL
from tests.conftest import Project, copied
from tests.flows.group import Group
from tests.stores import BUCKET, KEY, SECRET, environment, moto_server
from topicloom.output_files import REPORT_FILE, RUN_RECORD
from topicloom.remote.address import address_of
from topicloom.remote.objects import Objects
from topicloom.settings.overrides import Overrides
from topicloom.stage_names import PICTURES
from topicloom.store.files import digest_file
from topicloom.store.moving import move_project

SECONDS = 75  # without a heartbeat, of which there is one each half minute; five minutes where nobody tests
TIMES = (RUN_RECORD, REPORT_FILE)  # say when each stage was computed
OVERRIDES = {"first": {"seed": 123}, "second": {"seed": 123, "min_topic_size": 8}}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_stages_land_on_either_worker_and_either_may_die(wos_project, postgresql, tmp_path, monkeypatch):
    if subprocess.run(["unshare", "--uts", "true"], check=False, capture_output=True).returncode:
        pytest.skip("machines of another name need the right to unshare --uts")
    plain = copied(wos_project, tmp_path / "plain")
    plain.write_settings(pictures={})
    with moto_server() as s3:
        for name, value in environment(s3, tmp_path / "own").items():
            monkeypatch.setenv(name, value)
        address = f"s3://{BUCKET}/group/wos"
        move_project(copied(plain, tmp_path / "source").path, address)
        group = Group(tmp_path, s3, postgresql[0], spread=True)
        try:
            go_through(group, Objects(address_of(address)), address, plain)
        finally:
            group.end()


def go_through(group: Group, objects: Objects, address: str, plain: Project) -> None:
    group.command("one", "deploy", "--wait", "60")
    notice_dead_runs_after(group, SECONDS)
    group.worker("one")
    group.hold("reduce")
    first = group.begin(overrides=OVERRIDES["first"])
    group.wait_until(lambda: host_of(group, first) == "one", 180)
    signal_worker(group, "one", signal.SIGSTOP)  # takes no more runs; the one that it has taken goes on
    group.worker("two")
    assert group.wait_until(lambda: group.holding("reduce"), 240) == "two"

    # The project's concurrency counts the run, and not what it has asked for.
    waiting = group.begin(validate_only=True)
    time.sleep(5)  # each worker asks every second
    assert (group.state(first), group.state(waiting)) == ("RUNNING", "SCHEDULED")

    # The machine that computes a stage dies: the run asks again, and the other machine takes it.
    group.kill("two")
    signal_worker(group, "one", signal.SIGCONT)
    group.let_go()
    ended(group, first)
    assert states_of(group, first) == {"reduce": ["COMPLETED", "CRASHED"]}
    manifests = manifests_of(objects)
    assert hosts(manifests, "load-embeddings") == {"two"}
    assert hosts(manifests, "reduce") == hosts(manifests, "cluster") == hosts(manifests, "report") == {"one"}
    assert {manifest["prefect_run_id"] for manifest in manifests} == {first}
    status = group.command("one", "status", f"{address}/a01")
    assert " one" in status
    assert " two" in status
    assert outputs(objects) == as_in_a_folder(plain, "first")
    ended(group, waiting)

    # The machine with the run itself dies: the other takes it over, and what was asked for has gone on meanwhile.
    group.hold("cluster")
    second = group.begin(overrides=OVERRIDES["second"])
    group.wait_until(lambda: host_of(group, second) == "one", 180)
    signal_worker(group, "one", signal.SIGSTOP)
    group.worker("two")
    assert group.wait_until(lambda: group.holding("cluster"), 240) == "two"
    group.kill("one")
    group.wait_until(lambda: host_of(group, second) == "two", SECONDS + 180)
    group.let_go()
    ended(group, second)
    names = [state["name"] for state in group.api(f"/flow_run_states/?flow_run_id={second}", method="GET")]
    assert names.count("TakenOver") == 1
    assert states_of(group, second) == {}
    assert outputs(objects) == as_in_a_folder(plain, "second")
    assert hosts(manifests_of(objects), "figures") == {"one", "two"}  # of each run

    # The drawing of a run holds what it has asked for, and no key is anywhere in the server.
    texts = [group.api("/flow_runs/filter"), group.api("/task_runs/filter"), group.api("/artifacts/filter")]
    texts += [group.api("/logs/filter", {"limit": 200, "offset": offset}) for offset in (0, 200, 400)]
    texts += [group.said(name) for name in ("server", "one", "two")]
    for key in (KEY, SECRET):
        assert key not in json.dumps(texts)


def notice_dead_runs_after(group: Group, seconds: float) -> None:
    for automation in group.api("/automations/filter"):
        if automation["name"] == "topicloom: zombies":
            automation["trigger"]["within"] = seconds
            kept = {name: automation[name] for name in ("name", "description", "enabled", "trigger", "actions")}
            group.api(f"/automations/{automation['id']}", kept, method="PUT")
            return
    raise AssertionError("nobody looks for dead runs")


def signal_worker(group: Group, name: str, number: int) -> None:
    group.processes[name].send_signal(number)


def host_of(group: Group, run: str) -> str:
    return group.api(f"/flow_runs/{run}", method="GET")["labels"].get(HOST_LABEL, "")


def ended(group: Group, run: str) -> None:
    final = ("COMPLETED", "FAILED", "CANCELLED")
    group.wait_until(lambda: group.state(run) in final, SECONDS + 500)
    said = group.api("/logs/filter", {"logs": {"flow_run_id": {"any_": [run]}}, "limit": 200})
    assert group.state(run) == "COMPLETED", [line["message"] for line in said]


def states_of(group: Group, run: str) -> dict[str, list[str]]:
    """How the runs ended that a run has asked for, by stage; without the stages that went well at once."""
    asked = group.api("/flow_runs/filter", {"flow_runs": {"parent_flow_run_id": {"any_": [run]}}})
    found: dict[str, list[str]] = {}
    for one in asked:
        found.setdefault(one["parameters"]["stage"], []).append(one["state_type"])
    assert set(PICTURES) <= found.keys()
    return {stage: sorted(states) for stage, states in found.items() if states != ["COMPLETED"]}


def manifests_of(objects: Objects) -> list[dict]:
    names = [one.name for one in objects.listing(".topicloom") if one.name.endswith("/manifest.json")]
    return [json.loads(objects.get(name).content)["manifest"] for name in names]


def hosts(manifests: list[dict], stage: str) -> set[str]:
    return {manifest["host"] for manifest in manifests if manifest["stage"] == stage}


def outputs(objects: Objects) -> dict[str, str]:
    """The digest of each file that is current, by name."""
    files = json.loads(objects.get(".topicloom/outputs/a01/current.json").content)["files"]
    return {name: file["sha256"] for name, file in files.items() if name not in TIMES}


def as_in_a_folder(plain: Project, overrides: str) -> dict[str, str]:
    """The same of a run of the same papers in a folder."""
    run_without_server(plain.analysis, overrides=Overrides(**OVERRIDES[overrides]), quiet=True)
    inputs = ("settings_analysis", "labels.csv", ".")
    paths = [path for path in plain.analysis.rglob("*") if path.is_file() and not path.name.startswith(inputs)]
    found = {path.relative_to(plain.analysis).as_posix(): digest_file(path) for path in paths}
    return {name: digest for name, digest in found.items() if name not in TIMES}
