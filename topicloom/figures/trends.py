"""Topics over the years: one small chart for each of the largest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from topicloom.atlas.atlas import Atlas
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
    if over_time.empty:
        return []
    shown = atlas.topics.sort_values(["Count", "Topic"], ascending=[False, True]).head(_CHARTS)
    rows = -(-len(shown) // _ACROSS)
    figure = blank_figure(_HEIGHT * rows + 0.5)
    grid = figure.subplots(rows, _ACROSS, sharex=True, squeeze=False)
    for axes in grid.ravel()[len(shown) :]:
        axes.set_axis_off()
    for axes, topic in zip(grid.ravel(), records(shown), strict=False):
        _chart(axes, over_time[over_time["Topic"] == topic.Topic], str(topic.Label), str(topic.Colour))
    incomplete = sorted(over_time.loc[over_time["Incomplete"].astype(bool), "Year"].unique())
    note = f"; {incomplete[0]} is not complete (dotted)" if incomplete else ""
    dated = int(atlas.papers["year"].notna().sum())
    if dated < len(atlas.papers):
        note += f"; {dated:,} of {len(atlas.papers):,} papers have a year"
    figure.suptitle(
        f"{title}: share of the year's papers, in percent{note}", x=0.01, ha="left", fontsize=9, parse_math=False
    )
    return keep(figure, folder, "trends")


def _chart(axes: Axes, of_topic: pd.DataFrame, label: str, colour: str) -> None:
    years, shares = of_topic["Year"].to_numpy(), 100 * of_topic["Share"].to_numpy()
    complete = int((~of_topic["Incomplete"].astype(bool)).sum())
    axes.fill_between(years[:complete], shares[:complete], color=colour, alpha=0.25, linewidth=0)
    axes.plot(years[:complete], shares[:complete], color=colour, linewidth=1.4)
    # From the last complete year on, so that the line does not break.
    axes.plot(years[max(complete - 1, 0) :], shares[max(complete - 1, 0) :], color=colour, linewidth=1.2, linestyle=":")
    axes.set_title(wrapped(label), fontsize=6.8, fontweight="normal", parse_math=False)
    axes.set_ylim(0, max(float(shares.max(initial=0)) * 1.1, 0.01))
    if of_topic.empty:
        axes.text(0.5, 0.5, "no paper with a year", transform=axes.transAxes, ha="center", fontsize=6.5, color=MUTED)
    few_ticks(axes.xaxis, 3, whole=True)
    few_ticks(axes.yaxis, 3)
    axes.tick_params(length=2, colors=MUTED)
    axes.grid(axis="y", color=GRID, linewidth=0.5)
    axes.set_axisbelow(True)
