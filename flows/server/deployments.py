"""Deployments from configs/: prefect.yaml is made here, never by hand, and what has no config is paused."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from flows.configs import REPOSITORY, configs_folder
from flows.names import POOL, TAG, slug
from flows.server.forms import shape_forms
from flows.server.missed import settle_missed
from flows.server.notifications import sync_automations
from flows.server.whole_answers import our_deployments
from flows.server.workers import pool_has_worker
from topicloom import __version__
from topicloom.errors import TopicloomError
from topicloom.pages.markdown import literal
from topicloom.phrasing import number_of
from topicloom.settings.projects import (
    COMMON_DEPLOYMENTS,
    SCHEMA,
    SPREAD_STAGE,
    Concurrency,
    NamedConfig,
    Schedule,
    config_schema,
    missing_folders,
    read_config,
)
from topicloom.store.files import replaced

HEADER = """\
# Written by `topicloom deploy` from configs/: change a config, not this file.
# `prefect --no-prompt deploy --all --prefect-file THIS` deploys what stands here.
"""
# From when intervals are counted: a moment of its own for each deployment would begin anew with every deployment.
_ANCHOR: Final = "2026-01-01T00:00:00+00:00"
EXAMPLE: Final = REPOSITORY / "prefect.yaml"
# What a worker makes of a run: a process with the worker's own environment. Nothing in it can be chosen by a run.
_JOB: Final[dict[str, Any]] = {
    "job_configuration": {"stream_output": True},
    "variables": {"type": "object", "properties": {}, "additionalProperties": False},
}
# The image has no git; it has the name of its commit in a file.
_VERSION_OF_CHECKOUT: Final = f"git rev-parse --short HEAD 2>/dev/null || cat commit 2>/dev/null || echo {__version__}"


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
                    "script": f"sh -c '{_VERSION_OF_CHECKOUT}'",
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
        "concurrency_limit": _refusing(config.concurrency),
        "schedules": [
            entry
            for number, schedule in enumerate(config.schedules, 1)
            for entry in _schedules(named, number, schedule)
        ],
        "work_pool": {"name": POOL, "work_queue_name": named.name},
    }


def _described(named: NamedConfig) -> str:
    """What the UI says of a deployment; its schedules too, since the UI's own list does not name their analyses."""
    config = named.config
    said = config.description or f"Topics of {literal(config.project)}."
    lines = []
    for schedule in config.schedules:
        when = (
            f"every {number_of(schedule.interval_hours, 'hour', form='g')}"
            if schedule.interval_hours
            else f"`{schedule.cron}` {schedule.timezone}"
        )
        given = "".join(literal(f", {name} = {value}") for name, value in schedule.overrides.given().items())
        rest = "" if schedule.active else " (not active)"
        lines += [
            f"- {literal(analysis)}: {when}{given}{rest}"
            for analysis in ([schedule.analysis] if schedule.analysis else config.analyses)
        ]
    return "\n".join([said.rstrip(), "", "Schedules:", "", *lines]) if lines else said


def _refusing(concurrency: Concurrency) -> dict[str, Any] | None:
    """The limit of a deployment that cancels a run too many; one that lets runs wait has that of its queue."""
    return None if concurrency.waits else {"limit": concurrency.limit, "collision_strategy": "CANCEL_NEW"}


def _parameters(named: NamedConfig, analysis: str, overrides: dict[str, Any]) -> dict[str, Any]:
    given = {**named.config.overrides.given(), **overrides}
    spread = {"spread": True} if named.config.spread else {}
    return {"analysis": f"{named.name}/{analysis}", **({"overrides": given} if given else {}), **spread}


def _schedules(named: NamedConfig, number: int, schedule: Schedule) -> Iterator[dict[str, Any]]:
    """One schedule of prefect.yaml an analysis, each with its own parameters and slug."""
    for analysis in _analyses(named, schedule):
        when: dict[str, Any] = {"cron": schedule.cron, "timezone": schedule.timezone}
        if schedule.interval is not None:
            when = {"interval": int(schedule.interval.total_seconds()), "anchor_date": _ANCHOR}
        yield {
            "slug": slug(f"{analysis}-{number}"),
            **when,
            "active": schedule.active,
            "parameters": _parameters(named, analysis, schedule.overrides.given()),
        }


def _analyses(named: NamedConfig, schedule: Schedule) -> list[str]:
    return [schedule.analysis] if schedule.analysis else named.config.analyses


def _catching_up(configs: list[NamedConfig]) -> dict[tuple[str, str], bool]:
    """Whether a missed run of a schedule is made up for, by deployment and slug."""
    return {
        (named.name, slug(f"{analysis}-{number}")): schedule.catches_up and schedule.active
        for named in configs
        for number, schedule in enumerate(named.config.schedules, 1)
        for analysis in _analyses(named, schedule)
    }


def _common_deployments(configs: list[NamedConfig]) -> Iterator[dict[str, Any]]:
    """What serves every project: a new one from exports, one stage alone, and a sweep."""
    yield _common(
        "new-project", "flows/new_project.py:new_project", "Make a project from exports on the server, and its map.", {}
    )
    yield _common(
        "stage", "flows/single_stage.py:stage", "Compute one stage of an analysis again, and nothing else.", {}
    )
    first = {"analysis": f"{configs[0].name}/{configs[0].config.analyses[0]}"} if configs else {}
    plan = {"vary": {"min_topic_size": [5, 10, 15, 20]}, "seeds": 2}
    description = "Try many combinations of settings, measure them, and recommend one."
    yield _common("sweep", "flows/sweep.py:sweep", description, {**first, "plan": plan})
    if any(named.is_shared for named in configs):
        description = "One stage of a run whose stages are spread over the workers. Such runs start it by themselves."
        yield _common(SPREAD_STAGE, "flows/spread_stage.py:spread_stage", description, {})


