"""Rights notices in exported abstracts: at the end, and at the beginning where Scopus puts them."""

from __future__ import annotations

import re

from topicloom.words.notices import cut_rights

_TAIL = 700  # characters at the end that are looked at
_MOST_NOTICES = 3  # of different kinds, one after another
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
# Notices of more than one sentence: physics journals under an open licence, "(c) 2018. The Author(s)", translations.
_LONGER = re.compile(
    r"""(?:\A|(?<=[\s.;]))(?:
        published\s+by\s+[^.]{1,90}\s+under\s+the\s+terms\s+of\s+.{0,160}?licen[cs]e\.
          (?:\s*further\s+distribution\s+.{0,180}?doi\.)?(?:\s*funded\s+by\s+.{0,200})?
      | (?:content\s+from\s+|all\s+content\s+of\s+)?this\s+(?:work|article|paper),?\s+
          (?:is|may\s+be\s+used)\s+(?:licen[cs]ed\s+)?under\s+.{0,40}creative\s+commons.{0,160}
      | [^.]{0,40}\bexcept\s+where\s+otherwise\s+noted,.{0,60}creative\s+commons.{0,160}
      | (?:©|\(c\)(?=\s*\d{4}))\s*[^.]{1,40}\.\s+(?:the\s+)?authors?(?:\(s\))?
      | (?:©|\(c\)(?=\s*\d{4})).{0,120}\bissn\b.{0,240}
    )[\s.]*\Z""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_MARKS_OF_LONGER = ("commons", "author", "issn")
_BRACKETED = re.compile(r"\(\s*©\s*\)")
_THIRD = re.compile(r"\(c\)(?!\s*(?:\d{4}|copyright))", re.IGNORECASE)  # of a list, after (a) and (b)
_HIDDEN = "\0"  # of which no text holds one
_DASHES = re.compile(r"(?<=reserved)[\s.]*[-\u2013\u2014]+\s*\Z", re.IGNORECASE)


def without_rights(text: str) -> str:
    """An abstract without rights notices at its end or beginning.

    Example:
        >>> without_rights("We map. (C) 2019 Elsevier B.V."), without_rights("(a) We, (b) maps, (c) the words.")
        ('We map.', '(a) We, (b) maps, (c) the words.')
    """
    if "(b)" not in text.lower():
        return _without_rights(text)
    return _without_rights(_THIRD.sub(lambda found: _HIDDEN + found[0][1:], text)).replace(_HIDDEN, "(")


def _without_rights(text: str) -> str:
    text = _without_first(text)
    for _ in range(_MOST_NOTICES):
        if (cut := _without_last(text)) == text:
            break
        text = cut
    return text


def _without_last(text: str) -> str:
    text = _without_longer(text)
    tail = text[-_TAIL:].lower()
    if "data mining" in tail:
        text = _MACHINES.sub("", text)
    if "(c)" in tail or "©" in tail or "copyright" in tail:
        bare = _CITED.sub("", text)
        if (cut := cut_rights(bare)) != bare:
            text = cut
    return cut_rights(text)


def _without_longer(text: str) -> str:
    tail = text[-_TAIL:].lower()
    if "reserved" in tail:
        text = _DASHES.sub("", text)
    if "©" in tail:
        text = text[:-_TAIL] + _BRACKETED.sub("©", text[-_TAIL:])
    found = None
    if any(mark in tail for mark in _MARKS_OF_LONGER):
        found = _LONGER.search(text, max(len(text) - _TAIL, 0))
    return text[: found.start()].rstrip() if found else text


def _without_first(text: str) -> str:
    found = _FIRST.match(text) if text[:1] in "©(cC" else None
    return text[found.end() :] if found else text
