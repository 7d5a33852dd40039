"""The command line. Exit codes: 0 well, 1 a run that failed, 2 bad input.

Nothing heavy is imported before a command needs it: `topicloom status` answers without Prefect.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional, cast

import typer
from rich.markup import escape

from flows.console.display import (
    console,
    counted,
    listed,
    relative,
    show_error,
    show_notes,
    show_report,
    show_status,
    shown,
    size_words,
)
from flows.console.door import Quick
from flows.console.door import register as register_door
from flows.console.environment import ConfiguredServer, configured_server, prepare_prefect
from flows.console.preload import preload_beside
from flows.console.signals import end_at_signals
from flows.console.streams import make_lenient
from flows.console.temporary_server import server_for_a_sweep
from flows.server.access import is_running, read_instance
from topicloom import __version__
from topicloom.errors import InputError, TopicloomError
from topicloom.inputs.decoding import form_notes
from topicloom.inputs.demo import make_demo_project
from topicloom.inputs.encoder import embeddings_missing
from topicloom.lineage.labels import require_known_labels
from topicloom.lineage.mending import require_own_history
from topicloom.machine.threads import ThreadsError
from topicloom.settings.checks import require_writable
from topicloom.settings.overrides import Overrides
from topicloom.settings.reading import read_settings
from topicloom.settings.schema import Settings
from topicloom.stage_names import STAGE_NAMES, StageName
from topicloom.stages.language_notes import stop_word_note
from topicloom.stages.notes import corpus_notes, dataset_notes
from topicloom.stages.soundness import check_project, require_sound
from topicloom.stages.status import CACHED, analysis_status, unfinished
from topicloom.store.cleaning import clean, find_leftovers
from topicloom.store.run_record import settle_export
from topicloom.store.store import Store
from topicloom.store.verify import verify_project
from topicloom.warmup import is_warm, warm_up

if TYPE_CHECKING:
    from flows.run_report import RunReport

FAILED, BAD_INPUT = 1, 2

app = typer.Typer(
    help="Topic maps of scientific fields: settings, corpus and embeddings become topics and the files reports read.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Analysis = Annotated[Path, typer.Argument(metavar="PATH", help="Analysis folder, or a settings file.")]
Refresh = Annotated[
    Optional[str],  # noqa: UP045  # typer reads it at run time
    typer.Option(metavar="STAGE", help=f"Compute this stage and those after it again: {', '.join(STAGE_NAMES)}."),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show the whole log, and tracebacks.")]


@app.command()
def run(path: Analysis, refresh: Refresh = None, quick: Quick = False, verbose: Verbose = False) -> None:
    """Compute the topics of an analysis; every step that has been computed before is reused."""
    if refresh is not None and refresh not in STAGE_NAMES:
        raise typer.BadParameter(f"{refresh!r} is none of {', '.join(STAGE_NAMES)}.", param_hint="--refresh")
    _run(path, refresh, quick=quick, verbose=verbose)


def _run(path: Path, refresh: str | None, *, quick: bool = False, verbose: bool) -> None:
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
    require_sound(read_settings(path, overrides))
    preload_beside(path)
    prepare_prefect()
    from prefect import tags

    from flows.names import TAG
    from flows.topic_model import topic_model

    stage = cast("StageName | None", refresh)  # `run` has looked
    with tags(TAG), shown(verbose=verbose):
        return topic_model(path, stage, overrides)


@app.command()
def check(path: Analysis) -> None:
    """Validate settings, corpus and embeddings; compute and change nothing."""
    settings = read_settings(path)
    require_own_history(settings)
    show_notes([*settings.notes, *require_known_labels(settings)])
    sound = check_project(settings)
    tmo, documents = settings.tmo, sound.facts["documents"]
    stop_words = stop_word_note(sound.facts, tmo.represent)
    if embeddings_missing(settings):
        form = form_notes(settings.dataset_path.name, sound.dataset["dataset_form"])
        show_notes([*form, *corpus_notes(sound.facts, tmo), *stop_words])
        console.print(
            f"{settings.label}: {documents} papers without embeddings; the run makes them with "
            f"{tmo.transformer_model}. All else is well."
        )
        return
    show_notes([*corpus_notes(sound.facts, tmo), *dataset_notes(sound.dataset, documents), *stop_words])
    console.print(
        f"{settings.label}: {documents} papers with embeddings of {sound.facts['dimensions']} dimensions. All is well."
    )


@app.command()
def status(path: Analysis) -> None:
    """Show per stage whether its result is cached, stale and why, or missing; when, how long, how large."""
    settings = _settled(path)
    show_status(settings.label, analysis_status(settings))
    show_notes(unfinished(settings))


@app.command()
def verify(path: Analysis) -> None:
    """Read every file of the project that a digest is known of, and say what has changed without a trace."""
    settings = _settled(path)
    with counted():
        found = verify_project(Store(settings.store_path))
    console.print(f"{settings.metadata.project_folder}: {found.files} files, {size_words(found.bytes)}, were read.")
    if not found.damaged:
        console.print("Each is as it was written.")
        return
    for damage in found.damaged:
        shown = relative(damage.path, settings.project_path)
        console.print(f"  [red]damaged[/]  {escape(shown)}: {escape(damage.fault)}", highlight=False, soft_wrap=True)
    again = ", ".join(status.stage for status in analysis_status(settings) if status.state != CACHED)
    console.print(
        f"The next run of {escape(settings.label)} "
        + (
            f"makes these anew: {again}."
            if again
            else "needs none of these; topicloom clean removes what no run needs."
        )
    )
    raise typer.Exit(FAILED)


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to put the demo project into.")],
    verbose: Verbose = False,
) -> None:
    """Make a small project of 500 real papers and run it."""
    analysis = make_demo_project(folder)
    console.print(f"Demo project: {analysis.parent}")
    _run(analysis, None, verbose=verbose)


@app.command()
def warmup() -> None:
    """Compile, once per machine, what runs would otherwise compile on their way; it takes a minute or so."""
    if is_warm():
        console.print("The compiled code is there already.")
        return
    started = time.perf_counter()
    with listed():
        folder = warm_up()
    console.print(f"Compiled in {time.perf_counter() - started:.0f} s; kept in {folder}.", soft_wrap=True)


@app.command()
def compare(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH PATH ...", help="Analysis folders that have been run.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write into.")] = Path("comparison"),
) -> None:
    """Hold the topics of several analyses against each other: heatmaps, Sankey diagrams, a table."""
    from topicloom.comparison.writing import write_comparison

    files = write_comparison([_settled(path) for path in paths], out)
    for name in files:
        console.print(f"  {escape(str(out / name))}", highlight=False, soft_wrap=True)


@app.command()
def diff(
    path: Analysis,
    runs: Annotated[Optional[list[int]], typer.Argument(metavar="[RUN RUN]", help="Two runs by number.")] = None,  # noqa: UP045
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="DIR", help="Folder to write into: changes.md, changed_papers.csv, changed_topics.csv."),
    ] = None,
) -> None:
    """What the last run of an analysis changed, or what differs between two of its runs."""
    from rich.markdown import Markdown

    from topicloom.lineage.telling import as_markdown, chosen_differences, last_run_line, write_differences

    settings = _settled(path)
    if runs is not None and len(runs) not in (0, 2):
        raise typer.BadParameter(f"{len(runs)} runs are given; give two, or none for the last two.", param_hint="RUN")
    if not runs:
        console.print(last_run_line(settings), highlight=False)
    found = chosen_differences(settings, runs or [])
    if found:
        console.print(Markdown(as_markdown(found)))
        escapes = settings.tmo.export.escape_formulas
        for name in write_differences(found, out, escape_formulas=escapes) if out else ():
            console.print(f"  {escape(str((out or Path()) / name))}", highlight=False, soft_wrap=True)


@app.command()
def sweep(
    path: Analysis,
    plan: Annotated[Path, typer.Argument(metavar="SWEEP.yaml", help="What to vary; docs/sweeps.md shows it.")],
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="DIR", help="Folder to write into; sweep/ in the analysis folder when left out."),
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Try many combinations of settings, measure them, and recommend one."""
    from topicloom.sweep.grid import combinations, read_plan

    wanted, settings = read_plan(plan), read_settings(path)
    require_writable(settings)
    chosen, _ = combinations(settings, wanted)
    console.print(f"{settings.label}: {len(chosen)} combinations.", highlight=False)
    prepare_prefect()
    end_at_signals()
    await_server = server_for_a_sweep()
    from prefect import tags

    from flows.names import TAG
    from flows.sweep import sweep as sweep_flow

    with tags(TAG), shown(verbose=verbose):
        await_server()
        report = sweep_flow(path, wanted, out)
    for line in (*report.why, *(f"not tried: {reason}" for reason in report.left_out)):
        console.print(line, highlight=False)
    for name in report.files:
        console.print(f"  {escape(str(report.folder / name))}", highlight=False, soft_wrap=True)


