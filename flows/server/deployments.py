"""Deployments from configs/: prefect.yaml is made here, never by hand, and what has no config is paused."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from flows.configs import REPOSITORY, configs_folder
from flows.names import slug
from flows.server.forms import shape_forms
from flows.server.notifications import sync_automations
from topicloom.errors import TopicloomError
from topicloom.settings.projects import SCHEMA, NamedConfig, Schedule, config_schema, missing_folders
from topicloom.store.files import replaced

POOL = "topicloom"
TAG = "topicloom"
HEADER = """\
# Written by `topicloom deploy` from configs/: change a config, not this file.
# `prefect --no-prompt deploy --all` deploys what stands here.
"""
_COMMON = ("stage", "sweep")
_COLLISION = {"wait": "ENQUEUE", "cancel": "CANCEL_NEW"}


class DeployError(TopicloomError):
    """Deploying failed."""


def prefect_yaml(configs: list[NamedConfig]) -> str:
    """The text of prefect.yaml for some project configs."""
    content = {
        "name": "topicloom",
        "build": [
            {
                "prefect.deployments.steps.run_shell_script": {
                    "id": "commit",
                    "script": "git rev-parse --short HEAD",
                    "stream_output": False,
                }
            }
        ],
        # A process worker runs in this checkout, and relative paths are seen from it.
        "pull": [{"prefect.deployments.steps.set_working_directory": {"directory": "{{ $PWD }}"}}],
        "deployments": [*(_deployment(named) for named in configs), *_common_deployments(configs)],
    }
    return HEADER + yaml.safe_dump(content, sort_keys=False, width=110, allow_unicode=True)


def _deployment(named: NamedConfig) -> dict[str, Any]:
    config = named.config
    return {
        "name": named.name,
        "entrypoint": "flows/topic_model.py:topic_model",
        "version": "{{ commit.stdout }}",
        "description": _described(named),
        "tags": [TAG, *config.tags],
        "parameters": _parameters(named, config.analyses[0], {}),
        "enforce_parameter_schema": True,
        "concurrency_limit": {
            "limit": config.concurrency.limit,
            "collision_strategy": _COLLISION[config.concurrency.on_collision],
        },
        "schedules": [
            entry
            for number, schedule in enumerate(config.schedules, 1)
            for entry in _schedules(named, number, schedule)
        ],
        "work_pool": {"name": POOL},
    }


def _described(named: NamedConfig) -> str:
    """What the UI says of a deployment; its schedules too, since the UI's own list does not name their analyses."""
    config = named.config
    said = config.description or f"Topics of {config.project}."
    lines = []
    for schedule in config.schedules:
        when = (
            f"every {schedule.interval_hours:g} hours"
            if schedule.interval_hours
            else f"`{schedule.cron}` {schedule.timezone}"
        )
        given = "".join(f", {name} = {value}" for name, value in schedule.overrides.given().items())
        rest = "" if schedule.active else " (not active)"
        lines += [
            f"- {analysis}: {when}{given}{rest}"
            for analysis in ([schedule.analysis] if schedule.analysis else config.analyses)
        ]
    return "\n".join([said.rstrip(), "", "Schedules:", "", *lines]) if lines else said


def _parameters(named: NamedConfig, analysis: str, overrides: dict[str, Any]) -> dict[str, Any]:
    given = {**named.config.overrides.given(), **overrides}
    return {"analysis": f"{named.name}/{analysis}", **({"overrides": given} if given else {})}


def _schedules(named: NamedConfig, number: int, schedule: Schedule) -> Iterator[dict[str, Any]]:
    """One schedule of prefect.yaml an analysis, each with its own parameters and slug."""
    for analysis in [schedule.analysis] if schedule.analysis else named.config.analyses:
        when: dict[str, Any] = {"cron": schedule.cron, "timezone": schedule.timezone}
        if schedule.interval is not None:
            when = {"interval": int(schedule.interval.total_seconds())}
        yield {
            "slug": slug(f"{analysis}-{number}"),
            **when,
            "active": schedule.active,
            "parameters": _parameters(named, analysis, schedule.overrides.given()),
        }


def _common_deployments(configs: list[NamedConfig]) -> Iterator[dict[str, Any]]:
    """What serves every project: one stage alone, and a sweep."""
    yield _common(
        "stage", "flows/single_stage.py:stage", "Compute one stage of an analysis again, and nothing else.", {}
    )
    first = {"analysis": f"{configs[0].name}/{configs[0].config.analyses[0]}"} if configs else {}
    plan = {"vary": {"min_topic_size": [5, 10, 15, 20]}, "seeds": 2}
    description = "Try many combinations of settings, measure them, and recommend one."
    yield _common("sweep", "flows/sweep.py:sweep", description, {**first, "plan": plan})


