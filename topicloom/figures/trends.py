"""Topics over the years: one small chart for each of those that grow or decline, and of the largest others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicloom.atlas.atlas import Atlas
from topicloom.atlas.trends import DECLINING, GROWING, UNDATED
from topicloom.atlas.years import FEW, Period, YearQuality, listed_years, periods
from topicloom.figures.boxes import Box
from topicloom.figures.ground import short
from topicloom.figures.metrics import round_scale, text_height, wrapped
from topicloom.figures.sheet import MARGIN, Page, Sheet, notes_height
from topicloom.figures.style import GRID, INK, MUTED, TYPE
from topicloom.phrasing import signed
from topicloom.store.csv_tables import records

_ACROSS = {"single": 2, "double": 4}
_ROWS = 2  # of each kind
_GAP = 9.0  # points between two charts
_AXIS = 20.0  # points for the numbers left of a chart
_PLOT = 44.0  # height of a chart
_LINE = text_height(1, TYPE)
_HEAD = 3 * _LINE + 3  # name in two lines, and the trend
_FOOT = _LINE + 6  # years
_ROW = _HEAD + _PLOT + _FOOT
_APART = 7.0  # points between two kinds
_HEADING = _LINE + 4 + _APART
_SURE = 1.96


@dataclass
class _Strokes:
    """The lines of all charts, drawn together: shapes and their colours."""

    grid: list[tuple[Any, str]] = field(default_factory=list)
    bands: list[tuple[Any, str]] = field(default_factory=list)
    solid: list[tuple[Any, str]] = field(default_factory=list)
    dotted: list[tuple[Any, str]] = field(default_factory=list)
    dots: list[tuple[Any, str]] = field(default_factory=list)

    def draw(self, sheet: Sheet) -> None:
        """Draw them onto a sheet."""
        look = {"alpha": 0.22, "zorder": 2}
        for found, width, style, zorder in (
            (self.grid, 0.4, "-", 1),
            (self.solid, 1.2, "-", 3),
            (self.dotted, 1.0, ":", 3),
        ):
            if found:
                shapes, colours = zip(*found, strict=True)
                sheet.lines(shapes, colours, width, linestyles=style, zorder=zorder)
        if self.bands:
            sheet.areas([band for band, _ in self.bands], [colour for _, colour in self.bands], **look)
        sheet.dots([place for place, _ in self.dots], [colour for _, colour in self.dots], 9, zorder=3)


@dataclass(frozen=True)
class _Kind:
    """Topics of one kind of trend: what stands above them, and their rows of the topics' table."""

    heading: str
    topics: list[Any]


