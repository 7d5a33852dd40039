"""The manifests: what they name is there, no pod has rights that it does not need, and a run cannot choose its own job."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
import yaml

from tests.ops.described import (
    COMPOSE_FILES,
    KUBERNETES,
    OPS,
    example_secrets,
    job_template,
    manifests,
    pod_containers,
    pods,
    resource_files,
)
from topicloom import __version__
from topicloom.settings.projects import read_config

PODS = dict(pods(resource_files()))
CONTAINERS = [(name, one) for name, pod in PODS.items() for one in pod_containers(pod)]


def kustomization() -> dict:
    return yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())


@pytest.mark.parametrize(
    ("pod", "container"), CONTAINERS, ids=lambda part: part if isinstance(part, str) else part["name"]
)
def test_secrets_and_folders_that_a_container_names_are_there(pod, container):
    known = example_secrets()
    for source in container.get("envFrom", []):
        assert source["secretRef"]["name"] in known
    for entry in container.get("env", []):
        if "valueFrom" in entry:
            wanted = entry["valueFrom"]["secretKeyRef"]
            assert wanted["key"] in known[wanted["name"]]
        else:
            assert not re.search(r"PASSWORD|SECRET_ACCESS_KEY|AUTH_STRING$|CONNECTION_URL", entry["name"])
    claims = ["data"] if pod == "database" else []
    volumes = {volume["name"]: volume for volume in PODS[pod]["volumes"]}
    maps = {"topicloom-configs", *(one["name"] for one in kustomization()["configMapGenerator"])}
    for mount in container.get("volumeMounts", []):
        assert mount["name"] in (*volumes, *claims)
        source = volumes.get(mount["name"], {}).get("configMap")
        assert source is None or (source["name"] in maps and mount["readOnly"])


@pytest.mark.parametrize(
    ("pod", "container"), CONTAINERS, ids=lambda part: part if isinstance(part, str) else part["name"]
)
def test_no_container_has_rights_that_it_does_not_need(pod, container):
    locked = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    assert container["securityContext"] == locked
    of_pod = PODS[pod]["securityContext"]
    user = {"database": 999}.get(pod, 1000)
    assert of_pod["runAsNonRoot"] is True
    assert (of_pod["runAsUser"], of_pod["fsGroup"]) == (user, user)
    assert of_pod["seccompProfile"] == {"type": "RuntimeDefault"}
    assert PODS[pod]["automountServiceAccountToken"] is (pod == "worker")
    assert {"cpu", "memory"} <= set(container["resources"]["requests"]) & set(container["resources"]["limits"])


def test_one_image_of_one_version_stands_everywhere():
    (image,) = kustomization()["images"]
    named = {container["image"] for pod, container in CONTAINERS if pod not in ("database", "run")}
    assert named == {image["name"]}
    of_jobs = {container["image"] for pod, container in CONTAINERS if pod == "run"}
    assert of_jobs == {f"{image['newName']}:{image['newTag']}"}
    assert image["newTag"] == __version__
    for name in COMPOSE_FILES:
        services = yaml.safe_load((OPS / name).read_text())["services"]
        assert {service["image"] for service in services.values() if "build" in service} == {f"topicloom:{__version__}"}
        (database,) = (container["image"] for pod, container in CONTAINERS if pod == "database")
        assert services["database"]["image"] == database


def test_policies_and_services_select_pods_that_there_are():
    labels = [
        one["spec"]["template"]["metadata"]["labels"] for one in resource_files() if "template" in one.get("spec", {})
    ]
    labels.append(job_template()["job_configuration"]["job_manifest"]["spec"]["template"]["metadata"]["labels"])
    selectors = []
    for one in resource_files():
        if one["kind"] == "Service":
            selectors.append(one["spec"]["selector"])
        if one["kind"] == "NetworkPolicy":
            selectors.append(one["spec"]["podSelector"].get("matchLabels", {}))
            selectors += [
                peer["podSelector"]["matchLabels"] for rule in one["spec"].get("ingress", []) for peer in rule["from"]
            ]
    assert len(selectors) == 8
    for selector in selectors:
        assert any(selector.items() <= known.items() for known in labels), selector


def test_the_examples_hold_no_secret_and_a_config_that_is_read(tmp_path):
    for one in yaml.safe_load_all((KUBERNETES / "secrets.example.yaml").read_text()):
        assert set(one["stringData"].values()) == {""}
    (example,) = yaml.safe_load_all((KUBERNETES / "configs.example.yaml").read_text())
    for name, text in example["data"].items():
        (tmp_path / name).write_text(text)
        assert read_config(tmp_path / name).root.startswith("s3://")


def test_kustomize_puts_all_together():
    if shutil.which("kubectl") is None:
        pytest.skip("no kubectl on this machine: what kustomize makes of the files is not known")
    made = manifests()
    assert {one["metadata"].get("namespace", "topicloom") for one in made} == {"topicloom"}
    (pool,) = (one for one in made if one["kind"] == "ConfigMap")
    assert json.loads(pool["data"]["job-template.json"]) == job_template()
    worker = dict(pods(made))["worker"]
    (named,) = (one["configMap"]["name"] for one in worker["volumes"] if one["name"] == "pool")
    assert named == pool["metadata"]["name"]  # another content, another name: the worker begins anew
    (image,) = kustomization()["images"]
    assert {one["image"] for one in pod_containers(worker)} == {f"{image['newName']}:{image['newTag']}"}


def job_of(job_variables: dict) -> dict:
    """The job that Prefect's Kubernetes worker makes of the template, for a run with variables of its own."""
    from prefect_kubernetes.worker import KubernetesWorkerJobConfiguration

    nobody = SimpleNamespace(_closed=True)  # no server is asked for what the template does not name
    made = asyncio.run(
        KubernetesWorkerJobConfiguration.from_template_and_values(job_template(), job_variables, client=nobody)
    )
    run = SimpleNamespace(id=uuid4(), name="quiet-otter", deployment_id=None, flow_id=uuid4())
    made.prepare_for_flow_run(run)
    return made.job_manifest


