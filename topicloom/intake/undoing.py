"""Merges that a person has undone: their records are papers again, and papers lose what they had from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from topicloom.errors import Problem
from topicloom.intake.accounts import Account
from topicloom.intake.dataset import FILE, RECORD, records_table
from topicloom.intake.duplicates import OWN, read_decisions
from topicloom.intake.duplicates.decisions import merges
from topicloom.intake.file_names import DUPLICATES, FILTERED, SOURCES
from topicloom.intake.reading import read_exports
from topicloom.intake.record import IntakeError
from topicloom.intake.sources import given_files

Place = tuple[str, str]  # file and number of a record
_Rows = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Undone:
    """What a project has once merges are undone.

    papers: those of the project, in their order, without what they had from records that are theirs no more.
    back: records read again: those that were merged into such papers, some of which are merged anew.
    lessened: the UT of those papers. gone: the records that no paper has anything from any more.
    """

    papers: pd.DataFrame
    back: pd.DataFrame
    lessened: frozenset[str] = field(default=frozenset())
    gone: frozenset[Place] = field(default=frozenset())


def undo(project: Path, papers: pd.DataFrame, account: Account, scratch: Path) -> Undone:
    """Undo what a person has undone in duplicates.csv.

    Args:
        project: Its folder.
        papers: Of the project, as `records_table` has them, under the UT that they go by.
        account: Of its imports.
        scratch: An empty folder for what is unpacked.

    Raises:
        InputError: for a duplicates.csv that cannot be used, and for exports that are kept no more.
    """
    rows = read_decisions(project / FILTERED / DUPLICATES).rows
    here = dict(zip(places_of(papers), range(len(papers)), strict=True))
    merged = {place for place, _ in _pairs(rows, merged=True)}  # with another paper, once it came back
    undone = [(place, kept) for place, kept in _pairs(rows, merged=False) if place not in here and place not in merged]
    if not undone:
        return Undone(papers, papers.iloc[:0])
    homes = _homes(rows, here)
    gone = {place for place, _ in undone}
    lost = [(place, homes.get(kept, kept)) for place, kept in undone]
    losers = {home for _, home in lost if home in here}
    had = {place for place, home in homes.items() if home in losers}
    read = _read_again(project, account, gone | had | losers, scratch)
    missing = sorted(gone - set(read))
    if missing:
        raise IntakeError(project / FILTERED / DUPLICATES, [_not_kept(place) for place in missing])
    lessened = papers.reset_index(drop=True)
    for place, home in lost:
        if home in here and home in read:
            _take_back(lessened, here[home], read[home], read[place])
    back = pd.DataFrame([read[place] for place in read if place in gone or place in had], dtype=object)
    names = papers["UT"].iloc[[here[home] for home in losers]]
    return Undone(lessened, back, frozenset(names), frozenset(gone))


def places_of(table: pd.DataFrame) -> list[Place]:
    """File and number of the record of each row."""
    return list(zip(table[FILE], table[RECORD], strict=True))


def _pairs(rows: _Rows, *, merged: bool) -> Iterable[tuple[Place, Place]]:
    """Merged and kept record of the rows that say that they are one, or two."""
    for row in rows:
        place, kept = ((row[f"{side}_file"], row[f"{side}_record"]) for side in ("merged", "kept"))
        if merges(row) is merged and all(place):
            yield place, kept


def _homes(rows: _Rows, here: Mapping[Place, object]) -> dict[Place, Place]:
    """The paper of the project that each merged record became part of, also through others."""
    kept_by = dict(_pairs(rows, merged=True))
    homes = {}
    for place in kept_by:
        home, seen = place, set[Place]()
        while home not in here and home in kept_by and home not in seen:
            seen.add(home)
            home = kept_by[home]
        if home in here and home != place:
            homes[place] = home
    return homes


def _read_again(project: Path, account: Account, wanted: Set[Place], scratch: Path) -> dict[Place, dict[str, str]]:
    """Records by file and number, as the kept exports have them."""
    columns = {file.name: file.columns for one in account.imports for file in one.files}
    names = {file for file, _ in wanted}
    sources = [project / FILTERED / SOURCES / name for name in sorted({name.partition("/")[0] for name in names})]
    given = given_files([source for source in sources if source.is_file()], scratch, {})
    given.exports[:] = [export for export in given.exports if export.name in names]
    for export in given.exports:
        export.columns = dict(columns.get(export.name, {}))
    table = records_table(read_exports(given, project), Counter())
    found = dict(zip(places_of(table), table.to_dict("records"), strict=True))
    return {place: {str(name): text for name, text in row.items()} for place, row in found.items() if place in wanted}


def _take_back(papers: pd.DataFrame, at: int, own: Mapping[str, str], other: Mapping[str, str]) -> None:
    """Give a paper its own fields again where it has those of another record; what a person has changed stays."""
    for name in papers.columns:
        if name not in OWN and other.get(name) and papers.at[at, name] == other[name] != own.get(name, ""):
            papers.at[at, name] = own.get(name, "")


def _not_kept(place: Place) -> Problem:
    file, record = place
    return Problem(
        f"It undoes the merge of record {record} of {file}, which is not among the kept exports.",
        f"Put {file.partition('/')[0]} back into {FILTERED}/{SOURCES}, or correct the row.",
    )
