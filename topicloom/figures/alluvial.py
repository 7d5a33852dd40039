"""How topics follow each other: a column a period, and bands to where its papers would have stood in the one before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicloom.atlas.atlas import Atlas
from topicloom.figures.boxes import Box
from topicloom.figures.ground import group_colours, short
from topicloom.figures.legend import Key, draw_keys, key_height
from topicloom.figures.metrics import text_height
from topicloom.figures.rim import Label, draw_labels, in_column
from topicloom.figures.sheet import MARGIN, Page, Sheet, notes_height
from topicloom.figures.style import MUTED, TYPE
from topicloom.phrasing import number_of

_STREAMS = 12  # in a column; the rest are one
_THIN = 0.003  # of a period's papers; thinner bands are left out
_HEIGHT = {"single": 200.0, "double": 280.0}
_NAMES = {"single": 10.0, "double": 118.0}  # points beside the first and the last column
_AWAY = 4.0
_BAR, _GAP = 6.0, 2.5  # width of a column, and what parts two streams in it
_HEAD = {"single": text_height(3, TYPE) + 4, "double": text_height(2, TYPE) + 4}  # years and papers
_STEPS = 24  # of a band's curve


@dataclass(frozen=True)
class Stream:
    """Topics that are drawn as one. topics: their numbers."""

    name: str
    colour: str
    topics: list[int]


@dataclass(frozen=True)
class Course:
    """What is drawn.

    Args:
        years: Of each period.
        sizes: (p, s) papers of each stream in each period.
        flows: (p, s, s) papers by period, the stream in which they would have stood before, and their own.
    """

    years: list[str]
    sizes: NDArray[np.int64]
    flows: NDArray[np.int64]

    @property
    def shares(self) -> NDArray[np.float64]:
        """(p, s) of the papers of each period that are in streams."""
        found: NDArray[np.float64] = self.sizes / np.maximum(self.sizes.sum(axis=1, keepdims=True), 1)
        return found


def alluvial(atlas: Atlas, page: Page, evolution: pd.DataFrame) -> list[str]:
    """Streams from period to period; nothing without periods or below two streams."""
    streams = streams_of(atlas)
    if len(streams) < 2 or evolution.empty:
        return []
    course = course_of(streams, evolution)
    papers = int(course.sizes.sum())
    aside = int((~atlas.topics["Field"].astype(bool)).sum())
    notes = [
        f"n = {number_of(papers, 'paper', form=',')} of complete years in topics",
        "bars: share of the period; bands: where its papers would have stood in the period before",
        f"bands of less than {100 * _THIN:g} % of a period are left out",
        f"without {number_of(aside, 'topic')} of papers without abstract" if aside else "",
    ]
    keys = _keys(streams, course) if page.narrow else []
    below = notes_height(notes, page) + key_height(keys, page)
    sheet = Sheet(page, below + _HEIGHT[page.column] + _HEAD[page.column] + 2 * MARGIN)
    sheet.notes(notes)
    draw_keys(sheet, keys, notes_height(notes, page))
    beside = MARGIN + _NAMES[page.column] + _AWAY
    box = Box(beside, below + MARGIN, page.width - 2 * beside, _HEIGHT[page.column])
    tops, scale = _places(course, box)
    _draw_bands(sheet, box, streams, course, tops, scale)
    _draw_bars(sheet, box, streams, course, tops, scale)
    _draw_heads(sheet, box, course)
    _draw_names(sheet, box, streams, course, tops - course.sizes * scale[:, None] / 2)
    return sheet.keep("alluvial")


def streams_of(atlas: Atlas) -> list[Stream]:
    """The coarsest groups in their order or, where there are not two, the largest topics and the others as one.

    Args:
        atlas: Of the analysis; topics that are no field are in no stream.
    """
    topics = atlas.topics[atlas.topics["Field"].astype(bool)].sort_values(["Count", "Topic"], ascending=[False, True])
    if atlas.levels.shape[1] > 1:
        groups = atlas.groups[atlas.groups["Level"] == 0].sort_values(["Papers", "Code"], ascending=[False, True])
        codes, colours = atlas.levels[topics.index.to_numpy(), 0], group_colours(atlas, 0)
        found = [
            Stream(str(label), colours[int(code)], topics.loc[codes == code, "Topic"].tolist())
            for code, label in zip(groups["Code"], groups["Label"], strict=True)
        ]
        found = [stream for stream in found if stream.topics]
        if len(found) > 1:
            return found
    alone = topics if len(topics) <= _STREAMS else topics.head(_STREAMS - 1)
    found = [
        Stream(short(str(label)), str(colour), [int(topic)])
        for topic, label, colour in zip(alone["Topic"], alone["Label"], alone["Colour"], strict=True)
    ]
    rest = topics["Topic"].iloc[len(alone) :].tolist()
    return [*found, *([Stream(f"{len(rest):,} other topics", MUTED, rest)] if rest else [])]


def course_of(streams: list[Stream], evolution: pd.DataFrame) -> Course:
    """Papers of the streams in each period, and from which they come.

    Args:
        streams: Of `streams_of`.
        evolution: Of `topicloom.atlas.evolution.evolution`.
    """
    place = {topic: at for at, stream in enumerate(streams) for topic in stream.topics}
    told = evolution.assign(to=evolution["Topic"].map(place), origin=evolution["EarlierTopic"].map(place))
    told = told[told["to"].notna()]
    periods = evolution.drop_duplicates("Period").sort_values("Period")
    at = {int(period): number for number, period in enumerate(periods["Period"])}
    sizes = np.zeros((len(at), len(streams)), dtype=np.int64)
    own = told.drop_duplicates(["Period", "Topic"])
    np.add.at(sizes, (own["Period"].map(at).to_numpy(int), own["to"].to_numpy(int)), own["Papers"].to_numpy(int))
    flows = np.zeros((len(at), len(streams), len(streams)), dtype=np.int64)
    known = told[told["origin"].notna()]
    where = (known["Period"].map(at).to_numpy(int), known["origin"].to_numpy(int), known["to"].to_numpy(int))
    np.add.at(flows, where, known["FromEarlier"].to_numpy(int))
    return Course([str(years).replace("-", "–") for years in periods["Years"]], sizes, flows)


def _places(course: Course, box: Box) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Upper edge of each stream in each period, (p, s), and points that a paper of a period takes, (p,)."""
    streams = course.sizes.shape[1]
    scale = (box.height - _GAP * (streams - 1)) / np.maximum(course.sizes.sum(axis=1), 1)
    high = course.sizes * scale[:, None]
    above = np.cumsum(high, axis=1) - high + _GAP * np.arange(streams)
    return box.top - above, scale


