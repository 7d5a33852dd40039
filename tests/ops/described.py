"""What the files in ops/ say of containers: for each its command, variables and checks, as an engine would read them."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
OPS = REPOSITORY / "ops"
KUBERNETES = OPS / "kubernetes"
COMPOSE_FILES = ("compose.yaml", "compose.store.yaml")


@dataclass(frozen=True)
class Container:
    """One container. check: the command that tells whether it is well."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]
    check: tuple[str, ...] = ()


def interpolated(text: str, variables: Mapping[str, str]) -> str:
    """A compose file with its variables filled in, as compose does it. Raises KeyError for one that must be set."""

    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        name, otherwise = found["name"], found["otherwise"]
        return variables[name] if otherwise is None or name in variables else otherwise

    return re.sub(r"\$\$|\$\{(?P<name>\w+)(?::-(?P<otherwise>[^}]*)|:\?[^}]*)?\}", value, text)


def compose(name: str, variables: Mapping[str, str]) -> dict[str, Container]:
    """The services of a compose file, by name."""
    services = yaml.safe_load(interpolated((OPS / name).read_text(encoding="utf-8"), variables))["services"]
    return {name: _container(name, service) for name, service in services.items()}


def _container(name: str, service: Mapping[str, Any]) -> Container:
    command = [*service.get("entrypoint", []), *_words(service.get("command", []))]
    how, *check = service.get("healthcheck", {}).get("test", ["NONE"])
    check = ["sh", "-c", *check] if how == "CMD-SHELL" else check
    return Container(name, tuple(command), dict(service.get("environment", {})), tuple(check))


def _words(command: str | list[str]) -> list[str]:
    return shlex.split(command) if isinstance(command, str) else command


def manifests() -> list[dict[str, Any]]:
    """All objects of ops/kubernetes, as kustomize puts them together."""
    done = subprocess.run(
        ["kubectl", "kustomize", str(KUBERNETES)], capture_output=True, text=True, check=False, cwd=REPOSITORY
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def resource_files() -> list[dict[str, Any]]:
    """All objects of the files that ops/kubernetes/kustomization.yaml names, as they stand there."""
    named = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    return [one for file in named for one in yaml.safe_load_all((KUBERNETES / file).read_text(encoding="utf-8"))]


def example_secrets() -> dict[str, set[str]]:
    """The keys of each secret of the example, by its name."""
    text = (KUBERNETES / "secrets.example.yaml").read_text(encoding="utf-8")
    return {one["metadata"]["name"]: set(one["stringData"]) for one in yaml.safe_load_all(text)}


def job_template() -> dict[str, Any]:
    """The base job template of the work pool."""
    return json.loads((KUBERNETES / "job-template.json").read_text(encoding="utf-8"))


def pods(objects: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name of each object that makes pods, and its pod; the job that the worker makes too."""
    for one in objects:
        if "template" in one.get("spec", {}):
            yield one["metadata"]["name"], one["spec"]["template"]["spec"]
    yield "run", job_template()["job_configuration"]["job_manifest"]["spec"]["template"]["spec"]


def pod_containers(pod: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Its containers, in the order in which they begin."""
    return [*pod.get("initContainers", []), *pod["containers"]]


def pod_container(container: Mapping[str, Any], secrets: Mapping[str, Mapping[str, str]]) -> Container:
    """A container of a pod, with the variables that its secrets hold. Raises KeyError where a secret lacks one."""
    environment: dict[str, str] = {}
    for source in container.get("envFrom", []):
        environment |= secrets[source["secretRef"]["name"]]
    for entry in container.get("env", []):
        if "valueFrom" in entry:
            wanted = entry["valueFrom"]["secretKeyRef"]
            environment[entry["name"]] = secrets[wanted["name"]][wanted["key"]]
        else:
            environment[entry["name"]] = entry["value"]
    return Container(container["name"], tuple(container["args"]), environment)
