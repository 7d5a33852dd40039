"""What a person has decided about merges, read from duplicates.csv; it holds for good."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from topicloom.errors import InputError, Problem, shown
from topicloom.inputs.csv_rows import delimiter_of, read_rows
from topicloom.intake.identity import NAMING, name_of
from topicloom.store.csv_tables import unescaped

LISTING = (
    *("kept_file", "kept_record", "kept_UT", "merged_file", "merged_record", "merged_UT"),
    *("title", "reason", "score", "merge"),
)
_WORDS = {"yes": True, "y": True, "true": True, "1": True, "no": False, "n": False, "false": False, "0": False}
Identity = tuple[str, ...]


@dataclass(frozen=True)
class Places:
    """Decided pairs as places of rows, smaller first."""

    together: set[tuple[int, int]]
    apart: set[tuple[int, int]]


@dataclass(frozen=True)
class Decisions:
    """rows: the rows of duplicates.csv as they were read, each with all columns of LISTING."""

    rows: tuple[Mapping[str, str], ...] = field(default=())

    def places(self, table: pd.DataFrame, papers: int = 0) -> Places:
        """The decisions on rows of a table; a "no" on a pair is stronger than a "yes".

        papers: how many rows, the first ones, are papers that have been told apart before.
        """
        known = places_by_identity(table) if self.rows else {}
        together, apart = set[tuple[int, int]](), set[tuple[int, int]]()
        for row in self.rows:
            sides = (_meant(known, row, side, papers) for side in ("kept", "merged"))
            pairs = {(min(pair), max(pair)) for pair in itertools.product(*sides) if pair[0] != pair[1]}
            (together if merges(row) else apart).update(pairs)
        return Places(together - apart, apart)


def merges(row: Mapping[str, str]) -> bool:
    """Whether a row of duplicates.csv says that its records are one paper; blank is yes."""
    return _WORDS.get(row["merge"].strip().lower() or "yes", True)


def _meant(known: Mapping[Identity, list[int]], row: Mapping[str, str], side: str, papers: int) -> set[int]:
    """The places that a side of a row means: that of its record, and those of later exports of it, by its UT.

    Where the row says which record it means, a paper of the project that has its UT is another one.
    """
    place = _identity("", row[f"{side}_file"], row[f"{side}_record"])
    named = known.get(row_identity(row, side), [])
    return {*known.get(place, []), *(at for at in named if at >= papers or not all(place))}


def row_identity(row: Mapping[str, str], side: str) -> Identity:
    """Which record a row of duplicates.csv means. side: "kept" or "merged".

    Two records of one UT are known by their files and numbers: their UT would name the same record twice.
    """
    if row["kept_UT"].strip() == row["merged_UT"].strip():
        return _identity("", row[f"{side}_file"], row[f"{side}_record"])
    return _identity(row[f"{side}_UT"], row[f"{side}_file"], row[f"{side}_record"])


def places_by_identity(table: pd.DataFrame) -> dict[Identity, list[int]]:
    """The rows of each record: by the UT that it has or would get, as a later export of it has, and by its place."""
    columns = {name: table[name].fillna("").astype(str) for name in ("file", "record", *NAMING) if name in table}
    known = dict[Identity, list[int]]()
    for place, values in enumerate(zip(*columns.values(), strict=True)):
        row = dict(zip(columns, values, strict=True))
        file, record = row.get("file", ""), row.get("record", "")
        for identity in {_identity(name_of(row), file, record), _identity("", file, record)}:
            known.setdefault(identity, []).append(place)
    known.pop(_identity("", "", ""), None)
    return known


def _identity(accession: str, file: str, record: str) -> Identity:
    return ("UT", accession.strip()) if accession.strip() else (file.strip(), record.strip())


def read_decisions(path: Path) -> Decisions:
    """Read duplicates.csv; no file is no decision.

    Raises:
        InputError: A column is missing, or `merge` is neither yes nor no.
    """
    if not path.exists():
        return Decisions()
    columns = read_rows(path, InputError, delimiter=delimiter_of(path, InputError))
    missing = [name for name in LISTING if name not in columns.columns and name not in ("title", "reason", "score")]
    if missing:
        finding = f"The columns {', '.join(missing)} are missing."
        raise InputError(path, Problem(finding, f"The columns are {', '.join(LISTING)}."))
    blank = [""] * len(columns.lines)
    values = [[unescaped(value) for value in columns.columns.get(name, blank)] for name in LISTING]
    rows = tuple(dict(zip(LISTING, row, strict=True)) for row in zip(*values, strict=True))
    problems = [problem for line, row in zip(columns.lines, rows, strict=True) for problem in _problems(line, row)]
    if problems:
        raise InputError(path, problems)
    return Decisions(rows)


def _problems(line: int, row: Mapping[str, str]) -> list[Problem]:
    found = []
    if (row["merge"].strip().lower() or "yes") not in _WORDS:
        found.append(Problem(f"Line {line}: merge is {shown(row['merge'])}; yes or no is allowed.", "Write yes or no."))
    for side in ("kept", "merged"):
        if not any(row_identity(row, side)) or row_identity(row, side)[-1] == "":
            mend = f"Give {side}_UT, or {side}_file and {side}_record."
            found.append(Problem(f"Line {line}: it does not say which record is {side}.", mend))
    return found