def _across(box: Box, course: Course) -> NDArray[np.float64]:
    """Left edge of each column, (p,)."""
    return np.linspace(box.left, box.right - _BAR, len(course.years))


def _draw_bands(
    sheet: Sheet,
    box: Box,
    streams: list[Stream],
    course: Course,
    tops: NDArray[np.float64],
    scale: NDArray[np.float64],
) -> None:
    across, outlines, colours = _across(box, course), [], []
    for period in range(1, len(course.years)):
        flows, papers = course.flows[period], int(course.sizes[period].sum())
        left, leaving, arriving = flows.sum(axis=1), tops[period - 1].copy(), tops[period].copy()
        for origin, to in np.argwhere(flows > 0):
            count = int(flows[origin, to])
            # At its beginning a band takes its part of the whole stream of the period before.
            begun = course.sizes[period - 1, origin] * scale[period - 1] * count / left[origin]
            ended = count * scale[period]
            if count >= _THIN * papers:
                ends = (across[period - 1] + _BAR, across[period])
                outlines.append(_band(ends, (leaving[origin], arriving[to]), (begun, ended)))
                colours.append(streams[origin].colour)
            leaving[origin] -= begun
            arriving[to] -= ended
    if outlines:
        sheet.areas(outlines, colours, alpha=0.4, zorder=2)


