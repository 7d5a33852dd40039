"""What the command line shows: the stages as they pass, and tables."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from flows.console.environment import quiet_console
from flows.console.streams import has_all_letters
from topicloom.progress import Ended, Event, Pace, Part, Started, listening
from topicloom.stages.status import CACHED, StageStatus
from topicloom.store.sharing import shown_place

if TYPE_CHECKING:
    from flows.run_report import RunReport

# Bound to the real streams: what a library prints while a stage runs is led elsewhere.
console = Console(file=sys.stdout, highlight=False)
errors = Console(file=sys.stderr, highlight=False)


@contextlib.contextmanager
def stages_shown() -> Iterator[None]:
    """Show each stage while it runs and a line when it is over; a bar where its work can be counted."""
    columns = (
        SpinnerColumn("dots" if has_all_letters(console.encoding) else "line"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
    )
    progress = Progress(*columns, console=console, transient=True)
    line = progress.add_task("starting", total=None, count="")
    pace = Pace()
    begun: dict[str, float] = {}  # of the stages that run now, several at a time

    def listener(event: Event) -> None:
        match event:
            case Started(stage):
                begun[stage] = monotonic()
                progress.reset(line, description=", ".join(begun), total=None, count="")
            case Ended(stage, "failed"):
                begun.pop(stage, None)
                progress.print(f"  [red]✗[/] {stage:<16} failed")
                progress.update(line, description=", ".join(begun) or stage)
            case Ended(stage, status):
                seconds = monotonic() - begun.pop(stage, monotonic())
                shown = "[dim]cached[/]" if status == "cached" else f"computed in {seconds:.1f} s"
                progress.print(f"  [green]✓[/] {stage:<16} {shown}")
                progress.update(line, description=", ".join(begun) or stage)
            case Part(what, done, total):
                left = pace.left(what, done, total)
                count = f"{what}: {done} of {total}{left and f', {left}'}"
                progress.update(line, total=total, completed=done, count=count)

    with progress, listening(listener):
        yield


@contextlib.contextmanager
def counted() -> Iterator[None]:
    """Show a bar while work that counts its pieces goes on."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn())
    progress = Progress(*columns, console=console, transient=True)
    line = progress.add_task("", total=None)

    def listener(event: Event) -> None:
        if isinstance(event, Part):
            progress.update(line, description=event.what, completed=event.done, total=event.total)

    with progress, listening(listener):
        yield


@contextlib.contextmanager
def listed() -> Iterator[None]:
    """Print each piece of work as a line, for work whose pieces take long."""

    def listener(event: Event) -> None:
        if isinstance(event, Part):
            console.print(f"  {event.done} of {event.total}  {event.what}", highlight=False)

    with listening(listener):
        yield


@contextlib.contextmanager
def shown(*, verbose: bool) -> Iterator[None]:
    """Show a flow on the terminal: stage by stage, or with the whole log."""
    if verbose:
        yield
        return
    quiet_console()
    with stages_shown():
        yield


def show_report(report: RunReport, seconds: float) -> None:
    """The table at the end of a run."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("topics", str(report.topics))
    table.add_row("outliers", f"{report.outliers} of {report.documents} papers ({report.outlier_share:.1%})")
    table.add_row("changes", escape(report.changes))
    table.add_row("cached", ", ".join(report.cached) or "none")
    table.add_row("computed", ", ".join(report.computed) or "none: nothing has changed since the last run")
    table.add_row("seconds", f"{seconds:.1f}")
    place = shown_place(report.folder)
    table.add_row("files", escape(place))
    if place != str(report.folder):
        table.add_row("here", escape(str(report.folder)))
    console.print(table)
    show_notes(report.notes)


def show_notes(notes: Sequence[str]) -> None:
    """Remarks, one a line."""
    for note in notes:
        console.print(f"[yellow]note[/] {escape(note)}")


def show_status(label: str, statuses: Sequence[StageStatus]) -> None:
    """The table of `topicloom status`; it names machines where not all of it was computed on one."""
    table = Table(title=escape(label), title_justify="left", box=None, padding=(0, 2, 0, 0))
    several = len({status.host for status in statuses if status.host}) > 1
    headings = ("stage", "state", "computed", "took", "size", *(["on"] if several else []))
    for heading in headings:
        table.add_column(heading, justify="right" if heading in ("took", "size") else "left", no_wrap=True)
    table.add_column("why", overflow="fold")
    colours = {CACHED: "green", "stale": "yellow", "missing": "red"}
    for status in statuses:
        table.add_row(
            status.stage,
            f"[{colours[status.state]}]{status.state}[/]",
            local_time(status.ended),
            "" if status.seconds is None else f"{status.seconds:.1f} s",
            "" if status.bytes is None else size_words(status.bytes),
            *([escape(status.host)] if several else []),
            escape(status.why),
        )
    console.print(table)


def show_error(text: str) -> None:
    """An error, on the error stream."""
    errors.print(f"[red]{escape(text)}[/]", soft_wrap=True)


def local_time(moment: str) -> str:
    """An ISO time in the reader's time zone, to the minute."""
    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M}" if moment else ""


def size_words(size: float) -> str:
    """Bytes in the largest fitting unit."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def relative(path: Path, base: Path) -> str:
    """A path as seen from a folder above it."""
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else str(path)
