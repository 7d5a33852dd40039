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
_TAGGING = Tagging(
    "Web of Science", _TAG, frozenset({"PT"}), end="ER", indent="  ", between=frozenset({"FN", "VR", "EF"})
)


def _knows(opening: Opening) -> bool:
    return bool(_BEGINNING.match(opening.text))


def _read(export: Export) -> Iterator[Piece]:
    for record in tagged_records(_without_marks(export.lines()), _TAGGING):
        yield piece(record.line, [*_fields(record), (DATABASE, "Web of Science")])


def _without_marks(lines: Iterator[str]) -> Iterator[str]:
    """The lines without byte order marks, which stand within where files were put together."""
    return (line.lstrip("\ufeff") for line in lines)


def _fields(record: Tagged) -> Iterator[tuple[str, str]]:
    for tag, lines in record.fields:
        if tag in ("FN", "VR", "EF"):
            continue
        values = [line.strip().removesuffix(".") if tag == "C1" else line for line in lines]
        yield tag, joined(values) if tag in _LISTS else text_of(lines)


WOS_TEXT = Reader("Web of Science plain text", _knows, _read)