def _band(ends: tuple[float, float], tops: tuple[float, float], highs: tuple[float, float]) -> NDArray[np.float64]:
    """The outline of a band that leaves and arrives level, (2 * steps, 2)."""
    at = np.linspace(0, 1, _STEPS)
    part = at**2 * (3 - 2 * at)
    x = ends[0] + (ends[1] - ends[0]) * at
    upper = tops[0] + (tops[1] - tops[0]) * part
    lower = upper - (highs[0] + (highs[1] - highs[0]) * part)
    return np.concatenate([np.column_stack([x, upper]), np.column_stack([x, lower])[::-1]])


def _draw_bars(
    sheet: Sheet,
    box: Box,
    streams: list[Stream],
    course: Course,
    tops: NDArray[np.float64],
    scale: NDArray[np.float64],
) -> None:
    outlines, colours = [], []
    for x, sizes, upper, high in zip(_across(box, course), course.sizes, tops, scale, strict=True):
        for stream, papers, top in zip(streams, sizes, upper, strict=True):
            if papers:
                foot = top - papers * high
                outlines.append([(x, foot), (x + _BAR, foot), (x + _BAR, top), (x, top)])
                colours.append(stream.colour)
    sheet.areas(outlines, colours, zorder=3)


def _draw_heads(sheet: Sheet, box: Box, course: Course) -> None:
    """Years and papers of each period above its column."""
    last = len(course.years) - 1
    for number, (x, years, sizes) in enumerate(zip(_across(box, course), course.years, course.sizes, strict=True)):
        side = {0: "left", last: "right"}.get(number, "center") if sheet.page.narrow else "center"
        place = x + {"left": 0.0, "right": _BAR}.get(side, _BAR / 2)
        years = years.replace("–", "–\n") if sheet.page.narrow else years
        sheet.write(place, box.top + 4 + text_height(1, TYPE), years, ha=side, va="bottom")
        sheet.write(place, box.top + 4, f"{int(sizes.sum()):,}", ha=side, va="bottom", color=MUTED)


def _draw_names(sheet: Sheet, box: Box, streams: list[Stream], course: Course, middles: NDArray[np.float64]) -> None:
    """Names and shares beside the first and the last column; numbers where the sheet is narrow."""
    for period, x, ending in ((0, box.left - 1, True), (len(course.years) - 1, box.right + 1, False)):
        shown = np.flatnonzero(course.sizes[period])
        labels = [
            Label(
                x,
                float(middles[period, at]),
                str(at + 1)
                if sheet.page.narrow
                else f"{_percent(course.shares[period, at])} % {short(streams[at].name)}",
                streams[at].colour,
            )
            for at in shown
        ]
        wide = _NAMES[sheet.page.column]
        column = Box(MARGIN if ending else sheet.width - MARGIN - wide, box.bottom, wide, box.height)
        draw_labels(sheet, in_column(labels, column, ending=ending, lines=2), dots=False)


def _keys(streams: list[Stream], course: Course) -> list[Key]:
    """What the numbers of a narrow sheet mean, and the shares of the first and the last period."""
    names = [
        f"{short(stream.name)}: {_percent(first)} to {_percent(last)} %"
        for stream, first, last in zip(streams, course.shares[0], course.shares[-1], strict=True)
    ]
    heading = f"share of {course.years[0]} and {course.years[-1]}"
    return [Key(heading, list(range(1, len(names) + 1)), names, [stream.colour for stream in streams])]


def _percent(share: float) -> str:
    return f"{100 * share:.1f}" if share < 0.1 else f"{100 * share:.0f}"
