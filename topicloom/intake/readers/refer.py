"""Refer, EndNote's own text form (.enw): a line begins with a percent sign and one letter or digit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from topicloom.inputs.papers import read_doi
from topicloom.intake.readers.tagged import Tagged, Tagging, tagged_records
from topicloom.intake.record import DATABASE, Export, Opening, Piece, Reader, joined, piece

_TAG = re.compile(r"%(?P<tag>[0-9A-Za-z@!#$&()*+<>?\[\]^~=|,;:/.\-])(?: (?P<value>.*)|\s*$)")
_BEGINNING = re.compile(r"\s*%[0TAJD] \S")
_TAGGING = Tagging("EndNote (Refer)", _TAG, frozenset({"0"}))
_ONE = {"T": "TI", "X": "AB", "D": "PY", "V": "VL", "N": "IS", "I": "PU", "C": "PI", "G": "LA", "@": "SN", "9": "DT"}
_SEVERAL = {"A": "AU", "E": "BE", "K": "DE", "+": "C1"}
_MAPPED = frozenset({*_ONE, *_SEVERAL, "0", "J", "B", "P", "R", "M"})


def _knows(opening: Opening) -> bool:
    return bool(_BEGINNING.match(opening.text))


def _read(export: Export) -> Iterator[Piece]:
    for record in tagged_records(_with_ends(export.lines()), _TAGGING):
        yield piece(record.line, _fields(record))


def _with_ends(lines: Iterable[str]) -> Iterator[str]:
    return (line.lstrip("\ufeff") for line in lines)


def _fields(record: Tagged) -> list[tuple[str, str]]:
    begin, _, end = record.first("P").replace("--", "-").partition("-")
    return [
        *[(wos, record.first(tag)) for tag, wos in _ONE.items()],
        *[(wos, joined(record.lines(tag))) for tag, wos in _SEVERAL.items()],
        *[("SO", record.first("J", "B")), ("DI", read_doi(record.first("R"))), ("BP", begin), ("EP", end)],
        *[(f"Refer_{tag}", joined(record.values(tag))) for tag in record.tags if tag not in _MAPPED],
        *[("Refer_M", record.first("M")), (DATABASE, record.first("~") or "EndNote")],
    ]


REFER = Reader("EndNote (Refer, .enw)", _knows, _read)
