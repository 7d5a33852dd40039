"""What stands below a figure: which colour is which group of topics, which number which topic."""

from __future__ import annotations

from dataclasses import dataclass

from topicloom.atlas.atlas import Atlas
from topicloom.atlas.colours import OUTLIER
from topicloom.figures.ground import group_colours
from topicloom.figures.metrics import cut, text_height
from topicloom.figures.sheet import MARGIN, Page, Sheet
from topicloom.figures.style import INK, TYPE

_DOT = 22.0  # square points
_INDENT = 9.0  # points from the middle of a dot to its name


@dataclass(frozen=True)
class Entry:
    """A dot and what it stands for."""

    colour: str
    text: str
    ring: bool = False


def group_entries(atlas: Atlas) -> list[Entry]:
    """The coarsest groups with their colours; none where there are topics only."""
    if atlas.levels.shape[1] < 2:
        return []
    groups = atlas.groups[atlas.groups["Level"] == 0].sort_values("Code")
    colours = group_colours(atlas, 0)
    return [Entry(colours[code], str(label)) for code, label in zip(groups["Code"], groups["Label"], strict=True)]


def other_entries(atlas: Atlas) -> list[Entry]:
    """What else is on a map of papers: those in no topic, those that were placed."""
    outliers = int((atlas.papers["Topic"] == -1).sum())
    placed = int(atlas.papers["placed"].sum())
    return [
        *([Entry(OUTLIER, f"in no topic: {outliers:,} papers")] if outliers else []),
        *([Entry(INK, f"placed among papers fitted before: {placed:,}", ring=True)] if placed else []),
    ]


def legend_height(entries: list[Entry], page: Page) -> float:
    """How much of a sheet's height a legend takes, in points, with the room above it."""
    rows = -(-len(entries) // _columns(page))
    return text_height(rows, TYPE) + 6 if rows else 0.0


def _columns(page: Page) -> int:
    return 1 if page.narrow else 2


def draw_legend(sheet: Sheet, entries: list[Entry], bottom: float) -> None:
    """Draw a legend whose foot is at `bottom`, in points; it is read down its columns."""
    columns = _columns(sheet.page)
    rows = -(-len(entries) // columns)
    width = (sheet.width - 2 * MARGIN) / columns
    for number, entry in enumerate(entries):
        column, row = divmod(number, rows)
        x, y = MARGIN + 4 + column * width, bottom + text_height(1, TYPE) * (rows - row - 0.5)
        look = {"facecolors": "none", "edgecolors": entry.colour, "linewidths": 0.6} if entry.ring else {}
        sheet.dots([(x, y)], None if entry.ring else [entry.colour], _DOT, **look)
        sheet.write(x + _INDENT, y, cut(entry.text, width - _INDENT - 6, TYPE), va="center_baseline", color=INK)


@dataclass(frozen=True)
class Key:
    """Numbered names under a heading; colours: of the names."""

    heading: str
    numbers: list[int]
    names: list[str]
    colours: list[str]


def key_height(keys: list[Key], page: Page) -> float:
    """How much of a sheet's height keys take, in points, with the room above them."""
    return sum(_key_rows(keys, page)) * text_height(1, TYPE) + 6 if keys else 0.0


def _key_rows(keys: list[Key], page: Page) -> list[float]:
    """Lines of each row of keys, with half a line below."""
    columns = _columns(page)
    rows = [keys[start : start + columns] for start in range(0, len(keys), columns)]
    return [max(len(key.names) for key in row) + 1.5 for row in rows]


def draw_keys(sheet: Sheet, keys: list[Key], bottom: float) -> None:
    """Write keys whose foot is at `bottom`, in points, side by side where the sheet is wide enough."""
    columns, line = _columns(sheet.page), text_height(1, TYPE)
    width = (sheet.width - 2 * MARGIN) / columns
    top = bottom + key_height(keys, sheet.page) - 6
    rows = _key_rows(keys, sheet.page)
    for place, key in enumerate(keys):
        row, column = divmod(place, columns)
        x, y = MARGIN + column * width, top - sum(rows[:row]) * line
        sheet.write(x, y, key.heading, va="top", color=INK)
        for number, name, colour in zip(key.numbers, key.names, key.colours, strict=True):
            y -= line
            sheet.write(x + 9, y, str(number), va="top", ha="right", color=colour)
            sheet.write(x + 13, y, cut(name, width - 17, TYPE), va="top", color=colour)
