"""A record as it is compared: every field in one spelling."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from topicloom.intake.duplicates import identifiers, locations, people
from topicloom.intake.duplicates.wording import Title, folded, journal_of, title_of

_FIELDS = ("UT", "DI", "PM", "TI", "AU", "PY", "SO", "VL", "IS", "BP", "EP", "AB", "file", "record")

Columns = Mapping[str, Sequence[object]]  # a table's values by column: a look-up in it costs far less than in pandas
_RETURNS = 3  # issues, or volumes of as many years, in which one title by one author stands
_MOST_ISSUES = 53  # of a volume: a weekly's


@dataclass(frozen=True, slots=True)
class Compared:
    """One record. year: 0 where not known. content: a digest of its fields, by which ties are broken in any order."""

    doi: str
    pmid: str
    accession: str
    title: Title
    authors: tuple[str, ...]
    author_words: frozenset[str]
    year: int
    journal: tuple[str, ...]
    volume: str
    issue: str
    first_page: str
    last_page: str
    abstract: str
    preprint: bool
    content: str


def compared(table: pd.DataFrame) -> list[Compared]:
    """The rows of a table, in their order. Columns that it does not have are taken as blank."""
    columns = texts_of(table)
    return [compared_record(dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]


def with_columns(records: Sequence[Compared]) -> list[Compared]:
    """The records, with titles that return year after year ("Remarks from the editor") as titles that name no paper."""
    volumes, issues = defaultdict[tuple[str, ...], set[object]](set), defaultdict[tuple[str, ...], set[object]](set)
    for record in records:
        if record.title.key and record.volume and record.year:
            volumes[_column(record)].add((record.year, record.volume))
        if record.title.key and record.volume and _is_issue(record.issue):
            # One first page under several issues is one paper, whose issue is a slip.
            issues[_column(record)].add(record.first_page or (record.volume, record.issue))
    columns = {column for seen in (volumes, issues) for column, found in seen.items() if len(found) >= _RETURNS}
    return [as_column(record) if _column(record) in columns else record for record in records]


def _is_issue(issue: str) -> bool:
    """Whether it can be an issue of a volume: databases put numbers of records there, too."""
    return issue.isdigit() and int(issue) <= _MOST_ISSUES


def as_column(record: Compared) -> Compared:
    """The record with a title that names no one paper."""
    return replace(record, title=replace(record.title, generic=True))


def _column(record: Compared) -> tuple[str, ...]:
    return record.title.key, *record.authors[:1]


def texts_of(table: pd.DataFrame) -> dict[str, list[str]]:
    """The columns that are compared, as texts."""
    blank = [""] * len(table)
    return {name: table[name].fillna("").astype(str).tolist() if name in table else blank for name in _FIELDS}


def compared_record(fields: Mapping[str, str]) -> Compared:
    """One record. fields: all columns of `texts_of`, in their order."""
    doi = identifiers.doi(fields["DI"])
    first, last = locations.pages(fields["BP"], fields["EP"])
    year = fields["PY"].strip()[:4]
    return Compared(
        doi=doi,
        pmid=identifiers.pmid(fields["PM"]),
        accession=identifiers.accession(fields["UT"]),
        title=title_of(fields["TI"]),
        authors=people.surnames(fields["AU"]),
        author_words=people.long_words(fields["AU"]),
        year=int(year) if year.isdecimal() else 0,
        journal=journal_of(fields["SO"]),
        volume="" if fields["VL"] == fields["PY"] else locations.plain(fields["VL"]),
        issue=locations.plain(fields["IS"]),
        first_page=first,
        last_page=last,
        abstract=folded(fields["AB"][:400]),
        preprint=identifiers.is_preprint(doi, folded(fields["SO"])),
        content=hashlib.blake2b("\0".join(fields.values()).encode("utf-8", "replace"), digest_size=16).hexdigest(),
    )