@app.command(name="clean")
def clean_store(
    path: Analysis,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")] = False,
) -> None:
    """Remove from the project's store what no run.json of its analyses refers to."""
    store = Store(_settled(path).store_path)
    leftovers = find_leftovers(store) if dry_run else clean(store)
    for leftover in leftovers:
        console.print(f"  {relative(leftover.path, store.root)}  {size_words(leftover.bytes)}", highlight=False)
    total = size_words(sum(leftover.bytes for leftover in leftovers))
    console.print(f"{total} in {len(leftovers)} results {'would be' if dry_run else ''} removed.".replace("  ", " "))


@app.command()
def retry(path: Analysis) -> None:
    """Retry the last failed run of an analysis on the server, with the overrides that it had.

    The stages that it had completed are cached, the failed one runs.
    """
    settings = read_settings(path)
    _require_server()
    from flows.server.retry import retry_last_failure

    name = retry_last_failure(settings.analysis_path)
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


@app.command()
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


@app.command()
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
        if not action(_say) and stop:
            _say("No `topicloom serve` runs here.")
        return
    _make_demo()
    serving.serve(host, port, _say)


def _say(line: str) -> None:
    console.print(escape(line), soft_wrap=True, highlight=False)


def _make_demo() -> None:
    """Make the demo project where a config names it."""
    from flows.configs import all_configs, configs_folder

    demo = configs_folder().resolve().parent / "demo"
    if any(named.root.resolve() == demo for named in all_configs()):
        try:
            make_demo_project(demo)
        except InputError as error:
            show_error(str(error))


