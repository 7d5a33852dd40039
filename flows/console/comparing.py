"""Commands that compare: analyses, runs of one analysis, and settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer
from rich.markup import escape

from flows.console.arguments import Analysis, Verbose, brought, settled
from flows.console.display import console, shown
from flows.console.environment import prepare_prefect
from flows.console.signals import end_at_signals
from flows.console.temporary_server import server_for_a_sweep
from topicloom.phrasing import number_of
from topicloom.settings.checks import require_writable
from topicloom.settings.reading import read_settings


def compare(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH PATH ...", help="Analysis folders that have been run.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write into.")] = Path("comparison"),
) -> None:
    """Hold the topics of several analyses against each other: heatmaps, Sankey diagrams, a table."""
    from topicloom.comparison.writing import write_comparison

    files = write_comparison([settled(brought(path)) for path in paths], out)
    for name in files:
        console.print(f"  {escape(str(out / name))}", highlight=False, soft_wrap=True)


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

    settings = settled(path)
    if runs is not None and len(runs) not in (0, 2):
        raise typer.BadParameter(
            f"{number_of(len(runs), 'run is', 'runs are')} given; give two, or none for the last two.", param_hint="RUN"
        )
    if not runs:
        console.print(last_run_line(settings), highlight=False)
    found = chosen_differences(settings, runs or [])
    if found:
        console.print(Markdown(as_markdown(found)))
        escapes = settings.tmo.export.escape_formulas
        for name in write_differences(found, out, escape_formulas=escapes) if out else ():
            console.print(f"  {escape(str((out or Path()) / name))}", highlight=False, soft_wrap=True)


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
    console.print(f"{settings.label}: {number_of(len(chosen), 'combination')}.", highlight=False)
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