def test_the_worker_makes_a_job_of_the_template_which_a_run_cannot_change():
    plain = job_of({})
    (container,) = plain["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["prefect", "flow-run", "execute"]
    assert plain["spec"]["template"]["metadata"]["labels"]["topicloom/role"] == "run"
    assert {"name": "XDG_CACHE_HOME", "value": "/cache"} in container["env"]
    wished = {
        "image": "registry.example.com/evil",
        "command": "sh -c id",
        "env": {"LD_PRELOAD": "/tmp/evil.so"},
        "env.BASH_ENV": "/tmp/evil.sh",
        "namespace": "kube-system",
        "service_account_name": "worker",
        "job_manifest": {"kind": "Pod"},
    }
    changed = json.dumps(job_of(wished))
    for evil in ("evil", "sh -c id", "LD_PRELOAD", "BASH_ENV", "kube-system"):
        assert evil not in changed
    assert job_of(wished)["spec"]["template"]["spec"]["serviceAccountName"] == "run"
    assert job_template()["variables"] == {"type": "object", "properties": {}, "additionalProperties": False}


@pytest.mark.parametrize(
    ("place", "dead"), [("topicloom:quiet-otter-x8z9c", False), ("this-machine:999999999", True), (None, True)]
)
def test_a_run_that_waits_for_its_pod_is_not_taken_for_dead(place, dead):
    """A deployment while no worker lives looks for processes of runs; a pod's are on another machine."""
    from flows.server.dead_runs import _is_dead

    state = SimpleNamespace(timestamp=datetime.now(UTC) - timedelta(minutes=5))
    run = SimpleNamespace(id=uuid4(), labels={}, deployment_id=uuid4(), infrastructure_pid=place, state=state)
    assert _is_dead(run, {}, alone=True) is dead
