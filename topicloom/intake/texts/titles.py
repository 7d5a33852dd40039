"""Titles: the brackets that PubMed sets around translated ones, and those in capitals throughout."""

from __future__ import annotations

import re

_BRACKETS = re.compile(r"\[([^\[\]]{5,})\]([.!?]?)(?:\s*[\[(][A-Z][a-z]+[\])])?\.?\Z")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_LONG = 4  # words of a title in capitals that is not a name or acronym alone
_NAME = re.compile(
    r"(?<=[a-z,;] )[A-Z][a-z]+|(?<=[a-z][-\u2013])[A-Z][a-z]+|(?<=[a-z] of )[A-Z][a-z]+|[A-Z][a-z]+(?=[-\u2013][A-Z])"
)
_ROMAN = re.compile(r"[IVX]{1,5}\Z")


def plain_title(title: str, abstract: str = "") -> str:
    """A title without PubMed's brackets, and in small letters where all are capitals.

    abstract: of the paper; what it writes in capitals, such as DNA, stays so.
    """
    if found := _BRACKETS.match(title):
        title = found.group(1)
    words = _WORD.findall(title)
    if len(words) < _LONG or not title.isupper():
        return title
    forms = {word.lower(): word for word in _within(abstract)}
    lowered = _WORD.sub(lambda found: _small(found.group(), forms), title)
    return lowered[:1].upper() + lowered[1:]


def _within(text: str) -> list[str]:
    """Words with capitals in a text, but for those that have one because a sentence begins."""
    capital = [word for word in _WORD.findall(text) if word[1:] != word[1:].lower()]
    return capital + [word for word in _NAME.findall(text) if not re.search(rf"\b{word.lower()}\b", text)]


def _small(word: str, forms: dict[str, str]) -> str:
    if _ROMAN.match(word) and word != "I":
        return word
    return forms.get(word.lower(), word.lower())