def _common(name: str, entrypoint: str, description: str, parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "entrypoint": entrypoint,
        "version": "{{ commit.stdout }}",
        "description": description,
        "tags": [TAG],
        "parameters": parameters,
        "enforce_parameter_schema": True,
        "concurrency_limit": {"limit": 1, "collision_strategy": "ENQUEUE"},
        "schedules": [],
        "work_pool": {"name": POOL},
    }


def deployment_file() -> Path:
    """prefect.yaml, beside the folder of configs that it is made from."""
    return configs_folder().parent / "prefect.yaml"


def write_deployment_files(configs: list[NamedConfig]) -> None:
    """Write prefect.yaml, and configs/schema.json for editors."""
    files = {deployment_file(): prefect_yaml(configs), configs_folder() / SCHEMA: config_schema()}
    for path, text in files.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            with replaced(path) as temporary:
                temporary.write_text(text, encoding="utf-8")


def ensure_pool() -> None:
    """Make the process work pool, if the server has none of that name."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectAlreadyExists

    with get_client(sync_client=True) as client:
        try:
            client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
        except ObjectAlreadyExists:
            return


def deploy_all() -> None:
    """Call `prefect --no-prompt deploy --all` in this checkout. Raises DeployError with what it said."""
    command = [
        sys.executable,
        "-m",
        "prefect",
        "--no-prompt",
        "deploy",
        "--all",
        "--prefect-file",
        str(deployment_file()),
    ]
    environment = {**os.environ, "PWD": str(REPOSITORY)}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DeployError(f"prefect deploy failed:\n{done.stdout}{done.stderr}")


def pause_unconfigured(configs: list[NamedConfig]) -> list[str]:
    """Pause the deployments of topicloom that no config names any more; returns their names."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import DeploymentUpdate
    from prefect.client.schemas.filters import DeploymentFilter

    wanted = {named.name for named in configs} | set(_COMMON)
    paused = []
    with get_client(sync_client=True) as client:
        tagged = client.read_deployments(deployment_filter=DeploymentFilter.model_validate({"tags": {"all_": [TAG]}}))
        for deployment in tagged:
            if deployment.name not in wanted and not deployment.paused:
                client.update_deployment(deployment.id, DeploymentUpdate(paused=True))
                paused.append(deployment.name)
    return paused


def remove_old_schedules(configs: list[NamedConfig]) -> list[str]:
    """Remove schedules that a deployment's config no longer has, which Prefect keeps; returns DEPLOYMENT/SCHEDULE.

    Those that a person made in the UI have no slug, and stay.
    """
    from prefect.client.orchestration import get_client

    removed = []
    with get_client(sync_client=True) as client:
        for named in configs:
            wanted = {entry["slug"] for entry in _deployment(named)["schedules"]}
            deployment = client.read_deployment_by_name(f"topic-model/{named.name}")
            for schedule in deployment.schedules:
                if schedule.slug and schedule.slug not in wanted:
                    client.delete_deployment_schedule(deployment.id, schedule.id)
                    removed.append(f"{named.name}/{schedule.slug}")
    return removed


def deploy(configs: list[NamedConfig], *, expect_worker: bool = True) -> Iterator[str]:
    """Write the files, make the pool, deploy every config, stop what has none; yields what a person should know.

    expect_worker: say so when no worker polls the pool.
    """
    for line in missing_folders(configs):
        yield f"warning: {line}"
    write_deployment_files(configs)
    ensure_pool()
    deploy_all()
    shape_forms(configs, [f"{name}/{name}" for name in _COMMON])
    sync_automations(configs)
    for named in configs:
        yield f"deployed topic-model/{named.name} ({len(named.config.analyses)} analyses)"
    yield from (f"deployed {name}/{name}" for name in _COMMON)
    for name in remove_old_schedules(configs):
        yield f"removed the schedule {name}: its config has it no more"
    for name in pause_unconfigured(configs):
        yield f"paused {name}: configs/ has no {name}.yaml any more"
    if expect_worker and not pool_has_worker():
        yield f"no worker is polling the pool {POOL}; start one with: prefect worker start --pool {POOL}"


def pool_has_worker() -> bool:
    """Whether a worker has polled the pool lately."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        status = client.read_work_pool(POOL).status
        return status is not None and status.value == "READY"
