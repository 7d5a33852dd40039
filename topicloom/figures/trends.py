"""Topics over the years: one small chart for each of the largest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from topicloom.atlas.atlas import Atlas
from topicloom.atlas.trends import UNDATED
from topicloom.atlas.years import FEW, Period, listed_years, period_shares, periods
from topicloom.figures.labels import wrapped
from topicloom.figures.style import GRID, MUTED, blank_figure, few_ticks, keep
from topicloom.store.csv_tables import records

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CHARTS, _ACROSS = 16, 4
_HEIGHT = 1.35  # inches of a row


def trends(atlas: Atlas, folder: Path, title: str) -> list[str]:
    """Share of the year's papers, for the largest topics, each in a chart of its own; nothing without years."""
    over_time = atlas.over_time[atlas.over_time["Topic"] != -1] if len(atlas.over_time) else atlas.over_time
    years = atlas.years
    if over_time.empty or years is None or not atlas.topics["Field"].any():
        return []
    counts = over_time.pivot(index="Topic", columns="Year", values="Count")
    shown_periods = periods(years)
    shares = 100 * period_shares(counts, shown_periods)
    shown = atlas.topics[atlas.topics["Field"]].sort_values(["Count", "Topic"], ascending=[False, True]).head(_CHARTS)
    rows = -(-len(shown) // _ACROSS)
    figure = blank_figure(_HEIGHT * rows + 0.5)
    grid = figure.subplots(rows, _ACROSS, sharex=True, squeeze=False)
    for axes in grid.ravel()[len(shown) :]:
        axes.set_axis_off()
    for axes, topic in zip(grid.ravel(), records(shown), strict=False):
        own = shares.loc[topic.Topic].to_numpy() if topic.Topic in shares.index else None
        _chart(axes, shown_periods, own, str(topic.Label), str(topic.Colour))
    notes = [f"{_named(years.incomplete)} not complete (dotted)"] if years.incomplete else []
    notes += [f"years with fewer than {FEW} papers pooled"] if years.thin else []
    dated = int(atlas.papers["year"].notna().sum())
    if dated < len(atlas.papers):
        notes.append(f"{dated:,} of {len(atlas.papers):,} papers have a year")
    said = "\n".join([f"{title}: share of the year's papers, in percent", *(["; ".join(notes)] if notes else [])])
    figure.suptitle(said, x=0.01, ha="left", fontsize=9, parse_math=False)
    return keep(figure, folder, "trends")


def _named(years: list[int]) -> str:
    return f"{listed_years(years)} {'is' if len(years) == 1 else 'are'}"


def _chart(axes: Axes, of_periods: list[Period], shares: NDArray[np.float64] | None, label: str, colour: str) -> None:
    """shares: in percent, one a period; None for a topic without dated papers."""
    axes.set_title(wrapped(label), fontsize=6.8, fontweight="normal", parse_math=False)
    if shares is None:
        axes.text(0.5, 0.5, UNDATED, transform=axes.transAxes, ha="center", fontsize=6.5, color=MUTED)
    else:
        _lines(axes, of_periods, shares, colour)
    few_ticks(axes.xaxis, 3, whole=True)
    few_ticks(axes.yaxis, 3)
    axes.tick_params(length=2, colors=MUTED)
    axes.grid(axis="y", color=GRID, linewidth=0.5)
    axes.set_axisbelow(True)


def _lines(axes: Axes, of_periods: list[Period], shares: NDArray[np.float64], colour: str) -> None:
    at = np.array([period.middle for period in of_periods])
    whole = np.flatnonzero([period.complete for period in of_periods])
    start, end = (int(whole[0]), int(whole[-1])) if len(whole) else (len(at), len(at) - 1)
    inside = slice(start, end + 1)
    axes.fill_between(at[inside], shares[inside], color=colour, alpha=0.25, linewidth=0)
    axes.plot(at[inside], shares[inside], color=colour, linewidth=1.4, marker="o" if start == end else "")
    # From the first and the last complete period on, so that the line does not break.
    for part in (slice(0, start + 1), slice(max(end, 0), len(at))):
        axes.plot(at[part], shares[part], color=colour, linewidth=1.2, linestyle=":")
    axes.set_ylim(0, max(float(shares.max(initial=0)) * 1.1, 0.01))
