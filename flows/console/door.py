"""Commands that make a project from exports, and bring later exports into it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from flows.console.arguments import BAD_INPUT, Quick, say
from flows.console.display import counted, relative, show_notes
from flows.console.running import run_analysis
from topicloom.errors import Problem
from topicloom.intake.tables.layout import tag_of, words_for_columns
from topicloom.phrasing import number_of
from topicloom.remote.address import AddressError, address_of, is_address

if TYPE_CHECKING:
    from topicloom.intake.project import Imported


def _folder(path: Path) -> Path:
    if is_address(path):
        raise AddressError(
            str(address_of(path)),
            Problem(
                "Exports are read into a project in a folder.",
                "Make it in a folder, or bring it back there by `topicloom move`; then move it into the store.",
            ),
        )
    return path


Project = Annotated[Path, typer.Argument(metavar="ROOT/PROJECT", help="Folder of the project.", callback=_folder)]
Exports = Annotated[
    list[str],
    typer.Argument(
        metavar="EXPORT...",
        help="Files that databases gave: Web of Science, Scopus, PubMed, OpenAlex, RIS, BibTeX, CSV and others; also "
        "folders, patterns, .zip and .gz.",
    ),
]
Columns = Annotated[
    Optional[str],  # noqa: UP045  # typer reads it at run time
    typer.Option(
        metavar="title=NAME,abstract=NAME,...",
        help=f"Columns of a table that no database wrote: {', '.join(words_for_columns())}.",
    ),
]
Model = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(metavar="NAME", help="Model that embeds the texts: a name, or a folder; a small one when left out."),
]


def new(
    project: Project,
    exports: Exports,
    columns: Columns = None,
    model: Model = None,
    go_on: Annotated[bool, typer.Option("--run", help="Compute the map at once.")] = False,
    quick: Quick = False,
) -> None:
    """Make a project from exports of bibliographic databases."""
    from topicloom.intake.project import new_project
    from topicloom.intake.telling import too_few

    with counted():
        made = new_project(project, exports, columns_of(columns), model, for_map=go_on)
    show_import(made, model)
    if go_on:
        run_analysis(made.analysis, None, quick=quick, verbose=False)
        say(f"The map: {_shown(made.analysis / 'report.html')}")
    elif too_few(made.account):
        say(f"Next: topicloom add {_typed(made.project)} EXPORT...")
    else:
        say(f"Next: topicloom run {'--quick ' if quick else ''}{_typed(made.analysis)}")


def add(
    project: Project,
    exports: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(metavar="[EXPORT...]", help="As for new; without any, duplicates.csv is looked at again."),
    ] = None,
    columns: Columns = None,
    go_on: Annotated[bool, typer.Option("--run", help="Compute the map anew at once.")] = False,
    quick: Quick = False,
) -> None:
    """Bring later exports into a project: new papers, updates of known ones, and what duplicates.csv decides."""
    from topicloom.intake.later import add_exports
    from topicloom.intake.telling import too_few

    with counted():
        made = add_exports(project, exports or [], columns_of(columns))
    _show_addition(made)
    if too_few(made.account):
        if go_on:
            raise typer.Exit(BAD_INPUT)
    elif go_on and made.changed:
        run_analysis(made.analysis, None, quick=quick, verbose=False)
        say(f"What changed: topicloom diff {_typed(made.analysis)}")
    elif made.changed:
        say(f"Next: topicloom run {_typed(made.analysis)}")


def _show_addition(made: Imported) -> None:
    for name in made.again:
        say(f"  {name}: the project has read it before; it is left out")
    show_import(made, None)
    last = made.account.imports[-1]
    if made.changed:
        say(f"New papers: {last.added}; known papers of which more is known now: {last.updated}")
        if last.undone or last.joined:
            undone, joined = number_of(last.undone, "merge"), number_of(last.joined, "paper")
            say(f"As duplicates.csv says: {undone} undone, {joined} joined with another")
    else:
        say("Nothing has changed: the project has all of these papers.")


def columns_of(text: str | None) -> dict[str, str]:
    """Names of columns as a person gives them, by the word for the field."""
    found: dict[str, str] = {}
    for pair in (text or "").split(","):
        word, _, name = pair.partition("=")
        if not pair.strip():
            continue
        try:
            tag_of(word.strip())
        except KeyError:
            known = ", ".join(words_for_columns())
            raise typer.BadParameter(f"{word.strip()!r} is none of {known}.", param_hint="--columns") from None
        if not name.strip():
            raise typer.BadParameter(f"{pair.strip()!r} names no column.", param_hint="--columns")
        found[word.strip()] = name.strip()
    return found


def show_import(made: Imported, model: str | None) -> None:
    """Say what an import did, in about ten lines."""
    from topicloom.intake.settings_file import language_note
    from topicloom.intake.telling import told

    for line in told(made, _shown):
        say(line)
    other = language_note(made.account.languages, model)
    show_notes([other] if other else [])


def _shown(path: Path) -> str:
    return relative(path, Path.cwd())


def _typed(path: Path) -> str:
    """A path as it can be typed into a shell."""
    shown = _shown(path)
    return shlex.quote(f"./{shown}" if shown.startswith("-") else shown)
