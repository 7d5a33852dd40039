"""Two workers that share a Prefect server and an object store, and no folder: one is killed, the other goes on."""

from __future__ import annotations

import json
import subprocess
import time

import pytest

from tests.conftest import copied
from tests.flows.group import Group
from tests.stores import BUCKET, KEY, SECRET, environment, moto_server
from topicloom.remote.address import address_of
from topicloom.remote.objects import Objects
from topicloom.store.moving import move_project


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_one_worker_dies_in_a_stage_and_the_other_goes_on(wos_project, postgresql, tmp_path, monkeypatch):
    if subprocess.run(["unshare", "--uts", "true"], check=False, capture_output=True).returncode:
        pytest.skip("machines of another name need the right to unshare --uts")
    with moto_server() as s3:
        for name, value in environment(s3, tmp_path / "own").items():
            monkeypatch.setenv(name, value)
        address = f"s3://{BUCKET}/group/wos"
        move_project(copied(wos_project, tmp_path / "source").path, address)
        group = Group(tmp_path, s3, postgresql[0])
        try:
            go_through(group, Objects(address_of(address)), address)
        finally:
            group.end()


def go_through(group: Group, objects: Objects, address: str) -> None:
    group.command("one", "deploy", "--wait", "60")
    group.worker("one")
    group.worker("two")
    group.hold("reduce")
    first = group.begin(overrides={"seed": 123})
    dead = group.wait_until(lambda: group.holding("reduce"), 180)
    other = {"one": "two", "two": "one"}[dead]

    # The project's concurrency holds over both machines.
    second = group.begin(overrides={"seed": 123, "min_topic_size": 8})
    time.sleep(5)  # the idle worker asks each second
    assert (group.state(first), group.state(second)) == ("RUNNING", "SCHEDULED")

    group.kill(dead)
    group.let_go()
    left = [one.name for one in objects.listing(".topicloom/reduce")]
    assert left == []
    # The machine is on again, and says that its run is no more; no worker of its own is started.
    assert "had no process any more: Crashed" in group.command(dead, "deploy", "--wait", "60")
    assert group.wait_until(lambda: group.state(second) in ("COMPLETED", "FAILED", "CRASHED"), 480)
    assert group.state(second) == "COMPLETED", group.said(other)
    # Nobody retries the first: another worker takes it over.
    group.wait_until(lambda: group.state(first) in ("COMPLETED", "FAILED"), 240)
    assert group.state(first) == "COMPLETED", group.said(other)

    # What the dead one had computed was used, and what it had begun was computed by the other.
    hosts = {}
    for one in objects.listing(".topicloom"):
        if one.name.endswith("/manifest.json"):
            manifest = json.loads(objects.get(one.name).content)["manifest"]
            hosts.setdefault(manifest["stage"], set()).add(manifest["host"])
    assert hosts["load-embeddings"] == {dead}
    assert hosts["reduce"] == hosts["cluster"] == {other}
    status = group.command(other, "status", f"{address}/a01")
    assert dead in status
    assert other in status
    said = group.command(dead, "run", f"{address}/a01")  # on the server, from the command line
    assert "files" in said
    assert f"{address}/a01" in said
    assert "none: nothing has changed since the last run" not in said  # the settings file's own seed

    # No key is anywhere in the server.
    texts = [group.api("/flow_runs/filter"), group.api("/task_runs/filter"), group.api("/artifacts/filter")]
    texts += [group.api("/logs/filter", {"limit": 200, "offset": offset}) for offset in (0, 200, 400)]
    texts += [group.said(name) for name in ("server", "one", "two")]
    for key in (KEY, SECRET):
        assert key not in json.dumps(texts)
