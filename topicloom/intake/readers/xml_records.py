"""XML read one record at a time, with entities refused: no file can grow in memory, or name another one."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

from topicloom.intake.record import Export, FaultError

_BLOCK = 1 << 14
_DEEPEST = 60
_KEPT = ("sub", "sup", "math")
_TWICE = ("annotation", "annotation-xml")


@dataclass(frozen=True)
class XmlRecord:
    """An element that is a record. line: where it begins."""

    line: int
    element: Element


def xml_records(export: Export, names: frozenset[str]) -> Iterator[XmlRecord]:
    """The elements of some names, each dropped after it was used. Raises FaultError for XML that is none, or unsafe."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    parser = DefusedXMLParser(forbid_dtd=False, forbid_entities=True, forbid_external=True)
    pull = XMLPullParser(("start", "end"), _parser=parser)
    state = _State(names)
    try:
        with export.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                for start in range(0, len(line), _BLOCK):
                    pull.feed(line[start : start + _BLOCK])
                    yield from state.ended(pull, number)
        pull.close()
        yield from state.ended(pull, number)
    except DefusedXmlException as error:
        raise FaultError(
            f"It declares XML entities, which no database does, and which are not read ({type(error).__name__}).",
            "Export it again from the database.",
        ) from error
    except (ParseError, LookupError, ValueError) as error:
        raise FaultError(f"It is no whole XML: {error}. The file may be cut off.", "Export it again.") from error


class _State:
    """Where in the tree the parser stands."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names, self._path, self._line = names, list[Element](), 0
        self._depth = 0

    def ended(self, pull: Any, line: int) -> Iterator[XmlRecord]:
        for event, element in pull.read_events():
            if event == "start":
                self._start(element, line)
            else:
                self._path.pop()
                if local(element) in self._names:
                    yield XmlRecord(self._line, element)
                if not self._within():
                    element.clear()
                    if self._path:
                        self._path[-1].clear()

    def _start(self, element: Element, line: int) -> None:
        if local(element) in self._names:
            self._line = line
        self._path.append(element)
        if len(self._path) > _DEEPEST:
            raise FaultError(f"It is nested deeper than {_DEEPEST} levels (line {line}).", "Export it again.")

    def _within(self) -> bool:
        """Whether the element that ended lies in a record that has not ended."""
        return any(local(element) in self._names for element in self._path)


def local(element: Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def words(element: Element | None) -> str:
    """All text of an element; sub- and superscripts and formulas keep their tags, for `without_markup` to join."""
    return _words(element, within_formula=False) if element is not None else ""


def _words(element: Element, *, within_formula: bool) -> str:
    """Spaces within a formula are those of the file's layout, and its annotation says it a second time in TeX."""
    within_formula |= local(element) == "math"

    def text(raw: str | None) -> str:
        return html.escape((raw or "").strip() if within_formula else raw or "", quote=False)

    parts = [text(element.text)]
    for child in element:
        name = local(child)
        inner = "" if within_formula and name in _TWICE else _words(child, within_formula=within_formula)
        parts += [f"<{name}>{inner}</{name}>" if name in _KEPT else inner, text(child.tail)]
    return "".join(parts)


def plain(element: Element | None) -> str:
    """All text of an element, without any tag, on one line."""
    return " ".join("".join(element.itertext()).split()) if element is not None else ""
