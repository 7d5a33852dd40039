"""Every command of compose.store.yaml, run as written: server, bucket and two workers, and a project in the store."""

from __future__ import annotations

import os
import subprocess
import time

import pytest

from tests.conftest import copied
from tests.databases import postgresql_server
from tests.ops.boxes import HOST, Mount, Street
from tests.ops.described import compose
from tests.ops.group import LOGIN, Group, folder_of_configs, warmed
from tests.stores import moto_server
from topicloom.remote.address import address_of
from topicloom.remote.objects import Objects
from topicloom.store.moving import move_project

VARIABLES = {
    "PREFECT_SERVER_API_AUTH_STRING": LOGIN,
    "POSTGRES_PASSWORD": "of-the-database",
    "AWS_ACCESS_KEY_ID": "AKIATESTSOFTOPICLOOM",
    "AWS_SECRET_ACCESS_KEY": "secret-of-topicloom-tests-0123456789",
    "TOPICLOOM_PROJECTS": "/srv/bibliometrics",
}
NAMES = {
    **{"store": HOST, "database": HOST},
    **{"server": "10.77.0.10", "worker-one": "10.77.0.11", "worker-two": "10.77.0.12", "bucket": "10.77.0.13"},
}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_containers_of_the_compose_file_compute_a_project_in_the_store(
    street_of, wos_project, tmp_path, monkeypatch
):
    containers = compose("compose.store.yaml", VARIABLES)
    config = {"root": "s3://maps/group", "project": "wos", "analyses": ["a01"], "concurrency": {"limit": 2}}
    configs = folder_of_configs(tmp_path / "configs", wos=config)
    street = street_of(NAMES)
    group = Group(street)

    def start(name: str, *mounts: Mount) -> None:
        here = Mount("/srv/topicloom/configs", configs, read_only=True)
        street.start(name, containers[name].command, containers[name].environment, [here, *mounts], warm="image")

    warmed(street)
    with moto_server(8333, HOST, bucket=""), postgresql_server(5432, HOST, "topicloom") as database:
        check = subprocess.run(
            containers["database"].check,
            env={"PGHOST": HOST, "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
        )
        assert "accepting connections" in check.stdout, database
        for _ in range(2):  # the second time the bucket is there
            said = street.run("bucket", containers["bucket"].command, containers["bucket"].environment)
            assert "bucket: 200" in said or "bucket: 409" in said
        start("server")
        group.healthy(containers["server"])
        # Both at once, on a server that has neither pool nor deployments.
        start("worker-one", Mount("/var/cache/topicloom"))
        start("worker-two", Mount("/var/cache/topicloom"))
        for name in ("worker-one", "worker-two"):
            group.healthy(containers[name])

        for name, value in containers["worker-one"].environment.items():
            if name.startswith("AWS_"):
                monkeypatch.setenv(name, value.replace("store", HOST))
        monkeypatch.setenv("TOPICLOOM_CACHE", str(tmp_path / "own"))
        move_project(copied(wos_project, tmp_path / "source").path, "s3://maps/group/wos")
        runs = [group.begin("topic-model/wos", overrides={"seed": seed}) for seed in (1, 2)]
        assert [group.end_of(run) for run in runs] == ["COMPLETED", "COMPLETED"], street.said("worker-one")
        assert {group.hosts_of(run) for run in runs} <= {"worker-one", "worker-two"}
        outputs = Objects(address_of("s3://maps/group/wos")).get(".topicloom/outputs/a01/current.json")
        assert b"dataset_minimal.csv" in outputs.content

        # The restarted one knows by its name that its run is no more, and the other goes on.
        dead = killed_in_a_run(group, street)
        start(dead, Mount("/var/cache/topicloom"))
        group.healthy(containers[dead])
        assert "had no process any more: Crashed" in street.said(dead)
        texts = "".join(street.said(name) for name in ("server", "worker-one", "worker-two"))
        for secret in ("AWS_SECRET_ACCESS_KEY", "POSTGRES_PASSWORD"):
            assert VARIABLES[secret] not in texts
        version = group.api("/deployments/name/topic-model/wos", method="GET")["version"]
        assert version


def killed_in_a_run(group: Group, street: Street) -> str:
    """Kill the worker that takes a run, in it; the name of the worker."""
    run = group.begin("topic-model/wos", overrides={"seed": 3, "min_topic_size": 7})
    street.wait_until(lambda: group.api(f"/flow_runs/{run}", method="GET")["state_type"] == "RUNNING", 120)
    street.wait_until(lambda: "topicloom.host" in group.api(f"/flow_runs/{run}", method="GET")["labels"], 60)
    name = group.hosts_of(run)
    street.kill(name)
    time.sleep(1)
    assert group.api(f"/flow_runs/{run}", method="GET")["state_type"] == "RUNNING"
    return name
