"""Rights notices in exported abstracts: at the end, and at the beginning where Scopus puts them."""

from __future__ import annotations

import re

from topicloom.words.notices import cut_rights

_TAIL = 700  # characters at the end that are looked at
# What publishers add since 2023; the notice before it is then at the end.
_MACHINES = re.compile(
    r"[,.;]?\s*(?:including|which\s+include)\s+(?:those|rights|the\s+rights)\s+for\s+text\s+and\s+data\s+mining\b"
    r"[^.]{0,200}[.\s]*\Z",
    re.IGNORECASE,
)
_FIRST = re.compile(
    r"(?:copyright\s*)?(?:©|\(c\))\s*(?:copyright\s*)?(?:by\s+)?(?:19|20)\d\d[,:]?\s+"
    r"(?:[^.]|(?<=\bLtd)\.|(?<=\bInc)\.|(?<=\bCo)\.|(?<=\b[A-Z])\.){1,100}\.(?:\s*all\s+rights\s+reserved\.)?\s+(?=[A-Z\d])",
    re.IGNORECASE,
)
# A journal's own reference after the notice: "(c) 2017 Wiley Periodicals, Inc. J. Polym. Sci. 2017, 55, 980-989".
_CITED = re.compile(
    r"(?<=\.)\s(?:[A-Z][\w&-]*[.:,]{0,2}\s+){1,10}(?:19|20)\d\d[,;:]\s*[\w.\s,;:()-]{1,40}\Z"
    r"|(?<=[.)])\s*\[(?:https?://|doi:)[^\[\]]{1,120}\]\.?\Z",
    re.IGNORECASE,
)


def without_rights(text: str) -> str:
    """An abstract without rights notices at its end or beginning."""
    text = _without_first(text)
    tail = text[-_TAIL:].lower()
    if "data mining" in tail:
        text = _MACHINES.sub("", text)
    if "(c)" in tail or "©" in tail or "copyright" in tail:
        bare = _CITED.sub("", text)
        if (cut := cut_rights(bare)) != bare:
            text = cut
    return cut_rights(text)


def _without_first(text: str) -> str:
    found = _FIRST.match(text) if text[:1] in "©(cC" else None
    return text[found.end() :] if found else text
