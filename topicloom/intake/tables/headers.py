"""What the header of a table tells: whose it is, and how many of its names are known."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

from topicloom.intake.tables.known import LAYOUTS
from topicloom.intake.tables.layout import ALIASES, PAGES, Layout, plain


@functools.cache
def _all_names() -> frozenset[str]:
    named = [name for names in ALIASES.values() for name in names]
    marks = [name for layout in LAYOUTS for mark in layout.marks for name in mark]
    return frozenset([*named, *marks, *PAGES])


def known_names(header: Iterable[str]) -> int:
    """How many names of a header are known."""
    return sum(plain(name) in _all_names() for name in header)


def layout_of(header: Sequence[str]) -> Layout | None:
    """The layout of a database whose header it is; None where it is of none that is known."""
    names = {plain(name) for name in header}
    return next((layout for layout in LAYOUTS if any(mark <= names for mark in layout.marks)), None)
