"""Where a paper stands: volume, issue and pages, in one spelling."""

from __future__ import annotations

import re

_BLANK = frozenset(["", "unknown", "na", "n a", "nan", "none", "null", "no pagination specified", "online first"])
_PAGE = r"[a-z]*\.?\s*\d+[a-z]?(?:\.[a-z]+\d+)?"
_PAGES = re.compile(rf"^\s*(?:pp?\.?\s*)?({_PAGE})\s*(?:[-\u2010-\u2015]+\s*({_PAGE}))?")


def plain(text: str) -> str:
    """A volume or issue: lower case, without zeros in front; blank where it says nothing."""
    bare = re.sub(r"[^0-9a-z]+", " ", text.lower()).strip()
    bare = re.sub(r"^(\d+)\b.*", r"\1", re.sub(r"\b(?:vol|volume|no|issue|supplement|suppl?)\b", "", bare).strip())
    return "" if bare in _BLANK else re.sub(r"\b0+(?=\d)", "", bare)


def pages(begin: str, end: str) -> tuple[str, str]:
    """First and last page, the last one whole ("1351-9" ends on 1359); blank what is not known.

    Args:
        begin: The first page, or all pages ("376 -- 383", "e1-e9", "742-8; discussion 748-9").
        end: The last page, where it is a field of its own.
    """
    found = _PAGES.match(begin.lower().strip(" \"'"))
    if not found:
        return "", ""
    first = re.sub(r"[^0-9a-z]", "", found[1]).lstrip("0") or "0"
    last = re.sub(r"[^0-9a-z]", "", found[2] or end.lower().split(";")[0]).lstrip("0")
    if first.isdigit() and last.isdigit() and len(last) < len(first):
        last = first[: -len(last)] + last
    return first, last


def overlap(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether two ranges of pages share a page: one of them has a slip, or names a part."""
    if not all(page.isdigit() for page in (*one, *other)):
        return False
    return int(one[0]) <= int(other[1]) and int(other[0]) <= int(one[1])
