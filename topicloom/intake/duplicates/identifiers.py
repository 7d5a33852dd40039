"""Identifiers of a paper in one spelling: DOI, PubMed id, accession number of a database."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import unquote

_DOI = re.compile(r"10\.\d{4,9}(?:\.\d+)*/\S+")
_PREPRINT = re.compile(
    r"10\.(?:48550/arxiv|1101/(?:\d{6}|20\d\d\.)|64898/20|2139/ssrn"
    r"|21203/rs\.|20944/preprints|31234|31219|31235|26434|36227"
    r"|22541/au|14293|33774|7287/peerj\.preprints|12688/f1000research\.preprint|5281/zenodo|6084/m9\.figshare)"
)
_PREPRINT_SERVERS = re.compile(
    r"\b(?:arxiv|biorxiv|medrxiv|chemrxiv|psyarxiv|socarxiv|edarxiv|techrxiv"
    r"|ssrn|research square|preprints?(?: org)?|corr)\b"
)


def doi(text: str) -> str:
    """A DOI in lower case without a resolver's address, URL encoding or end mark; blank where the text holds none.

    Args:
        text: Such as "https://doi.org/10.1002/%28SICI%291", "DOI: 10.1000/XYZ." or "10.1000/xyz [doi]".
    """
    found = _DOI.search(unquote(unescape(text)).lower())
    if not found:
        return ""
    bare = found[0].split("[doi]")[0].rstrip(".,;:'\"")
    for opening, closing in ("()", "[]", "<>"):
        while bare.endswith(closing) and bare.count(closing) > bare.count(opening):
            bare = bare[:-1].rstrip(".,;")
    return bare


def pmid(text: str) -> str:
    """The digits of a PubMed id; blank where the text is none."""
    found = re.fullmatch(r"\D*?0*([1-9]\d{0,8})(?:\.0)?\D*", text.strip())
    return found[1] if found else ""


def accession(text: str) -> str:
    """The number a database gives a record (UT, EID, Lens id), without blanks, in lower case."""
    return re.sub(r"\s+", "", text).lower()


def is_preprint(bare_doi: str, journal: str) -> bool:
    """Whether a record is of a preprint server. journal: folded, see wording.folded."""
    return bool(_PREPRINT.match(bare_doi)) or (not bare_doi and bool(_PREPRINT_SERVERS.search(journal)))
