"""What an import did, in about ten lines for a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from topicloom.intake.accounts import Account
from topicloom.intake.file_names import DUPLICATES, FILTERED, REFUSED, SOURCES
from topicloom.intake.project import Imported
from topicloom.intake.record import Refused
from topicloom.intake.settings_file import LEAST_OF_A_MAP
from topicloom.phrasing import number_of

_SHOWN = 12  # files of one message
_REFUSALS_SHOWN = 2  # of one file
_MANY = 0.3  # share of the papers


def told(made: Imported, shown: Callable[[Path], str] = str) -> Iterator[str]:
    """Files and their records, the flow of records, and where a person looks next.

    shown: how a path is written.
    """
    account, last = made.account, made.account.imports[-1]
    read = {file.name: file for file in made.files}
    for file in last.files[:_SHOWN]:
        refused = f", {file.refused} refused" if file.refused else ""
        yield f"  {file.name}: {file.format}, {number_of(file.records, 'record')}{refused}"
        yield from (f"    {note}" for note in file.notes)
        yield from _told_refusals(read[file.name].refused if file.name in read else [])
    if len(last.files) > _SHOWN:
        yield f"  and {number_of(len(last.files) - _SHOWN, 'more file')}"
    yield from account.flow
    yield f"The exports are kept as they came, as copies, in {shown(made.project / FILTERED / SOURCES)}."
    yield f"Without abstract: {account.without_abstract}; without year: {account.without_year}"
    yield from _told_gaps(account)
    if last.refused:
        yield f"What was refused, and why, is in {shown(made.project / FILTERED / REFUSED)}."
    if account.duplicates:
        yield f"Look through {shown(made.project / FILTERED / DUPLICATES)}: a merge that is wrong is undone there."


def _told_refusals(refused: Sequence[Refused]) -> Iterator[str]:
    """The first pieces of a file that are no record."""
    for piece in refused[:_REFUSALS_SHOWN]:
        yield f"    refused, line {piece.line}: {piece.reason}"


def _told_gaps(account: Account) -> Iterator[str]:
    """What is missing so often that a map suffers, and what to do about it."""
    titled = account.kept - account.without_text
    bare = account.without_abstract - account.without_text
    if titled and bare > _MANY * titled:
        yield (
            f"{bare} of {number_of(titled, 'paper')} in the map {'has' if bare == 1 else 'have'} a title alone, which "
            "says little of a topic. Where the database has abstracts, export them too (docs/importing.md)."
        )
    if account.kept and account.without_year > _MANY * account.kept:
        yield (
            "Papers without a year are in no trend: export full records, or name the column of years by --columns "
            "year=NAME."
        )
    if too_few(account):
        yield (
            f"A map needs at least {LEAST_OF_A_MAP} papers with a title or an abstract, and the project has {titled}: "
            f"bring {LEAST_OF_A_MAP - titled} or more in by topicloom add."
        )


def too_few(account: Account) -> bool:
    """Whether a project has too few papers for a map under the settings that it is made with."""
    return account.kept - account.without_text < LEAST_OF_A_MAP
