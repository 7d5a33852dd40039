"""PubMed's .nbib, which is the MEDLINE form: a tag of four characters, a hyphen, and lines indented by six spaces."""

from __future__ import annotations

import re
from collections.abc import Iterator

from topicloom.inputs.papers import read_doi
from topicloom.intake.readers.tagged import Tagged, Tagging, tagged_records
from topicloom.intake.record import DATABASE, Export, FaultError, Opening, Piece, Reader, joined, piece

_TAG = re.compile(r"(?P<tag>[A-Z][A-Z0-9]{1,3}) {0,2}- ?(?P<value>.*)")
_BEGINNING = re.compile(r"^PMID- ?\d", re.MULTILINE)
_TAGGING = Tagging("PubMed", _TAG, frozenset({"PMID"}))
_ONE = {"DP": "PY", "VI": "VL", "IP": "IS", "TA": "J9", "PL": "PI", "PMC": "PMC"}
_SEVERAL = {"AU": "AU", "FAU": "AF", "ED": "BE", "AD": "C1", "OT": "DE", "MH": "ID", "PT": "DT", "LA": "LA", "CN": "CA"}
_MAPPED = frozenset({*_ONE, *_SEVERAL, "PMID", "TI", "BTI", "AB", "OAB", "JT", "PG", "LID", "AID", "SO", "IS"})
_ISSN = re.compile(r"\d{4}-\d{3}[\dXx]")


def _knows(opening: Opening) -> bool:
    return bool(_BEGINNING.match(opening.text.lstrip()))


def _read(export: Export) -> Iterator[Piece]:
    closed = False
    last: Tagged | None = None
    for last in tagged_records((line.lstrip("\ufeff") for line in export.lines()), _TAGGING):
        ends = bool(last.fields) and "SO" in last.tags
        closed, open_now = closed or ends, not ends
        yield piece(last.line, _fields(last))
    if last and closed and open_now:
        raise FaultError(
            f"It ends within the record that begins in line {last.line}: its field SO is missing, with which PubMed "
            "ends a record, so the file is cut off.",
            "Export it again, or take the unfinished record out.",
        )


def _fields(record: Tagged) -> list[tuple[str, str]]:
    begin, _, end = record.first("PG").partition("-")
    number = record.first("PMID")
    own = [(f"PubMed_{tag}", joined(record.values(tag))) for tag in record.tags if tag not in _MAPPED]
    return [
        *[("PT", "J"), ("PM", number), ("UT", f"PMID:{number}" if number else "")],
        ("TI", record.first("TI") or record.first("BTI")),
        ("AB", record.first("AB") or record.first("OAB")),
        ("SO", record.first("JT") or record.first("BTI") or record.first("TA")),
        *[("DI", _doi(record)), ("SN", _issn(record)), ("BP", begin.strip()), ("EP", _whole_page(begin, end))],
        *[(wos, record.first(tag)) for tag, wos in _ONE.items()],
        *[(wos, joined(record.values(tag))) for tag, wos in _SEVERAL.items()],
        *own,
        (DATABASE, "PubMed"),
    ]


def _doi(record: Tagged) -> str:
    return next((read_doi(value) for value in record.values("LID", "AID") if "[doi]" in value), "")


def _issn(record: Tagged) -> str:
    found = _ISSN.search(record.first("IS"))
    return found.group() if found else ""


def _whole_page(begin: str, end: str) -> str:
    """The last page in full: PubMed writes 697-704 and 1865-76 alike."""
    begin, end = begin.strip(), re.split(r"[;,]", end)[0].strip()
    return begin[: len(begin) - len(end)] + end if begin.isdigit() and end.isdigit() and len(end) < len(begin) else end


PUBMED_TEXT = Reader("PubMed (MEDLINE, .nbib)", _knows, _read)
