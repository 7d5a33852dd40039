"""Every command of ops/kubernetes, run as written: pool, deployments, Prefect's Kubernetes worker, and the job it makes.

The cluster's API is a stand-in that keeps to the worker's role; each pod's containers have a root folder that is read
only, the user of the image, and the volumes and secrets that its manifest names.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import copied
from tests.databases import postgresql_server
from tests.ops.boxes import HOST, Mount, Street
from tests.ops.cluster import ACCOUNT, PORT, cluster
from tests.ops.described import (
    KUBERNETES,
    example_secrets,
    job_template,
    pod_container,
    pod_containers,
    pods,
    resource_files,
)
from tests.ops.group import LOGIN, Group, folder_of_configs, warmed
from tests.stores import KEY, SECRET, make_bucket, moto_server
from topicloom.remote.address import address_of
from topicloom.remote.objects import Objects
from topicloom.store.moving import move_project

NAMES = {
    **{"store": HOST, "database": HOST, "server": "10.77.0.10", "pool": "10.77.0.11", "deploy": "10.77.0.12"},
    **{"worker": "10.77.0.13", "prefect-job": "10.77.0.14"},
}
SECRETS = {
    "topicloom-login": {"PREFECT_API_AUTH_STRING": LOGIN},
    "topicloom-database": {
        "POSTGRES_PASSWORD": "of-the-database",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": "postgresql+asyncpg://topicloom:of-the-database@database:5432/prefect",
    },
    "topicloom-store": {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{HOST}:8333",
    },
}


class Kubelet:
    """Runs the containers of pods, as their manifests say."""

    def __init__(self, street: Street, folder: Path, maps: Mapping[str, Path], account: Path) -> None:
        self.street, self.folder, self.maps, self.account = street, folder, maps, account

    def start(self, name: str, pod: Mapping[str, Any]) -> None:
        """Run the containers that begin a pod, one after the other, and start the one that stays."""
        *first, last = pod_containers(pod)
        for container in first:
            self.street.run(container["name"], *self._how(name, pod, container), **self._rights(container))
        self.street.start(last["name"], *self._how(name, pod, last), **self._rights(last))

    def _how(self, name: str, pod: Mapping[str, Any], container: Mapping[str, Any]) -> tuple[Any, ...]:
        described = pod_container(container, SECRETS)
        kubelets = {"KUBERNETES_SERVICE_HOST": HOST, "KUBERNETES_SERVICE_PORT": str(PORT)}
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        mounts = [self._mount(name, one, volumes[one["name"]]) for one in container["volumeMounts"]]
        if pod.get("automountServiceAccountToken"):
            mounts.append(Mount(ACCOUNT.removeprefix("/var"), self.account, read_only=True))  # /var/run is a link
        return described.command, {**described.environment, **kubelets}, mounts

    def _mount(self, name: str, mount: Mapping[str, Any], volume: Mapping[str, Any]) -> Mount:
        if "configMap" in volume:
            return Mount(mount["mountPath"], self.maps[volume["configMap"]["name"]], read_only=True)
        assert volume["emptyDir"] == {}
        return Mount(mount["mountPath"], self.folder / name / volume["name"])

    @staticmethod
    def _rights(container: Mapping[str, Any]) -> dict[str, Any]:
        return {"read_only": container["securityContext"]["readOnlyRootFilesystem"], "warm": "image"}

    def answers(self, name: str, pod: Mapping[str, Any], probe: str) -> None:
        """Wait until a container's probe answers."""
        container = pod["containers"][0]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        asked = container[probe]["httpGet"]
        url = f"http://{NAMES[name]}:{ports[asked['port']]}{asked['path']}"

        def well() -> bool:
            assert self.street.processes[name].poll() is None, self.street.said(name)
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:
                    return answer.status == 200
            except OSError:
                return False

        self.street.wait_until(well, 240)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_pods_compute_a_project_in_the_store(street_of, wos_project, tmp_path, monkeypatch):
    assert {name: set(keys) for name, keys in SECRETS.items()} == example_secrets()
    street = street_of(NAMES)
    group = Group(street)
    objects = resource_files()
    templates = dict(pods(objects))
    (role,) = (one for one in objects if one["kind"] == "Role")
    config = {"root": "s3://maps/group", "project": "wos", "analyses": ["a01"]}
    maps = {"topicloom-configs": folder_of_configs(tmp_path / "configs", wos=config), "topicloom-pool": KUBERNETES}
    warmed(street)
    with (
        moto_server(8333, HOST, bucket="") as store,
        postgresql_server(5432, HOST, "topicloom"),
        cluster(HOST, tmp_path / "cluster", "topicloom", role["rules"]) as api,
    ):
        make_bucket(store, "maps")
        for name, value in SECRETS["topicloom-store"].items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("TOPICLOOM_CACHE", str(tmp_path / "own"))
        move_project(copied(wos_project, tmp_path / "source").path, "s3://maps/group/wos")
        kubelet = Kubelet(street, tmp_path / "volumes", maps, api.account)
        kubelet.start("server", templates["server"])
        kubelet.answers("server", templates["server"], "startupProbe")
        kubelet.start("worker", templates["worker"])
        kubelet.answers("worker", templates["worker"], "livenessProbe")
        pool = group.api("/work_pools/topicloom", method="GET")
        # `topicloom deploy`, which ran after the pool was made, has left it as it is.
        assert (pool["type"], pool["base_job_template"]) == ("kubernetes", job_template())

        run = group.begin("topic-model/wos", overrides={"seed": 5})
        name = street.wait_until(lambda: next(iter(api.jobs), ""), 120)
        job = api.jobs[name]
        assert job["metadata"]["namespace"] == "topicloom"
        for secret in (LOGIN, "of-the-database", KEY, SECRET):
            assert secret not in json.dumps(job)
        pod = job["spec"]["template"]["spec"]
        kubelet.start(name, pod)
        assert group.end_of(run) == "COMPLETED", street.said("prefect-job")
        assert group.hosts_of(run) == "prefect-job"
        outputs = Objects(address_of("s3://maps/group/wos")).get(".topicloom/outputs/a01/current.json")
        assert b"dataset_minimal.csv" in outputs.content
        assert street.processes["prefect-job"].wait(timeout=120) == 0
        # What the image had compiled was enough, though the folder of the image cannot be written to.
        cache = tmp_path / "volumes" / name / "cache"
        found = {path.name for path in cache.rglob("*.nbc")}
        assert found == {path.name for path in compiled_in_the_image(street)}
        assert api.refused == set()
        assert "Traceback" not in street.said("worker"), street.said("worker")


def compiled_in_the_image(street: Street) -> list[Path]:
    return list(Path(f"/proc/{street.keeper.pid}/root/mnt/image/upper/home/topicloom/.cache").rglob("*.nbc"))
