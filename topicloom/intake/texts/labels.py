"""Labels of structured abstracts: BACKGROUND, METHODS and their like, which say nothing of a paper's topic."""

from __future__ import annotations

import re

_WORDS = (
    "abstract|aims?|aims? and (?:objectives?|methods?)|aims? of the study|approach|background|background and "
    "(?:aims?|objectives?|purpose)|background/aims?|case(?: presentation| report| summary)?|"
    "clinical (?:relevance|trial registration|significance)|comparisons?|"
    "conclusions?|conclusions? and (?:relevance|implications|recommendations)|"
    "context|data (?:collection|extraction|sources?|synthesis|analysis)|design|design/methodology/approach|"
    "design, setting,? and participants|discussion|evidence acquisition|evidence synthesis|exposures?|findings?|"
    "funding|goals?|hypothesis|implications?(?: for practice)?|importance|interpretations?|interventions?|"
    "introduction|key (?:words|findings|points|messages)|limitations?|main (?:outcomes?|results?|findings?)|"
    "main outcome measures?|main outcomes and measures|materials?|materials? (?:and|&) methods?|materials?/methods?|"
    "measurements?(?: and main results)?|measures?|methodology|methods?|methods? and (?:results?|findings|materials?)|"
    "methods?/results?|motivation|novelty|objectives?|observations?|originality(?:/value)?|outcomes?|outcome measures?|"
    "participants?|patients?|patients? and methods?|practical implications?|principal findings|problem|"
    "purposes?|purpose of (?:the )?(?:review|study)|rationale|recent findings|recommendations?|registration|relevance|"
    "research (?:design(?: and methods)?|limitations/implications|question)|results?|results? and (?:conclusions?|"
    "discussion)|sample|scope|search (?:methods|strategy)|selection criteria|setting|settings? and participants|"
    "significance|social implications|statement of significance|study (?:design|selection|population)|subjects?|"
    "subjects? and methods?|summary|teaching points|theory|trial registration|unlabelled|unassigned"
)
# At the beginning or after the end of a sentence, and with a colon or in brackets.
_LABEL = re.compile(
    rf"(?:\A|(?<=[.;:?!)\]]\s)|(?<=[.;?!)\]])(?=[A-Z]))(?:(?:{_WORDS})\s*:|\[(?:{_WORDS})\]\s*:?)\s*",
    re.IGNORECASE,
)


def without_labels(text: str) -> str:
    """An abstract without the labels of its parts."""
    if ":" not in text and "[" not in text:
        return text
    return " ".join(_LABEL.sub("", text).split())
