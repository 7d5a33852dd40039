"""Arguments and options that several commands have, and what they do with them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer
from rich.markup import escape

from flows.console.display import console
from topicloom.settings.reading import read_settings
from topicloom.settings.schema import Settings
from topicloom.stage_names import STAGE_NAMES
from topicloom.store.run_record import settle_export
from topicloom.store.sharing import local

FAILED, BAD_INPUT = 1, 2  # exit codes


def brought(path: Path) -> Path:
    """The folder on this machine that a path or an address stands for."""
    return local(path)


_HELP = "Analysis folder, or a settings file; also its address, such as s3://BUCKET/PREFIX/PROJECT/ANALYSIS."
# Of a command that looks: an address is brought to this machine first.
Analysis = Annotated[Path, typer.Argument(metavar="PATH", help=_HELP, callback=brought)]
# Of a command that has a flow run: the flow brings it.
AnalysisOfRun = Annotated[Path, typer.Argument(metavar="PATH", help=_HELP)]
Refresh = Annotated[
    Optional[str],  # noqa: UP045  # typer reads it at run time
    typer.Option(metavar="STAGE", help=f"Compute this stage and those after it again: {', '.join(STAGE_NAMES)}."),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show the whole log, and tracebacks.")]
Quick = Annotated[
    bool,
    typer.Option(
        "--quick",
        help="A first look: missing embeddings of the words of the texts, in seconds; a run without it is the map.",
    ),
]


def settled(path: Path) -> Settings:
    """The settings of an analysis, after an export that a kill has cut short is carried out to its end."""
    settings = read_settings(path)
    settle_export(settings)
    return settings


def say(line: str) -> None:
    """Print a line as it is, however long."""
    console.print(escape(line), soft_wrap=True, highlight=False)
