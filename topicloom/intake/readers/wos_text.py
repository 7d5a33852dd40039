"""Web of Science, plain text (savedrecs.txt, .ciw): a tag of two letters a field, ER ends a record."""

from __future__ import annotations

import re
from collections.abc import Iterator

from topicloom.intake.readers.tagged import Tagged, Tagging, tagged_records, text_of
from topicloom.intake.record import DATABASE, Export, Opening, Piece, Reader, joined, piece

_TAG = re.compile(r"(?P<tag>[A-Z][A-Z0-9])(?: (?P<value>.*)|$)")
_BEGINNING = re.compile(r"\s*(?:FN .*\n|VR [\d.]+\s*\n)+\s*[A-Z][A-Z0-9] |\s*PT [A-Z]\s*\n(?:AU|AF|BA|TI|CA) ")
# One value a line; the lines of all other fields are one text that was wrapped.
_LISTS = frozenset({"AU", "AF", "BA", "BF", "BE", "CA", "GP", "C1", "C3", "CR"})
_TAGGING = Tagging("Web of Science", _TAG, frozenset({"PT"}), end="ER", between=frozenset({"FN", "VR", "EF"}))


def _knows(opening: Opening) -> bool:
    return bool(_BEGINNING.match(opening.text))


def _read(export: Export) -> Iterator[Piece]:
    lines = _Lines(export.lines())
    for record in tagged_records(lines, _TAGGING):
        yield piece(record.line, [*_fields(record), (DATABASE, "Web of Science")])
    if lines.begun > lines.ended:
        export.notes.append("the line EF with which Web of Science ends a file is missing: records may be, too")


class _Lines:
    """The lines without byte order marks, which stand within where files were put together.

    begun, ended: how often a file of Web of Science begins, and ends, in them.
    """

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines, self.begun, self.ended = lines, 0, 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            bare = line.lstrip("\ufeff")
            self.begun += bare.startswith("FN ")
            self.ended += bare.rstrip() == "EF"
            yield bare


def _fields(record: Tagged) -> Iterator[tuple[str, str]]:
    for tag, lines in record.fields:
        if tag in ("FN", "VR", "EF"):
            continue
        values = [line.strip().removesuffix(".") if tag == "C1" else line for line in lines]
        yield tag, joined(values) if tag in _LISTS else text_of(lines)


WOS_TEXT = Reader("Web of Science plain text", _knows, _read)