def _common(name: str, entrypoint: str, description: str, parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "entrypoint": entrypoint,
        "version": "{{ commit.stdout }}",
        "description": description,
        "tags": [TAG],
        "parameters": parameters,
        "enforce_parameter_schema": True,
        "concurrency_limit": None,
        "schedules": [],
        "work_pool": {"name": POOL, "work_queue_name": name},
    }


def deployment_file() -> Path:
    """What is deployed: beside the folder of configs that it is made from, and no file of the checkout."""
    return configs_folder().parent / "prefect.deployed.yaml"


def write_deployment_files(configs: list[NamedConfig]) -> None:
    """Write what `prefect deploy` reads, and configs/schema.json for editors, where that folder can be written to."""
    _write({deployment_file(): prefect_yaml(configs)})
    with contextlib.suppress(OSError):  # a group's configs may be there for reading only, as in a cluster
        _write({configs_folder() / SCHEMA: config_schema()})


def shipped_configs() -> list[NamedConfig]:
    """The configs that come with topicloom: the demo's."""
    path = REPOSITORY / "configs" / "demo.yaml"
    return [NamedConfig(name=path.stem, path=path, config=read_config(path))]


def write_example() -> None:
    """Write prefect.yaml of the checkout, which shows what comes of the configs that come with it."""
    _write({EXAMPLE: prefect_yaml(shipped_configs()), REPOSITORY / "configs" / SCHEMA: config_schema()})


def _write(files: dict[Path, str]) -> None:
    for path, text in files.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            with replaced(path) as temporary:
                temporary.write_text(text, encoding="utf-8")


def ensure_pool() -> None:
    """Make the process work pool, or bring it up to date; one of another type, as in a cluster, stays as it is.

    It takes no variables from who starts a run: Prefect's own template for processes takes a command, an environment
    and a working directory, so that whoever may start a run could run anything.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
    from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

    with get_client(sync_client=True) as client:
        try:
            known = client.read_work_pool(POOL)
        except ObjectNotFound:
            with contextlib.suppress(ObjectAlreadyExists):  # another worker, which starts at this moment, has made it
                client.create_work_pool(WorkPoolCreate(name=POOL, type="process", base_job_template=_JOB))
            return
        if known.type == "process" and known.base_job_template != _JOB:
            client.update_work_pool(POOL, WorkPoolUpdate(base_job_template=_JOB))


def limit_queues(configs: list[NamedConfig]) -> None:
    """Let each queue give out as many runs at once as its config says, the one that has waited longest first.

    A limit of the deployment would send runs away, to ask again each half minute: who asks at the right moment goes
    first, and a slot that is counted wrongly is taken for good. A queue counts its runs anew each time.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.objects import WorkQueue

    limits = {named.name: named.config.concurrency.limit for named in configs if named.config.concurrency.waits}
    with get_client(sync_client=True) as client:
        answer = client.request(
            "POST", "/work_pools/{work_pool_name}/queues/filter", path_params={"work_pool_name": POOL}, json={}
        )
        for queue in map(WorkQueue.model_validate, answer.json()):
            wanted = limits.get(queue.name, 1 if queue.name in COMMON_DEPLOYMENTS else None)
            if queue.concurrency_limit != wanted:
                client.update_work_queue(queue.id, concurrency_limit=wanted)


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

    wanted = {named.name for named in configs} | set(COMMON_DEPLOYMENTS)
    if any(named.is_shared for named in configs):
        wanted.add(SPREAD_STAGE)
    paused = []
    with get_client(sync_client=True) as client:
        for deployment in our_deployments(client):
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

    expect_worker: say so when no worker polls the pool. False says that none can, since it has not been started yet.
    """
    wanted = [named for named in configs if named.is_there or not named.config.optional]
    for line in missing_folders(wanted):
        yield f"warning: {line}"
    write_deployment_files(wanted)
    ensure_pool()
    if not expect_worker or not pool_has_worker():
        yield from settle_missed(_catching_up(wanted))
    deploy_all()
    shape_forms(wanted, [f"{name}/{name}" for name in COMMON_DEPLOYMENTS])
    limit_queues(wanted)
    sync_automations(wanted)
    for named in wanted:
        yield f"deployed topic-model/{named.name} ({number_of(len(named.config.analyses), 'analysis', 'analyses')})"
    yield from (f"deployed {name}/{name}" for name in COMMON_DEPLOYMENTS)
    for name in remove_old_schedules(wanted):
        yield f"removed the schedule {name}: its config has it no more"
    left_out = {named.name for named in configs} - {named.name for named in wanted}
    for name in sorted(left_out):
        yield f"left out {name}: it is optional, and its folder is not there"
    for name in pause_unconfigured(wanted):
        if name not in left_out:
            yield f"paused {name}: configs/ has no {name}.yaml any more"
    if expect_worker and not pool_has_worker():
        yield f"no worker is polling the pool {POOL}; start one with: prefect worker start --pool {POOL}"
