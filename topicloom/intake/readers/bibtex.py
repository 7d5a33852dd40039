"""BibTeX and BibLaTeX, as Web of Science, Scopus, Zotero and people write them; parsed by bibtexparser."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any

from topicloom.inputs.papers import read_doi
from topicloom.intake.readers.tagged import mixed, others_than
from topicloom.intake.record import DATABASE, Export, FaultError, Opening, Piece, Reader, Refused, joined, piece
from topicloom.intake.texts.latex import without_latex

_BEGINNING = re.compile(r"^[ \t]*@[A-Za-z]+\s*\{", re.MULTILINE)
_EID = re.compile(r"\b2-s2\.0-\d+")
_WOS = re.compile(r"(?:WOS|MEDLINE|BCI|INSPEC|KJD|SCIELO|CCC|RSCI|PPRN):\S+", re.IGNORECASE)
_CITED = re.compile(r"cited by:?\s*(\d+)", re.IGNORECASE)
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_CONCATENATED = re.compile(r"\s+#\s+")
# Names of fields, without case and signs, by tag; the first that is there counts.
_FIELDS = {
    "TI": ("title",),
    "AB": ("abstract",),
    "SO": ("journaltitle", "journal", "booktitle", "maintitle", "series"),
    "PY": ("year", "date"),
    "VL": ("volume",),
    "IS": ("number", "issue"),
    "SN": ("issn",),
    "BN": ("isbn",),
    "PU": ("publisher", "institution", "school", "organization"),
    "PI": ("address", "location"),
    "LA": ("language", "langid"),
    "DE": ("authorkeywords", "keywords"),
    "ID": ("keywordsplus", "indexkeywords"),
    "C1": ("affiliation", "affiliations"),
    "WC": ("webofsciencecategories",),
    "SC": ("researchareas",),
    "TC": ("timescited",),
    "CR": ("citedreferences", "references"),
    "RP": ("correspondenceaddress1", "correspondenceaddress"),
    "FU": ("fundingacknowledgement", "funding"),
    "FX": ("fundingtext",),
    "AR": ("articlenumber", "artnumber"),
    "J9": ("journaliso", "abbrevsourcetitle"),
    "PM": ("pmid", "pubmedid"),
    "DT": ("documenttype", "type"),
}
_USED = frozenset({"author", "editor", "doi", "pages"})
_KINDS = {"article": "J", "book": "B", "inbook": "B", "incollection": "B", "inproceedings": "C", "conference": "C"}
_LISTS = frozenset({"DE", "ID"})


def _knows(opening: Opening) -> bool:
    return bool(_BEGINNING.search(opening.text)) and "TY  - " not in opening.text


def _read(export: Export) -> Iterator[Piece]:
    from bibtexparser.entrypoint import parse_string
    from bibtexparser.model import Entry, ImplicitComment, ParsingFailedBlock

    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)
    with export.open() as file:
        text = file.read().replace("\r", "")
    blocks = parse_string(text, parse_stack=[])
    strings = {name.lower(): _bare(string.value) for name, string in blocks.strings_dict.items()}
    for block in blocks.blocks:
        line = int(block.start_line or 0) + 1
        if isinstance(block, ImplicitComment):
            _require_no_records(line, str(block.comment))
        # A key or a field that stands twice is no loss: the entry itself is whole.
        entry = getattr(block, "ignore_error_block", None) if isinstance(block, ParsingFailedBlock) else block
        if isinstance(entry, Entry):
            yield piece(line, _fields(entry.entry_type, entry.key, _values(entry, strings)))
        elif isinstance(block, ParsingFailedBlock):
            yield _failed(line, block)


def _require_no_records(begins: int, text: str) -> None:
    """Raise FaultError where the text between entries, which says nothing in BibTeX, is another format's."""
    for number, line in enumerate(text.splitlines(), begins):
        for other, pattern in others_than("BibTeX").items():
            if pattern.match(line):
                raise mixed(number, "BibTeX", other)


def _failed(line: int, block: Any) -> Refused:
    reason = " ".join(str(block.error).split()) or "It is no BibTeX"
    if "end of file" in reason or "end of file" in str(getattr(block.error, "abort_reason", "")):
        raise FaultError(
            f"It ends within the entry that begins in line {line}, so the file is cut off, or a brace is not closed.",
            "Export it again, or close the entry.",
        )
    return Refused(line, f"{getattr(block.error, 'abort_reason', '') or reason}.".replace("..", "."))


def _values(entry: Any, strings: Mapping[str, str]) -> dict[str, str]:
    """Its fields by plain name, in which the first of two of one name counts."""
    found: dict[str, str] = {}
    for field in entry.fields:
        parts = [strings.get(part.lower(), _bare(part)) for part in _CONCATENATED.split(str(field.value).strip())]
        found.setdefault(re.sub(r"[^a-z0-9]", "", field.key.lower()), " ".join("".join(parts).split()))
    return found


def _bare(value: str) -> str:
    value = value.strip()
    return value[1:-1] if len(value) > 1 and (value[0], value[-1]) in (("{", "}"), ('"', '"')) else value


def _fields(kind: str, key: str, values: Mapping[str, str]) -> list[tuple[str, str]]:
    plain = {name: without_latex(text) if name not in ("doi", "url") else text for name, text in values.items()}
    chosen = {tag: next((name for name in names if plain.get(name)), "") for tag, names in _FIELDS.items()}
    if chosen["DE"] == "authorkeywords" and not chosen["ID"] and plain.get("keywords"):
        chosen["ID"] = "keywords"  # Scopus calls the index's so
    found = {tag: plain.get(name, "") for tag, name in chosen.items()}
    used = _USED | set(chosen.values())
    for tag in _LISTS:
        found[tag] = found[tag] if ";" in found[tag] else joined(found[tag].split(","))
    begin, _, end = re.sub(r"[-\u2013\u2014]+", "-", plain.get("pages", "")).partition("-")
    return [
        ("PT", _KINDS.get(kind.lower(), "")),
        *found.items(),
        *[("AU", _people(values.get("author", ""))), ("BE", _people(values.get("editor", "")))],
        *[("BP", begin), ("EP", end), ("DI", read_doi(values.get("doi", "").replace("\\", "")))],
        ("TC", found["TC"] or _cited(plain.get("note", ""))),
        *_identity(key, values),
        *[(f"BibTeX_{name}", text) for name, text in plain.items() if name not in used and text],
    ]


def _people(text: str) -> str:
    return joined(without_latex(name) for name in _AND.split(text))


def _cited(note: str) -> str:
    found = _CITED.search(note)
    return found.group(1) if found else ""


def _identity(key: str, values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    eid = _EID.search(" ".join(values.get(name, "") for name in ("eid", "url", "note")))
    wos = _WOS.fullmatch(values.get("uniqueid", "") or key)
    if wos:
        yield "UT", wos.group()
    elif eid:
        yield "UT", eid.group()
    yield DATABASE, "Web of Science" if wos else values.get("source") or ("Scopus" if eid else "BibTeX")


BIBTEX = Reader("BibTeX", _knows, _read)
