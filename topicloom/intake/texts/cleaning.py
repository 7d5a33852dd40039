"""What becomes of the texts of one record, and what of it is counted."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping

from topicloom.intake.texts.labels import without_labels
from topicloom.intake.texts.latex import without_formulas
from topicloom.intake.texts.letters import plain_letters, writable
from topicloom.intake.texts.markup import without_markup
from topicloom.intake.texts.rights import without_rights
from topicloom.intake.texts.titles import plain_title
from topicloom.words.notices import cut_placeholder

TEXT = "text"  # the column that is embedded
ORIGINALS = {"TI": "TI_original", "AB": "AB_original"}
_MISSING = frozenset(
    [
        *("nan", "na", "n/a", "null", "none", "undefined", "unknown", "-", "--", ".", "abstract", "no abstract", "[]"),
        *("[no title available]", "no title available", "untitled", "[untitled]", "[not available]", "not available"),
    ]
)
# Fields of words; all others stay as they came, but for unseen letters and entities.
_AS_THEY_CAME = frozenset({"UT", "DI", "UR", "CR"})


def cleaned(fields: Mapping[str, str], counts: Counter[str]) -> dict[str, str]:
    """The fields of a record with texts as a reader would want them.

    What TI and AB were stays in TI_original and AB_original, where cleaning changed more than spaces. counts: gets one
    for each text that was changed, by what was done.
    """
    known = {_plain_name(tag): value for tag, text in fields.items() if (value := _field(tag, text))}
    title, abstract = known.get("TI", ""), known.get("AB", "")
    known["AB"] = _abstract(abstract, counts)
    known["TI"] = _counted("titles changed", title, plain_title(title, abstract), counts)
    for tag, original in ORIGINALS.items():
        raw = writable(fields.get(tag, ""))
        if raw and known[tag] != raw and raw.casefold() not in _MISSING:
            known[original] = raw
            counts[f"{tag} changed"] += 1
    return {tag: text for tag, text in known.items() if text}


@functools.lru_cache(4096)
def _plain_name(tag: str) -> str:
    """The name of a field; a file has few, and many records."""
    return plain_letters(tag)


def _field(tag: str, text: str) -> str:
    if tag in _AS_THEY_CAME:
        return plain_letters(text)
    plain = plain_letters(without_formulas(without_markup(text)))
    return "" if plain.casefold() in _MISSING else plain


def _abstract(text: str, counts: Counter[str]) -> str:
    present = _counted("abstracts that only say that there is none", text, cut_placeholder(text), counts)
    return _counted("rights notices cut", present, without_rights(present), counts)


def _counted(what: str, before: str, after: str, counts: Counter[str]) -> str:
    counts[what] += before != after
    return after


def embedded_text(title: str, abstract: str, counts: Counter[str]) -> str:
    """The text that is embedded: title and abstract as one text, without the labels of the abstract's parts."""
    abstract = _counted("labels of parts cut", abstract, without_labels(abstract), counts)
    if not title or not abstract:
        return title or abstract
    return f"{title} {abstract}" if title[-1] in ".?!" else f"{title}. {abstract}"
