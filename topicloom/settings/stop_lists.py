"""The languages that have a list of stop words."""

from __future__ import annotations

import functools

ENGLISH = "english"


@functools.cache
def languages_with_list() -> tuple[str, ...]:
    """The languages whose name tmo.represent.stop_words may be: scikit-learn's English, and those of stop-words."""
    from stop_words import AVAILABLE_LANGUAGES

    return tuple(sorted({ENGLISH, *map(str, AVAILABLE_LANGUAGES)}))
