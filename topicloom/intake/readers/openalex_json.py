"""OpenAlex's works as JSON: pages of its interface, lists, or one work a line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from topicloom.intake.inverted import abstract_of
from topicloom.intake.readers.json_values import pieces
from topicloom.intake.record import DATABASE, Export, Opening, Piece, Reader, joined

_BEGINNING = re.compile(r'\s*[\[{].*"https://openalex\.org/W\d+"', re.DOTALL)
_LIKE = re.compile(r'"(?:abstract_inverted_index|authorships|publication_year)"')


def _knows(opening: Opening) -> bool:
    return bool(_BEGINNING.match(opening.text)) and bool(_LIKE.search(opening.text))


def _read(export: Export) -> Iterator[Piece]:
    return pieces(export, _fields)


def _fields(work: Mapping[str, Any]) -> list[tuple[str, str]]:
    source, biblio, ids = _source(work), _inner(work, "biblio"), _inner(work, "ids")
    people = [one for one in _list(work, "authorships") if isinstance(one, dict)]
    places = [place for one in people for place in _list(one, "institutions") if isinstance(place, dict)]
    return [
        ("UT", _last(work.get("id"))),
        ("TI", _text(work.get("title") or work.get("display_name"))),
        ("AB", abstract_of(work.get("abstract_inverted_index")) or _text(work.get("abstract"))),
        *[("PY", _text(work.get("publication_year"))), ("DI", _text(work.get("doi")))],
        ("PM", _last(ids.get("pmid"))),
        (
            "AU",
            joined(_one(_inner(one, "author").get("display_name") or one.get("raw_author_name")) for one in people),
        ),
        *[("SO", _text(source.get("display_name"))), ("SN", _text(source.get("issn_l")))],
        ("PU", _text(source.get("host_organization_name") or source.get("publisher"))),
        *[("VL", _text(biblio.get("volume"))), ("IS", _text(biblio.get("issue")))],
        *[("BP", _text(biblio.get("first_page"))), ("EP", _text(biblio.get("last_page")))],
        *[
            ("DT", _text(work.get("type"))),
            ("LA", _text(work.get("language"))),
            ("TC", _text(work.get("cited_by_count"))),
        ],
        ("DE", joined(_names(work, "keywords"))),
        ("ID", joined(_names(work, "concepts") or _names(work, "topics"))),
        ("C1", joined(dict.fromkeys(_one(place) for one in people for place in _addresses(one)))),
        ("Institutions", joined(dict.fromkeys(_one(place.get("display_name")) for place in places))),
        ("IsoCountries", joined(dict.fromkeys(_text(place.get("country_code")) for place in places))),
        ("OpenAlex_is_retracted", "true" if work.get("is_retracted") else ""),
        (DATABASE, "OpenAlex"),
    ]


def _source(work: Mapping[str, Any]) -> Mapping[str, Any]:
    found = _inner(_inner(work, "primary_location"), "source")
    return found or _inner(work, "host_venue")


def _inner(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _list(value: Mapping[str, Any], name: str) -> list[Any]:
    found = value.get(name)
    return found if isinstance(found, list) else []


def _names(work: Mapping[str, Any], name: str) -> list[str]:
    return [
        _text(item.get("display_name") or item.get("keyword")) if isinstance(item, dict) else _text(item)
        for item in _list(work, name)
    ]


def _addresses(authorship: Mapping[str, Any]) -> list[str]:
    many = [_text(place) for place in _list(authorship, "raw_affiliation_strings")]
    return many or [_text(authorship.get("raw_affiliation_string"))]


def _text(value: Any) -> str:
    return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""


def _one(value: Any) -> str:
    """One of several values, in which the sign that parts them means nothing."""
    return _text(value).replace(";", ",")


def _last(address: Any) -> str:
    """The end of an address: the identifier itself."""
    return _text(address).rstrip("/").rpartition("/")[2]


OPENALEX_JSON = Reader("OpenAlex JSON", _knows, _read)
