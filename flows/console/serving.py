"""Commands for a server: start one, deploy the projects of configs/ to it, retry a run that failed there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from flows.console.arguments import AnalysisOfRun, say
from flows.console.display import console, show_error
from flows.console.environment import configured_server, prepare_prefect
from flows.server.access import is_running, read_instance
from topicloom.errors import InputError
from topicloom.inputs.demo import make_demo_project
from topicloom.remote.address import address_of, is_address
from topicloom.settings.reading import read_settings


def retry(path: AnalysisOfRun) -> None:
    """Retry the last failed run of an analysis on the server, with the overrides that it had.

    The stages that it had completed are cached, the failed one runs.
    """
    named = Path(str(address_of(path))) if is_address(path) else read_settings(path).analysis_path
    _require_server()
    from flows.server.retry import retry_last_failure

    name = retry_last_failure(named)
    console.print(f"Run {name} is scheduled again; a worker picks it up shortly.")


def _require_server() -> None:
    """Prepare for Prefect and, where nothing names a server, take that of the `topicloom serve` which runs here."""
    running = read_instance() if is_running() else None
    if configured_server() is None and running is not None:
        os.environ["PREFECT_API_URL"] = running.api
    server = configured_server()
    if server is None:
        raise typer.BadParameter(
            "it is not set; set it to the server's, such as http://127.0.0.1:4200/api", param_hint="PREFECT_API_URL"
        )
    prepare_prefect()


def deploy(
    wait: Annotated[float, typer.Option(metavar="SECONDS", help="Wait so long for the server to answer.")] = 0,
) -> None:
    """Deploy every project of configs/ to the server at PREFECT_API_URL; pause what has no config any more.

    Runs of this machine whose process has died are marked so first.
    """
    _require_server()
    server = configured_server()
    if wait and server is not None:
        from flows.server.health import await_server

        await_server(server.url, wait)
    from flows.configs import all_configs
    from flows.server.dead_runs import end_dead_runs
    from flows.server.deployments import deploy as deploy_configs

    for line in (*end_dead_runs(), *deploy_configs(all_configs())):
        console.print(line, soft_wrap=True)


def serve(
    host: Annotated[str, typer.Option(help="Address of this machine that the server listens on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port that the server listens on.")] = 4200,
    show: Annotated[
        bool, typer.Option("--status", help="Say what runs, where, and how to log in; start nothing.")
    ] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Stop the one that runs, wherever it was started.")] = False,
) -> None:
    """Start a Prefect server, a worker and the deployments of configs/ on this machine."""
    prepare_prefect()
    from flows.server import serve as serving

    if show or stop:
        action = serving.stop if stop else serving.describe
        if not action(say) and stop:
            say("No `topicloom serve` runs here.")
        return
    _make_demo()
    serving.serve(host, port, say)


def _make_demo() -> None:
    """Make the demo project where a config names it."""
    from flows.configs import all_configs, configs_folder

    demo = configs_folder().resolve().parent / "demo"
    if any(named.root.resolve() == demo for named in all_configs()):
        try:
            make_demo_project(demo)
        except InputError as error:
            show_error(str(error))


def server(
    host: Annotated[str, typer.Option(help="Address that the server listens on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port that the server listens on.")] = 4200,
) -> None:
    """Start a Prefect server alone, with the files of the projects beside it; a group's server runs so."""
    prepare_prefect()
    from flows.server.app import run_server

    run_server(host, port)
