"""The year in what databases write for a date."""

from __future__ import annotations

import re
import unicodedata

_YEAR = r"(?<!\d)(1[5-9]\d\d|20\d\d|21\d\d)"
_ALONE = re.compile(_YEAR + r"(?!\d)")
_RUN_TOGETHER = re.compile(_YEAR + r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])?(?!\d)")


def read_year(value: str) -> int | None:
    """The year, from 1500 to 2199, of a date as databases write it; None where there is none.

    A year alone (2019, 2019.0), before or after month and day in words or numbers (2019 Mar 13, 2019 Mar-Apr, 2019-05,
    2019/05/17, 13.05.2019, March 2019, 2019年5月), or run together with them (20190517, 201905). Of a span the first
    year counts, as in PubMed (1998 Dec-1999 Jan).
    """
    plain = unicodedata.normalize("NFKC", value)  # digits of full width
    found = _ALONE.search(plain) or _RUN_TOGETHER.search(plain)
    return int(found.group(1)) if found else None
