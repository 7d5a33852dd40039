"""Commands that compute an analysis, on a server or without one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from flows.console.arguments import AnalysisOfRun, Quick, Refresh, Verbose
from flows.console.display import console, listed, show_report, shown
from flows.console.environment import configured_server, prepare_prefect
from flows.console.preload import preload_beside
from flows.console.signals import end_at_signals
from topicloom.inputs.demo import make_demo_project
from topicloom.settings.overrides import Overrides
from topicloom.settings.reading import read_settings
from topicloom.stage_names import STAGE_NAMES, StageName
from topicloom.stages.soundness import require_sound
from topicloom.store.sharing import local
from topicloom.warmup import is_warm, warm_up

if TYPE_CHECKING:
    from flows.run_report import RunReport


def run(path: AnalysisOfRun, refresh: Refresh = None, quick: Quick = False, verbose: Verbose = False) -> None:
    """Compute the topics of an analysis; every step that has been computed before is reused."""
    if refresh is not None and refresh not in STAGE_NAMES:
        raise typer.BadParameter(f"{refresh!r} is none of {', '.join(STAGE_NAMES)}.", param_hint="--refresh")
    run_analysis(path, refresh, quick=quick, verbose=verbose)


def run_analysis(path: Path, refresh: str | None, *, quick: bool = False, verbose: bool) -> None:
    """Compute an analysis and show its report. refresh: the stage from which on all is computed again."""
    started = time.perf_counter()
    end_at_signals()
    compute = _run_without_server if configured_server() is None else _run_on_server
    report = compute(path, refresh, Overrides(quick=quick or None), verbose=verbose)
    if report is not None:  # None after a mere validation
        show_report(report, time.perf_counter() - started)


def _run_without_server(path: Path, refresh: str | None, overrides: Overrides, *, verbose: bool) -> RunReport:
    from flows.plain_run import run_without_server, show_log

    if verbose:
        show_log()
    with shown(verbose=verbose):
        return run_without_server(path, refresh, overrides, quiet=not verbose)


def _run_on_server(path: Path, refresh: str | None, overrides: Overrides, *, verbose: bool) -> RunReport | None:
    # What is wrong is said before Prefect takes seconds to start.
    here = local(path, writing=True)
    require_sound(read_settings(here, overrides))
    preload_beside(here)
    prepare_prefect()
    from prefect import tags

    from flows.names import TAG
    from flows.topic_model import topic_model

    stage = cast("StageName | None", refresh)  # `run` has looked
    with tags(TAG), shown(verbose=verbose):
        return topic_model(path, stage, overrides)


def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to put the demo project into.")],
    verbose: Verbose = False,
) -> None:
    """Make a small project of 500 real papers and run it."""
    analysis = make_demo_project(folder)
    console.print(f"Demo project: {analysis.parent}")
    run_analysis(analysis, None, verbose=verbose)


def warmup() -> None:
    """Compile, once per machine, what runs would otherwise compile on their way; it takes a minute or so."""
    if is_warm():
        console.print("The compiled code is there already.")
        return
    started = time.perf_counter()
    with listed():
        folder = warm_up()
    console.print(f"Compiled in {time.perf_counter() - started:.0f} s; kept in {folder}.", soft_wrap=True)
