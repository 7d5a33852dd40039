"""Which column of a table is which field: the layouts of databases, and a guess for every other table."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from topicloom.intake.tables.languages import NAMES

Finish = Callable[[dict[str, str]], None]
_ENGLISH: Mapping[str, Sequence[str]] = {
    "TI": ("title", "ti", "titles", "articletitle", "documenttitle", "primarytitle", "papertitle", "displayname"),
    "AB": ("abstract", "ab", "abstractnote", "abstracts", "abstracttext", "notesabstract", "summary"),
    "PY": ("year", "py", "publicationyear", "pubyear", "yearofpublication", "publicationdate", "datepublished", "date"),
    "AU": ("authors", "author", "au", "authornames", "authorname", "creators", "authorshipsauthordisplayname"),
    "SO": (
        *("sourcetitle", "so", "journal", "journaltitle", "publicationtitle", "containertitle", "publicationname"),
        *("journalname", "secondarytitle", "booktitle", "venue", "source", "journalbook"),
        *("sourcetitleanthologytitle", "primarylocationsourcedisplayname", "hostvenuedisplayname"),
    ),
    "DI": ("doi", "di", "articledoi", "doilink", "digitalobjectidentifier", "externalidsdoi"),
    "PM": ("pmid", "pubmedid", "pm", "idspmid", "medlinepmid", "externalidspubmed"),
    "DE": ("authorkeywords", "de", "keywords", "keyword", "manualtags", "keywordsdisplayname"),
    "ID": ("indexkeywords", "keywordsplus", "meshterms", "fieldsofstudy", "emtreemedicalindexterms", "ieeeterms"),
    "VL": ("volume", "vl", "bibliovolume"),
    "IS": ("issue", "is", "number", "issuenumber", "biblioissue"),
    "BP": ("pagestart", "bp", "startpage", "firstpage", "beginningpage", "bibliofirstpage"),
    "EP": ("pageend", "ep", "endpage", "lastpage", "endingpage", "bibliolastpage"),
    "AR": ("artno", "ar", "articlenumber", "articleno"),
    "SN": ("issn", "sn", "issns", "primarylocationsourceissnl", "primarylocationsourceissn"),
    "BN": ("isbn", "bn", "isbns"),
    "LA": ("languageoforiginaldocument", "la", "language", "articlelanguage"),
    "DT": ("documenttype", "dt", "publicationtype", "itemtype", "type", "documentidentifier", "entrytype"),
    "TC": (
        *("citedby", "tc", "timescited", "citationcount", "citedbycount", "citingworkscount", "articlecitationcount"),
        *("citations", "cites"),
    ),
    "PU": ("publisher", "pu"),
    "C1": ("affiliations", "c1", "addresses", "authoraffiliations", "authorsaffiliations", "affiliation"),
    "CR": ("references", "cr", "citedreferences"),
    "RP": ("correspondenceaddress", "rp", "reprintaddresses"),
    "UR": ("url", "link", "sourcelink", "pdflink", "externalurl", "linkouturl"),
    "J9": ("abbreviatedsourcetitle", "journalabbreviation"),
    "UT": ("ut",),
}
# Names of columns by tag, without case and signs; of several that are there, the first that is not blank counts.
ALIASES: Mapping[str, Sequence[str]] = {tag: (*names, *NAMES.get(tag, ())) for tag, names in _ENGLISH.items()}
_ACCENTS = dict.fromkeys(range(0x300, 0x370))
PAGES = ("pages", "pagination", "page", "pagerange", *NAMES["pages"])
_WORDS_OF_PEOPLE = {
    **{"title": "TI", "abstract": "AB", "year": "PY", "author": "AU", "authors": "AU", "doi": "DI", "journal": "SO"},
    **{"source": "SO", "keywords": "DE", "id": "UT", "pmid": "PM", "volume": "VL", "issue": "IS", "language": "LA"},
    **{"type": "DT", "citations": "TC", "pages": "pages", "affiliations": "C1"},
}


@dataclass(frozen=True)
class Layout:
    """How one database names its columns.

    name: for people. database: what its records are said to be from. marks: each a set of plain names; a header that
    has all of one is of this layout. columns: plain names by tag, before those of ALIASES. finish: mends a record.
    """

    name: str
    database: str
    marks: tuple[frozenset[str], ...] = ()
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    finish: Finish = lambda _: None


def plain(name: str) -> str:
    """The name of a column without case, accents, spaces and signs."""
    if not name.isascii():
        letters = unicodedata.normalize("NFKD", name).casefold().translate(_ACCENTS)
        name = unicodedata.normalize("NFC", letters)
    return "".join(filter(str.isalnum, name.lower()))


def places_of(header: Sequence[str], layout: Layout | None) -> dict[str, list[int]]:
    """Of each tag the places of its columns, the one that counts most first."""
    by_name: dict[str, list[int]] = {}
    for place, name in enumerate(header):
        by_name.setdefault(plain(name), []).append(place)
    own = layout.columns if layout else {}
    wanted = {tag: (*own.get(tag, ()), *ALIASES.get(tag, ())) for tag in (*ALIASES, *own, "pages")}
    wanted["pages"] = (*own.get("pages", ()), *PAGES)
    found: dict[str, list[int]] = {}
    taken: set[int] = set()
    for tag in (*own, *(tag for tag in wanted if tag not in own)):
        places = [place for name in wanted[tag] for place in by_name.get(name, ()) if place not in taken]
        if places:
            found[tag] = list(dict.fromkeys(places))
            taken.update(places)
    return found


def stated_places(header: Sequence[str], columns: Mapping[str, str]) -> tuple[dict[str, list[int]], list[str]]:
    """The places of columns that a person has named, by tag, and those of the names that the header does not have."""
    exact = {name: place for place, name in reversed(list(enumerate(header)))}
    loose = {plain(name): place for place, name in reversed(list(enumerate(header)))}
    found, missing = {}, []
    for word, name in columns.items():
        place = exact.get(name, loose.get(plain(name)))
        if place is None:
            missing.append(name)
        else:
            found[tag_of(word)] = [place]
    return found, missing


def tag_of(word: str) -> str:
    """The tag that a word of a person, or a tag itself, stands for. Raises KeyError for none."""
    return _WORDS_OF_PEOPLE.get(word.lower()) or {tag: tag for tag in ALIASES}[word.upper()]


def words_for_columns() -> list[str]:
    """What a person may name columns for."""
    return list(_WORDS_OF_PEOPLE)
