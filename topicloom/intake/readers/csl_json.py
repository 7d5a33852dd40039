"""CSL JSON, as Zotero, Mendeley and Crossref give it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from topicloom.intake.readers.json_values import pieces
from topicloom.intake.record import DATABASE, Export, Opening, Piece, Reader, joined

_BEGINNING = re.compile(r"\s*[\[{]")
_LIKE = re.compile(r'"(?:container-title|date-parts|issued)"\s*:')
_ONE = {
    **{"TI": "title", "AB": "abstract", "SO": "container-title", "VL": "volume", "IS": "issue", "DI": "DOI"},
    **{"SN": "ISSN", "BN": "ISBN", "PU": "publisher", "PI": "publisher-place", "LA": "language", "DT": "type"},
    **{"PM": "PMID", "J9": "container-title-short", "TC": "is-referenced-by-count"},
}


def _knows(opening: Opening) -> bool:
    return bool(_BEGINNING.match(opening.text)) and bool(_LIKE.search(opening.text))


def _read(export: Export) -> Iterator[Piece]:
    return pieces(export, _fields)


def _fields(item: Mapping[str, Any]) -> list[tuple[str, str]]:
    begin, _, end = re.sub("[\u2013\u2014]|--", "-", _text(item.get("page"))).partition("-")
    return [
        *[(tag, _text(item.get(name))) for tag, name in _ONE.items()],
        ("AU", joined(map(_name, _list(item.get("author"))))),
        ("BE", joined(map(_name, _list(item.get("editor"))))),
        *[("PY", _year(item)), ("BP", begin.strip()), ("EP", end.strip())],
        ("DE", joined(_text(item.get("keyword")).replace(",", ";").split(";"))),
        (DATABASE, _text(item.get("source")) or "CSL JSON"),
    ]


def _year(item: Mapping[str, Any]) -> str:
    for name in ("issued", "published", "published-print", "published-online", "created"):
        date = item.get(name)
        if not isinstance(date, dict):
            continue
        parts = _list(date.get("date-parts"))
        first = parts[0] if parts else None
        found = _text(first[0]) if isinstance(first, list) and first else _text(date.get("raw") or date.get("literal"))
        if found:
            return found
    return ""


def _name(person: Any) -> str:
    if not isinstance(person, dict):
        return ""
    family = " ".join(filter(None, (_text(person.get("non-dropping-particle")), _text(person.get("family")))))
    return ", ".join(filter(None, (family, _text(person.get("given"))))) or _text(
        person.get("literal") or person.get("name")
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    """A value as text; of a list, such as Crossref's titles, the first."""
    if isinstance(value, list):
        value = value[0] if value else ""
    return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""


CSL_JSON = Reader("CSL JSON", _knows, _read)
