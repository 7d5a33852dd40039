"""Topics by size and growth, and the strategic map of a field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicloom.atlas.atlas import Atlas
from topicloom.atlas.moves import EMERGING
from topicloom.atlas.strategic import BASIC, MARGINAL, MOTOR, NICHE, percent_ranks
from topicloom.figures.boxes import Box
from topicloom.figures.free import draw_numbers, in_free_places
from topicloom.figures.ground import short
from topicloom.figures.legend import Key, draw_keys, key_height
from topicloom.figures.metrics import block_width, text_height
from topicloom.figures.sheet import MARGIN, Page, Sheet, notes_height, plain
from topicloom.figures.style import MUTED, TYPE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEAST_TOPICS = 2
_NAMED = {"single": 5, "double": 12}  # growing topics, and declining ones
_OF_QUARTER = {"single": 4, "double": 7}
_LARGEST = {"single": 90.0, "double": 220.0}  # square points of the largest circle
_HEIGHT = {"single": 230.0, "double": 320.0}
_LEFT, _BELOW = 34.0, 26.0  # points for the numbers and names of the axes
_CORNERS = {MOTOR: (1, 1), BASIC: (1, 0), NICHE: (0, 1), MARGINAL: (0, 0)}


def growth_by_size(atlas: Atlas, page: Page, moves: pd.DataFrame) -> list[str]:
    """Papers of each topic against how fast its share grows; nothing where fewer than two topics have a trend."""
    topics = atlas.topics.assign(State=moves["State"].to_numpy())
    shown = topics[topics["Trend"].notna() & topics["Field"]]
    if len(shown) < _LEAST_TOPICS:
        return []
    without = len(topics) - len(shown)
    notes = [
        f"n = {len(shown):,} topics" + (f", {without:,} more have no trend" if without else ""),
        "lines: 95 % intervals that leave 0 out; rings: emerging; dotted: the median of the sizes",
    ]
    size, trend = shown["Count"].to_numpy(dtype=float), shown["Trend"].to_numpy(dtype=float)
    low, high = (shown[name].to_numpy(dtype=float) for name in ("TrendLow", "TrendHigh"))
    colours = shown["Colour"].to_numpy(dtype=object)
    emerging, sure = (shown["State"] == EMERGING).to_numpy(), np.maximum(low, -high)
    # The intervals of all would hide what is beyond doubt.
    clear = sure > 0
    # First those that people look for: what emerges, what grows or declines beyond doubt, what is large.
    order = np.lexsort((-size, -sure, ~emerging))
    parts = [("growing", clear & (trend > 0)), ("declining", clear & (trend < 0))]
    if not clear.any():
        parts = [("no clear trend, share rising", trend > 0), ("no clear trend, share falling", trend < 0)]
    keys, named = _keys(shown, [(name, order[of_part[order]]) for name, of_part in parts], _NAMED[page.column])
    sheet, box, axes = _chart(page, notes, keys)
    axes.vlines(size[clear], low[clear], high[clear], color=list(colours[clear]), alpha=0.45, linewidth=0.8)
    areas = np.where(clear, 14, 7)
    axes.scatter(size, trend, s=areas, color=list(colours), edgecolors="white", linewidths=0.4, zorder=3)
    axes.scatter(size[emerging], trend[emerging], s=34, facecolors="none", edgecolors=MUTED, linewidths=0.8, zorder=3)
    axes.axhline(0, color=MUTED, linewidth=0.8)
    axes.axvline(float(np.median(size)), color=MUTED, linewidth=0.6, linestyle=":")
    axes.set_xscale("log")
    sheet.name_axes(box, "papers of the topic", "growth of its share, % a year")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    low_size, high_size = float(size.min()), float(size.max())
    if low_size == high_size:
        axes.set_xlim(low_size * 0.8, high_size * 1.25)
    digits = "25" if high_size > 5 * low_size else "123456789"
    axes.xaxis.set_minor_formatter(lambda value, _: f"{value:,.0f}" if f"{value:.0f}"[0] in digits else "")
    axes.tick_params(which="minor", labelsize=TYPE, colors=MUTED, length=1.5, width=0.4, pad=2)
    axes.margins(0.04)
    places = _places(sheet, axes, size, trend)
    spans = np.concatenate([_places(sheet, axes, size[clear], end[clear]) for end in (low, high)])
    half = len(spans) // 2
    taken = [
        Box(float(x), float(start), 0.5, float(end - start))
        for (x, start), (_, end) in zip(spans[:half], spans[half:], strict=True)
    ]
    _number(sheet, box, named, places, np.sqrt(areas / np.pi) + np.where(emerging, 1.5, 0), taken, colours)
    return sheet.keep("growth")


def strategic_map(atlas: Atlas, page: Page, moves: pd.DataFrame) -> list[str]:
    """Centrality and density of each topic; nothing where fewer than two topics have them."""
    known = (moves["Centrality"].notna() & moves["Density"].notna() & atlas.topics["Field"].to_numpy()).to_numpy()
    if known.sum() < _LEAST_TOPICS:
        return []
    shown, topics = moves[known], atlas.topics[known]
    notes = [f"n = {len(shown):,} topics", "areas of circles: papers; both axes by rank, so that the medians part them"]
    # By rank: the measures are spread over magnitudes, and the quarters are parted by the medians.
    across, up = (percent_ranks(shown[name]) for name in ("Centrality", "Density"))
    count = topics["Count"].to_numpy(dtype=float)
    quarters = shown["Quarter"].to_numpy()
    by_size = np.lexsort((topics["Topic"], -count))
    parts = [(f"{quarter}s", by_size[quarters[by_size] == quarter]) for quarter in (NICHE, MOTOR, MARGINAL, BASIC)]
    keys, named = _keys(topics, parts, _OF_QUARTER[page.column])
    sheet, box, axes = _chart(page, notes, keys)
    areas = np.maximum(_LARGEST[page.column] * count / count.max(), 5)
    axes.scatter(across, up, s=areas, c=topics["Colour"].tolist(), alpha=0.8, edgecolors="white", linewidths=0.4)
    for line in (axes.axhline, axes.axvline):
        line(50, color=MUTED, linewidth=0.8)
    unit = "rank" if page.narrow else "rank, in percent"
    sheet.name_axes(box, f"centrality: ties to other topics ({unit})", f"density: ties within the topic ({unit})")
    axes.set_xlim(-4, 104)
    axes.set_ylim(-9, 109)
    axes.grid(visible=False)
    corners = [_corner(sheet, box, f"{quarter}s", *place) for quarter, place in _CORNERS.items()]
    places = _places(sheet, axes, across, up)
    colours = topics["Colour"].to_numpy(dtype=object)
    _number(sheet, box, named, places, np.sqrt(areas / np.pi), corners, colours)
    return sheet.keep("strategic_map")


def _keys(
    topics: pd.DataFrame, parts: list[tuple[str, NDArray[np.int64]]], most: int
) -> tuple[list[Key], NDArray[np.int64]]:
    """Names for the first topics of each part, numbered through, and the rows of these topics."""
    labels, colours = topics["Label"].astype(str).to_numpy(), topics["Colour"].to_numpy(dtype=object)
    keys: list[Key] = []
    named: list[int] = []
    for heading, rows in parts:
        shown = [int(row) for row in rows[:most]]
        if shown:
            numbers = list(range(len(named) + 1, len(named) + len(shown) + 1))
            rest = f" ({len(shown)} of {len(rows)})" if len(shown) < len(rows) else ""
            names = [short(labels[row]) for row in shown]
            keys.append(Key(f"{heading}{rest}", numbers, names, [str(colours[row]) for row in shown]))
            named += shown
    return keys, np.array(named, dtype=np.int64)


def _chart(page: Page, notes: list[str], keys: list[Key]) -> tuple[Sheet, Box, Axes]:
    foot = notes_height(notes, page)
    below = foot + key_height(keys, page)
    sheet = Sheet(page, below + _BELOW + _HEIGHT[page.column] + 3 * MARGIN)
    sheet.notes(notes)
    draw_keys(sheet, keys, foot)
    box = Box(MARGIN + _LEFT, below + _BELOW, page.width - _LEFT - 3 * MARGIN, _HEIGHT[page.column])
    axes = sheet.axes(box)
    plain(axes)
    return sheet, box, axes


def _corner(sheet: Sheet, box: Box, text: str, right: int, top: int) -> Box:
    """Name a quarter in its corner."""
    width, height = block_width(text, TYPE), text_height(1, TYPE)
    own = Box(
        box.right - width - 2 if right else box.left + 3, box.top - height if top else box.bottom + 2, width, height
    )
    sheet.write(own.left, own.bottom, text, va="bottom", color=MUTED)
    return own


def _places(sheet: Sheet, axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places on the sheet of places in a chart, (n, 2), whose limits are settled by then."""
    axes.get_xlim(), axes.get_ylim()  # asked for, so that matplotlib settles them now
    found: NDArray[np.float64] = np.asarray(axes.transData.transform(np.column_stack([x, y]))) * 72 / sheet.figure.dpi
    return found


def _number(
    sheet: Sheet,
    box: Box,
    named: NDArray[np.int64],
    places: NDArray[np.float64],
    radii: NDArray[np.float64],
    taken: list[Box],
    colours: NDArray[Any],
) -> None:
    """Write the numbers of the topics in `named`, from 1, beside their points."""
    wanted = [((float(places[row][0]), float(places[row][1])), str(colours[row])) for row in named]
    draw_numbers(sheet, in_free_places(wanted, box, places, radii, taken))