def trends(atlas: Atlas, page: Page) -> list[str]:
    """Share of the year's papers of single topics, with 95 % intervals; nothing without years."""
    over_time = atlas.over_time[atlas.over_time["Topic"] != -1] if len(atlas.over_time) else atlas.over_time
    years = atlas.years
    if over_time.empty or years is None or not atlas.topics["Field"].any():
        return []
    counts = over_time.pivot(index="Topic", columns="Year", values="Count")
    across = _ACROSS[page.column]
    kinds = list(_kinds(atlas, _ROWS * across))
    notes = _notes(atlas, years)
    rows = sum(-(-len(kind.topics) // across) for kind in kinds)
    below = notes_height(notes, page)
    sheet = Sheet(page, below + rows * _ROW + len(kinds) * _HEADING - _APART + MARGIN)
    sheet.notes(notes)
    width = (page.width - 2 * MARGIN - (across - 1) * _GAP) / across
    of_periods, top, strokes = periods(years), sheet.height - MARGIN, _Strokes()
    for kind in kinds:
        sheet.write(MARGIN, top, kind.heading, va="top", color=INK)
        top -= _LINE + 4
        for number, topic in enumerate(kind.topics):
            row, column = divmod(number, across)
            frame = Box(MARGIN + column * (width + _GAP), top - (row + 1) * _ROW, width, _ROW)
            own = counts.loc[topic.Topic] if topic.Topic in counts.index else None
            last = number + across >= len(kind.topics)  # of its column
            _chart(sheet, strokes, frame, topic, of_periods, own, years=last)
        top -= -(-len(kind.topics) // across) * _ROW + _APART
    strokes.draw(sheet)
    return sheet.keep("trends")


def _kinds(atlas: Atlas, most: int) -> Iterator[_Kind]:
    """What grows and what declines, the surest first, and the largest others where room is left."""
    fields = atlas.topics[atlas.topics["Field"].astype(bool)]
    left = 2 * most
    for reading, column, rising in ((GROWING, "TrendLow", False), (DECLINING, "TrendHigh", True)):
        found = fields[fields["TrendReading"] == reading].sort_values([column, "Topic"], ascending=[rising, True])
        shown = found.head(most)
        if len(shown):
            rest = f", the {len(shown)} surest" if len(shown) < len(found) else ""
            yield _Kind(f"{reading}: {len(found):,} of {len(fields):,} topics{rest}", list(records(shown)))
        left -= len(shown)
    others = fields[~fields["TrendReading"].isin((GROWING, DECLINING))].sort_values(
        ["Count", "Topic"], ascending=[False, True]
    )
    if len(others) and left >= most:
        shown = others.head(most)
        rest = f", the {len(shown)} largest" if len(shown) < len(others) else ""
        yield _Kind(f"no clear trend, or none: {len(others):,} of {len(fields):,} topics{rest}", list(records(shown)))


def _notes(atlas: Atlas, years: YearQuality) -> list[str]:
    dated = int(atlas.papers["year"].notna().sum())
    return [
        f"n = {dated:,} papers with a year" + (f" of {len(atlas.papers):,}" if dated < len(atlas.papers) else ""),
        "share of the year's papers, in percent, with its 95 % interval; each chart has a scale of its own",
        f"{listed_years(years.incomplete)} not complete (dotted)" if years.incomplete else "",
        f"years with fewer than {FEW} papers pooled" if years.thin else "",
    ]


def _chart(
    sheet: Sheet,
    strokes: _Strokes,
    frame: Box,
    topic: Any,
    of_periods: list[Period],
    counts: pd.Series[int] | None,
    *,
    years: bool,
) -> None:
    """years: whether the first and the last one stand below."""
    plot = Box(frame.left + _AXIS, frame.bottom + _FOOT, frame.width - _AXIS - 6, _PLOT)
    lines = wrapped(short(str(topic.Label)), frame.width, TYPE, 2)
    foot = plot.top + _LINE + 3
    sheet.write(frame.left, foot, lines, va="bottom", color=topic.Colour)
    sheet.write(frame.left, foot - _LINE, _said(topic), va="bottom", color=MUTED)
    if counts is None:
        sheet.write(plot.left + plot.width / 2, plot.bottom + plot.height / 2, UNDATED, ha="center", color=MUTED)
        return
    shares, low, high = _shares(counts, of_periods)
    top, step = round_scale(float(high.max(initial=0)))
    at = np.array([period.middle for period in of_periods])
    start, end = (float(at[0]), float(at[-1])) if len(at) > 1 else (float(at[0]) - 0.5, float(at[0]) + 0.5)

    def place(x: Any, y: Any) -> NDArray[np.float64]:
        across = plot.left + plot.width * (np.asarray(x) - start) / (end - start)
        return np.column_stack([across, plot.bottom + plot.height * np.asarray(y) / top])

    for value in np.arange(0, top + step / 2, step):
        level = place([start, end], [value, value])
        strokes.grid.append((level, MUTED if value == 0 else GRID))
    for value in (0, top):
        y = plot.bottom + plot.height * value / top
        sheet.write(plot.left - 3, y, f"{value:g}", ha="right", va="center_baseline", color=MUTED)
    for year, side in _ends(at) if years else ():
        x = float(place([year], [0])[0, 0])
        sheet.write(x, plot.bottom - 3, f"{year:.0f}", ha=side, va="top", color=MUTED)
    _add_shares(strokes, place, of_periods, at, (shares, low, high), str(topic.Colour))


def _ends(at: NDArray[np.float64]) -> list[tuple[float, str]]:
    """The years that stand below a chart, and how they are aligned."""
    return [(float(at[0]), "left"), (float(at[-1]), "right")] if len(at) > 1 else [(float(at[0]), "center")]


def _said(topic: Any) -> str:
    """A trend in figures, or why there is none."""
    if pd.isna(topic.Trend):
        return str(topic.TrendReading)
    rate, low, high = (signed(float(value)) for value in (topic.Trend, topic.TrendLow, topic.TrendHigh))
    said = f"{rate} % a year ({low} to {high})"
    return said.replace("-", "\N{MINUS SIGN}")


def _shares(
    counts: pd.Series[int], of_periods: list[Period]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Share of each period in percent, and its 95 % interval (Wilson 1927)."""
    of = np.array([period.papers for period in of_periods], dtype=float)
    own = np.array([counts.loc[period.first : period.last].sum() for period in of_periods], dtype=float)
    share = own / of
    middle = (own + _SURE**2 / 2) / (of + _SURE**2)
    reach = _SURE / (of + _SURE**2) * np.sqrt(of * share * (1 - share) + _SURE**2 / 4)
    return 100 * share, 100 * np.maximum(middle - reach, 0), 100 * (middle + reach)


def _add_shares(
    strokes: _Strokes,
    place: Any,
    of_periods: list[Period],
    at: NDArray[np.float64],
    shares: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    colour: str,
) -> None:
    """Complete periods as a line with its interval, the others as dots of a line."""
    share, low, high = shares
    whole = np.flatnonzero([period.complete for period in of_periods])
    first, last = (int(whole[0]), int(whole[-1])) if len(whole) else (len(at), len(at) - 1)
    inside = slice(first, last + 1)
    if last > first:
        band = np.concatenate([place(at[inside], low[inside]), place(at[inside], high[inside])[::-1]])
        strokes.bands.append((band, colour))
        strokes.solid.append((place(at[inside], share[inside]), colour))
    # From the first and the last complete period on, so that the line does not break.
    for part in (slice(0, first + 1), slice(max(last, 0), len(at))):
        if len(at[part]) > 1:
            strokes.dotted.append((place(at[part], share[part]), colour))
    if first == last:
        strokes.dots.append((place(at[inside], share[inside])[0], colour))