@app.command()
def server(
    host: Annotated[str, typer.Option(help="Address that the server listens on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port that the server listens on.")] = 4200,
) -> None:
    """Start a Prefect server alone, with the files of the projects beside it; a group's server runs so."""
    prepare_prefect()
    from flows.server.app import run_server

    run_server(host, port)


def _settled(path: Path) -> Settings:
    """The settings of an analysis, after an export that a kill has cut short is carried out to its end."""
    settings = read_settings(path)
    settle_export(settings)
    return settings


def _version(wanted: bool) -> None:
    if wanted:
        console.print(f"topicloom {__version__}")
        raise typer.Exit


register_door(app, lambda analysis, quick: _run(analysis, None, quick=quick, verbose=False))


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Options of every command."""


def main() -> None:
    """Entry point of `topicloom`: errors become one message and an exit code."""
    make_lenient()
    try:
        app()
    except (InputError, ThreadsError) as error:
        show_error(str(error))
        sys.exit(BAD_INPUT)
    except TopicloomError as error:
        show_error(f"{type(error).__name__}: {error}")
        sys.exit(FAILED)
    except Exception as error:
        if "--verbose" in sys.argv or "-v" in sys.argv:
            raise
        show_error(_failure(error))
        sys.exit(FAILED)


def _no_answer(server: ConfiguredServer) -> str:
    if server.source == "PREFECT_API_URL":
        return (
            f"No Prefect server answers at PREFECT_API_URL={server.url}.\n"
            "  Start it, or unset PREFECT_API_URL to run without one."
        )
    return (
        f"No Prefect server answers at {server.url}, which {server.source} names.\n"
        "  Start it, or run without one: PREFECT_API_URL= topicloom run PATH.\n"
        "  A profile is left for good by: prefect profile use ephemeral."
    )


def _failure(error: Exception) -> str:
    server = configured_server()
    if server is not None and ("Failed to reach API" in str(error) or "connect" in type(error).__name__.lower()):
        return _no_answer(server)
    return f"The run failed: {type(error).__name__}: {error}\n  Run again with --verbose for the whole story."
