"""What identifies a paper: its DOI in one form, its year, and the UT that it goes by in a project."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from topicloom.inputs.papers import read_doi
from topicloom.inputs.years import read_year

NAMING = ("UT", "PM", "DI", "TI", "AU", "PY", "SO", "AB")  # the fields that give a record its UT
_END = re.compile(r"(?:\[doi\]|[.,;\s])+\Z", re.IGNORECASE)


def plain_doi(text: str) -> str:
    """The DOI in what a database writes for one: without resolver, encoding, "[doi]" and marks at its end.

    The case of its letters stays, though it means nothing.
    """
    doi = read_doi(unquote(text)) if "10." in text else ""
    doi = _END.sub("", doi.removesuffix("[doi]"))
    return doi[:-1] if doi.endswith(")") and doi.count(")") > doi.count("(") else doi


def settled(fields: Mapping[str, str], counts: Counter[str]) -> dict[str, str]:
    """The fields with a plain DOI and a plain year; the year of early access stands in for one that is missing."""
    known = dict(fields)
    if "DI" in known:
        known["DI"] = plain_doi(known["DI"])
    stated = known.get("PY", "")
    year = read_year(stated) if stated else None
    if year is None and (early := read_year(known.get("EA", ""))):
        year = early
        counts["years of early access"] += 1
    if stated and stated != str(year or ""):
        known["PY_original"] = stated
    known["PY"] = str(year) if year is not None else ""
    return {tag: text for tag, text in known.items() if text}


def name_of(fields: Mapping[str, str]) -> str:
    """The UT of a record: its database's own, else its PMID or DOI, else a digest of what it says."""
    if own := fields.get("UT"):
        return own
    if number := fields.get("PM"):
        return f"PMID:{number}"
    if doi := fields.get("DI"):
        return f"DOI:{doi.lower()}"
    told = "\n".join(" ".join(fields.get(tag, "").lower().split()) for tag in ("TI", "AU", "PY", "SO"))
    told = told if told.strip() else fields.get("AB", "")
    return f"ID:{hashlib.sha256(told.encode()).hexdigest()[:16]}"


def distinct(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """The names, each once: a second paper of one name gets a number. taken: those given out before."""
    used, found = set(taken), []
    for name in names:
        free, number = name, 1
        while free in used:
            number += 1
            free = f"{name}_{number}"
        used.add(free)
        found.append(free)
    return found
