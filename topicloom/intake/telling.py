"""What an import did, in about ten lines for a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from topicloom.intake.file_names import DUPLICATES, FILTERED, SOURCES
from topicloom.intake.project import Imported

_SHOWN = 12  # files of one message


def told(made: Imported, shown: Callable[[Path], str] = str) -> Iterator[str]:
    """Files and their records, the flow of records, and where a person looks next.

    shown: how a path is written.
    """
    account, last = made.account, made.account.imports[-1]
    for file in last.files[:_SHOWN]:
        refused = f", {file.refused} refused" if file.refused else ""
        yield f"  {file.name}: {file.format}, {file.records} records{refused}"
        yield from (f"    {note}" for note in file.notes)
    if len(last.files) > _SHOWN:
        yield f"  and {len(last.files) - _SHOWN} more files"
    yield from account.flow
    yield f"The exports are kept as they came, as copies, in {shown(made.project / FILTERED / SOURCES)}."
    yield f"Without abstract: {account.without_abstract}; without year: {account.without_year}"
    if account.duplicates:
        yield f"Look through {shown(made.project / FILTERED / DUPLICATES)}: a merge that is wrong is undone there."
