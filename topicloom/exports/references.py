"""The papers as references: RIS for Zotero and the like, with their topics as keywords, and BibTeX."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd

from topicloom.atlas.values import plain

RIS: Final = "papers.ris"
BIBTEX: Final = "papers.bib"
NO_TOPIC: Final = "no topic"
# What else a reference has, beside what papers.csv holds: empty columns where a dataset has none of it.
DETAILS: Final = ("full_names", "type", "volume", "issue", "first_page", "last_page", "number")
# The kinds of documents, by a word of what databases call them, for RIS and BibTeX; the first that fits.
_KINDS: Final = (
    ("proceeding", "CONF", "inproceedings"),
    ("conference", "CONF", "inproceedings"),
    ("chapter", "CHAP", "incollection"),
    ("thesis", "THES", "phdthesis"),
    ("dissertation", "THES", "phdthesis"),
    ("book review", "JOUR", "article"),
    ("book", "BOOK", "book"),
    ("preprint", "UNPB", "unpublished"),
)
_USUAL = ("JOUR", "article")
_NOT_A_KEY = re.compile(r"[^A-Za-z0-9]+")
_SPECIAL: Final = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def write_ris(papers: pd.DataFrame, details: pd.DataFrame, path: Path) -> None:
    """Write the papers as RIS: a record each, the label of its topic and of its coarsest group as keywords.

    Args:
        papers: As `papers_table` makes it.
        details: (n rows) `DETAILS` as texts.
        path: Where to.
    """
    lines = (line for paper in _both(papers, details) for line in _ris(paper))
    path.write_text("".join(f"{line}\r\n" for line in lines), encoding="utf-8", newline="")


def _ris(paper: Mapping[str, Any]) -> Iterator[str]:
    yield f"TY  - {_kind(paper['type'])[0]}"
    for tag, values in (
        ("TI", [paper["Title"]]),
        ("AU", _people(paper["full_names"] or paper["Authors"])),
        ("PY", [_year(paper)]),
        ("T2", [paper["Source"]]),
        ("VL", [paper["volume"]]),
        ("IS", [paper["issue"]]),
        ("SP", [paper["first_page"] or paper["number"]]),
        ("EP", [paper["last_page"]]),
        ("DO", [paper["DOI"]]),
        ("AN", [paper["UT"]]),
        ("KW", _keywords(paper)),
    ):
        yield from (f"{tag}  - {value}" for value in map(plain, values) if value)
    yield "ER  - "
    yield ""


def write_bibtex(papers: pd.DataFrame, details: pd.DataFrame, path: Path) -> None:
    """Write the papers as BibTeX: an entry each, in UTF-8, the same keywords as in RIS.

    Args:
        papers: As `papers_table` makes it.
        details: (n rows) `DETAILS` as texts.
        path: Where to.
    """
    taken: set[str] = set()
    entries = (_entry(paper, _key(paper["UT"], taken)) for paper in _both(papers, details))
    path.write_text("\n".join(entries), encoding="utf-8", newline="\n")


def _entry(paper: Mapping[str, Any], key: str) -> str:
    kind = _kind(paper["type"])[1]
    where = "journal" if kind in ("article", "unpublished") else "booktitle"
    pages = "--".join(page for page in (paper["first_page"], paper["last_page"]) if page) or paper["number"]
    fields = {
        "title": paper["Title"],
        "author": " and ".join(map(_one_name, _people(paper["full_names"] or paper["Authors"]))),
        "year": _year(paper),
        where: paper["Source"],
        "volume": paper["volume"],
        "number": paper["issue"],
        "pages": pages,
        "keywords": ", ".join(keyword.replace(", ", " / ") for keyword in _keywords(paper)),
    }
    lines = [f"  {name} = {{{_latex(value)}}}," for name, value in fields.items() if value]
    lines += [f"  doi = {{{_verbatim(paper['DOI'])}}},"] if paper["DOI"] else []
    return "\n".join([f"@{kind}{{{key},", *lines, f"  note = {{{_latex(str(paper['UT']))}}}", "}", ""])


def _both(papers: pd.DataFrame, details: pd.DataFrame) -> Iterator[dict[str, Any]]:
    columns = {
        **{name: papers[name] for name in ("UT", "DOI", "Title", "Authors", "Year", "Source", "Label")},
        "group": papers["group0"] if "group0" in papers else [""] * len(papers),
        **{name: details[name] for name in DETAILS},
    }
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


def _kind(text: str) -> tuple[str, str]:
    folded = text.casefold()
    if "article" in (part.strip() for part in folded.split(";")):  # of a journal, though it was a talk before
        return _USUAL
    return next(((ris, bibtex) for word, ris, bibtex in _KINDS if word in folded), _USUAL)


def _people(authors: str) -> list[str]:
    return [name for part in authors.split(";") if (name := part.strip())]


def _one_name(name: str) -> str:
    """A name that BibTeX takes for one: "and" in it would part it, and one without a comma is taken as it stands."""
    return f"{{{name}}}" if " and " in name.casefold() else name


def _year(paper: Mapping[str, Any]) -> str:
    return "" if pd.isna(paper["Year"]) else str(int(paper["Year"]))


def _keywords(paper: Mapping[str, Any]) -> list[str]:
    found: Iterable[str] = (f"topic: {paper['Label']}",) if paper["Label"] else (NO_TOPIC,)
    return [*found, *((f"group: {paper['group']}",) if paper["group"] else ())]


def _key(ut: str, taken: set[str]) -> str:
    """A key of letters and digits that no paper before has."""
    bare = _NOT_A_KEY.sub("_", str(ut)).strip("_") or "paper"
    key, number = bare, 2
    while key.casefold() in taken:
        key, number = f"{bare}_{number}", number + 1
    taken.add(key.casefold())
    return key


def _latex(text: str) -> str:
    return "".join(_SPECIAL.get(sign, sign) for sign in plain(text))


def _verbatim(text: str) -> str:
    """A DOI as BibTeX's styles take it: as it is, but for what would end or open the field."""
    return re.sub(r"[{}\\]", "", plain(text))
