"""RIS, as Scopus, Ovid, Embase, ProQuest, EndNote, Zotero, Mendeley and others write it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from topicloom.inputs.papers import read_doi
from topicloom.intake.readers.tagged import Tagged, Tagging, tagged_records
from topicloom.intake.record import DATABASE, Export, Opening, Piece, Reader, joined, piece

_TAG = re.compile(r"\s?(?P<tag>[A-Z][A-Z0-9]) {1,2}-(?: (?P<value>.*)|\s*$)")
_STRICT = re.compile(r"\s?(?P<tag>[A-Z][A-Z0-9]) {2}-(?: ?(?P<value>.*)|\s*$)")
_BEGINNING = re.compile(r"^\s?TY {1,2}- ?\S", re.MULTILINE)
_TWO_SPACES = re.compile(r"^\s?TY {2}-", re.MULTILINE)
_EID = re.compile(r"\b2-s2\.0-\d+")
_PMID = re.compile(r"\d{1,8}")
_WOS = re.compile(r"(?:WOS|MEDLINE|BCI|INSPEC|KJD|SCIELO|CCC|RSCI|PPRN):\S+")
_TITLES, _SOURCES = ("TI", "T1", "CT"), ("JF", "T2", "JO", "BT", "JA", "J2", "T3")
_PEOPLE, _ABSTRACTS, _YEARS = ("AU", "A1"), ("AB", "N2"), ("PY", "Y1", "DA", "YR")
_KINDS = {"JOUR": "J", "JFULL": "J", "MGZN": "J", "BOOK": "B", "CHAP": "B", "EBOOK": "B", "CONF": "C", "CPAPER": "C"}
_DIRECT = {
    **{"VL": ("VL", "VO"), "IS": ("IS",), "LA": ("LA",), "PU": ("PB",), "PI": ("CY",), "AR": ("C7",)},
    **{"J9": ("JA", "J2"), "DT": ("M3",)},
}
_MAPPED = frozenset(
    ["TY", *_TITLES, *_SOURCES, *_PEOPLE, *_ABSTRACTS, *_YEARS, "A2", "ED", "KW", "SN", "SP", "EP", "AD", "DO"]
) | frozenset(tag for tags in _DIRECT.values() for tag in tags)
_CITED = re.compile(r"(?:Cited By|Times Cited)\s*:?\s*(\d+)", re.IGNORECASE)


def _knows(opening: Opening) -> bool:
    return bool(_BEGINNING.search(opening.text))


def _read(export: Export) -> Iterator[Piece]:
    with export.open() as file:
        pattern = _STRICT if _TWO_SPACES.search(file.read(1 << 16)) else _TAG
    tagging = Tagging("RIS", pattern, frozenset({"TY"}), end="ER")
    for record in tagged_records((line.lstrip("\ufeff") for line in export.lines()), tagging):
        if record.begun or record.first(*_TITLES, *_ABSTRACTS):  # Ovid writes fields of its own after a record's end
            yield piece(record.line, _fields(record))


def _fields(record: Tagged) -> list[tuple[str, str]]:
    kind = record.first("TY")
    begin, end = _pages(record)
    fields = [
        ("PT", _KINDS.get(kind, "")),
        ("TI", record.first(*_TITLES) or record.first("BT" if kind == "BOOK" else "ST")),
        ("AU", joined(record.values(*_PEOPLE))),
        ("BE", joined(record.values("A2", "ED"))),
        ("SO", record.first(*_SOURCES)),
        ("AB", max(record.values(*_ABSTRACTS), key=len, default="")),
        ("PY", record.first(*_YEARS)),
        ("DE", joined(line for line in record.lines("KW"))),
        ("SN", record.first("SN")),
        ("C1", joined(record.lines("AD"))),
        *[("BP", begin), ("EP", end), ("DI", _doi(record))],
        *[(wos, record.first(*tags)) for wos, tags in _DIRECT.items()],
        ("TC", _cited(record)),
        *_identity(record),
    ]
    own = [(f"RIS_{tag}", joined(record.values(tag))) for tag in record.tags if tag not in _MAPPED]
    return [pair for pair in [*fields, *own] if pair[1]]


def _pages(record: Tagged) -> tuple[str, str]:
    """First and last page; some give both in SP."""
    begin, end = record.first("SP"), record.first("EP")
    if not end and begin.count("-") == 1:
        begin, _, end = begin.partition("-")
    return begin, end


def _doi(record: Tagged) -> str:
    places = record.values("DO", "DI", "L3", "M3", "UR", "L2", "N1")
    return next((doi for place in places if "10." in place and (doi := read_doi(place))), "")


def _cited(record: Tagged) -> str:
    found = next(filter(None, map(_CITED.search, record.values("N1", "U3"))), None)
    return found.group(1) if found else ""


def _identity(record: Tagged) -> Iterator[tuple[str, str]]:
    """The database that a record is from, and what it calls it there."""
    database = record.first("DB") or record.first("DP")
    database = "PubMed" if database == "NLM" else database  # what EndNote calls it
    number = record.first("AN") or record.first("ID")
    eid = _EID.search(" ".join(record.values("UR", "N1", "AN")))
    if found := _WOS.search(" ".join([*record.values("AN", "UT", "ID")])):
        yield "UT", found.group()
        database = database or "Web of Science"
    elif eid:
        yield "UT", eid.group()
        database = database or "Scopus"
    elif _is_pubmed(database) and _PMID.fullmatch(number):
        yield "PM", number
    yield DATABASE, database or "RIS"


def _is_pubmed(database: str) -> bool:
    return any(name in database.lower() for name in ("pubmed", "medline", "nlm"))


RIS = Reader("RIS", _knows, _read)
