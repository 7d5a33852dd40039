"""EndNote's XML, in which style elements split every text."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from topicloom.inputs.papers import read_doi
from topicloom.intake.readers.xml_records import plain, xml_records
from topicloom.intake.record import DATABASE, Export, Opening, Piece, Reader, joined, piece

_ONE = {
    **{"TI": "titles/title", "SO": "periodical/full-title", "AB": "abstract", "PY": "dates/year", "VL": "volume"},
    **{"IS": "number", "LA": "language", "PU": "publisher", "PI": "pub-location", "SN": "isbn", "DT": "work-type"},
    **{"J9": "titles/alt-title", "C1": "auth-address"},
}


def _knows(opening: Opening) -> bool:
    text = opening.text
    return "<records>" in text and "<record>" in text and ("<ref-type" in text or "<contributors>" in text)


def _read(export: Export) -> Iterator[Piece]:
    for record in xml_records(export, frozenset({"record"})):
        yield piece(record.line, _fields(record.element))


def _fields(element: Element) -> Iterator[tuple[str, str]]:
    for tag, place in _ONE.items():
        yield tag, plain(element.find(place))
    if not plain(element.find(_ONE["IS"])):
        yield "IS", plain(element.find("issue"))  # Mendeley's word
    if not plain(element.find(_ONE["SO"])):
        yield "SO", plain(element.find("titles/secondary-title"))
    yield "AU", joined(map(plain, element.iterfind("contributors/authors/author")))
    yield "BE", joined(map(plain, element.iterfind("contributors/secondary-authors/author")))
    yield "DE", joined(map(plain, element.iterfind("keywords/keyword")))
    begin, _, end = plain(element.find("pages")).partition("-")
    yield from [("BP", begin.strip()), ("EP", end.strip())]
    doi = plain(element.find("electronic-resource-num"))
    yield "DI", read_doi(doi) or read_doi(" ".join(map(plain, element.iterfind("urls//url"))))
    database = plain(element.find("remote-database-name"))
    number = plain(element.find("accession-num"))
    if number.isdigit() and any(name in database.lower() for name in ("medline", "pubmed", "nlm")):
        yield "PM", number
    elif number:
        yield "EndNote_accession", number
    yield DATABASE, database or "EndNote"


ENDNOTE_XML = Reader("EndNote XML", _knows, _read)
