"""A record as it is compared: every field in one spelling."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from topicloom.intake.duplicates import identifiers, locations, people
from topicloom.intake.duplicates.wording import Title, folded, journal_of, title_of

if TYPE_CHECKING:
    import pandas as pd

_FIELDS = ("UT", "DI", "PM", "TI", "AU", "PY", "SO", "VL", "IS", "BP", "EP", "AB", "file", "record")


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
    return [_compared(dict(zip(_FIELDS, row, strict=True))) for row in _rows(table)]


def _rows(table: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    blank = [""] * len(table)
    columns = [table[name].fillna("").astype(str).tolist() if name in table else blank for name in _FIELDS]
    return zip(*columns, strict=True)


def _compared(fields: dict[str, str]) -> Compared:
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
