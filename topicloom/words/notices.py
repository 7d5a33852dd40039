"""What databases and publishers put into abstracts that is none: placeholders and rights notices."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TAIL = 600  # characters at the end of a text that are looked at
_PLACEHOLDER = re.compile(
    r"""(?:
        \[\s*no\s+(?:author\s+|english\s+)?abstracts?(?:\s+(?:is|was))?(?:\s+(?:available|provided|found|supplied))?\s*\]
      | \[\s*(?:abstract\s+)?not\s+available\s*\]
      | \bno\s+(?:author\s+|english\s+)?abstract\s+(?:(?:is|was)\s+)?(?:available|provided|found|supplied)
      | \babstract\s+(?:(?:is|was)\s+)?(?:not\s+available|not\s+provided|unavailable)
      | \bthis\s+(?:article|paper|item|publication|record)\s+(?:has|contains)\s+no\s+abstract
    )[\s.]*\Z""",
    re.IGNORECASE | re.VERBOSE,
)
# To the end of a sentence; the full stop of "Ltd." and of an initial ends none.
_REST = r"(?:[^.]|(?<=\bLtd)\.|(?<=\bInc)\.|(?<=\bCo)\.|(?<=\bCorp)\.|(?<=\bSt)\.|(?<=\b[A-Z])\.){0,160}"
_NOTICE = re.compile(
    rf"""(?:\A|(?<=[\s.;]))(?:
        all\s+rights\s+(?:are\s+)?reserved
      | (?:crown\s+)?copyright\s*(?:©|ⓒ|\(c\)|\d{{4}}|by\b){_REST}
      | (?:©|ⓒ){_REST}
      | \(c\)\s*(?:\d{{4}}|the\b|by\b|copyright){_REST}
      | (?<=[.;]\s)published\s+by\s+{_REST}
      | licensee\s+{_REST}
      | this\s+is\s+an\s+open[\s-]access\s+article\b.{{0,400}}
      | this\s+(?:article|work)\s+is\s+licen[sc]ed\s+under\b.{{0,300}}
    )[\s.;]*\Z""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_MOST_NOTICES = 5
_OF_PLACEHOLDERS = ("abstract", "available")
_OF_NOTICES = ("rights", "copyright", "©", "ⓒ", "(c)", "published by", "licen", "open access", "open-access")


def without_notices(text: str) -> str:
    """Cut what is no abstract from the end of a text: a placeholder for a missing one, and rights notices.

    Args:
        text: Title and abstract.

    Returns:
        The text without them.

    Example:
        >>> without_notices("Deep maps. We map. (c) 2020 Elsevier Ltd. All rights reserved.")
        'Deep maps. We map.'
    """
    return cut_rights(cut_placeholder(text))


def notice_facts(texts: Sequence[str]) -> dict[str, int]:
    """Count the texts that end in what is no abstract.

    Args:
        texts: Titles and abstracts.

    Returns:
        `placeholders`: texts that end in a placeholder for a missing abstract. `rights_notices`: in a rights notice.

    Example:
        >>> notice_facts(["Deep maps. [No abstract available]", "Deep maps."])
        {'placeholders': 1, 'rights_notices': 0}
    """
    return {
        "placeholders": sum(cut_placeholder(text) != text for text in texts),
        "rights_notices": sum(cut_rights(text) != text for text in texts),
    }


def cut_placeholder(text: str) -> str:
    """Cut a placeholder for a missing abstract from the end of a text.

    Args:
        text: Title and abstract.

    Returns:
        The text without it.

    Example:
        >>> cut_placeholder("Deep maps. No abstract available.")
        'Deep maps.'
    """
    if not _may_hold(text, _OF_PLACEHOLDERS):
        return text
    found = _PLACEHOLDER.search(text, max(len(text) - _TAIL, 0))
    return text[: found.start()].rstrip() if found else text


def _may_hold(text: str, marks: Sequence[str]) -> bool:
    """Whether the end of a text holds one of some words: most hold none, and patterns take long to say so."""
    tail = text[-_TAIL:].lower()
    return any(mark in tail for mark in marks)


def cut_rights(text: str) -> str:
    """Cut the last sentences of a text as long as they are rights notices, five at most.

    Args:
        text: Title and abstract.

    Returns:
        The text without them.

    Example:
        >>> cut_rights("We map. Published by Elsevier Ltd. All rights reserved.")
        'We map.'
    """
    if not _may_hold(text, _OF_NOTICES):
        return text
    for _ in range(_MOST_NOTICES):
        found = _NOTICE.search(text, max(len(text) - _TAIL, 0))
        if not found:
            break
        text = text[: found.start()].rstrip()
    return text
