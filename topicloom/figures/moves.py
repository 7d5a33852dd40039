"""Topics by size and growth, and the strategic map of a field."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicloom.atlas.atlas import Atlas
from topicloom.atlas.moves import EMERGING
from topicloom.atlas.strategic import BASIC, MARGINAL, MOTOR, NICHE
from topicloom.figures.labels import Label, place_labels
from topicloom.figures.style import MUTED, keep, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEAST_TOPICS = 2
_LABELS = 40  # at most; where there is room
_LEAST_NAMED = 12
_LARGEST = 260.0  # square points of the largest circle
_CORNERS = {MOTOR: (0.99, 0.99), BASIC: (0.99, 0.01), NICHE: (0.01, 0.99), MARGINAL: (0.01, 0.01)}


def growth_by_size(atlas: Atlas, folder: Path, title: str, moves: pd.DataFrame) -> list[str]:
    """Papers of each topic against how fast its share grows; nothing where fewer than two topics have a trend."""
    topics = atlas.topics.assign(State=moves["State"].to_numpy())
    shown = topics[topics["Trend"].notna() & topics["Field"]]
    if len(shown) < _LEAST_TOPICS:
        return []
    figure, axes = new_figure(5.2)
    size, trend = shown["Count"].to_numpy(dtype=float), shown["Trend"].to_numpy(dtype=float)
    low, high = (shown[name].to_numpy(dtype=float) for name in ("TrendLow", "TrendHigh"))
    colours = shown["Colour"].tolist()
    emerging, sure = (shown["State"] == EMERGING).to_numpy(), np.maximum(low, -high)
    # The intervals of all would hide what is beyond doubt.
    clear = sure > 0
    axes.vlines(size[clear], low[clear], high[clear], color=np.array(colours)[clear], alpha=0.45, linewidth=0.8)
    axes.scatter(size, trend, s=np.where(clear, 18, 9), color=colours, edgecolors="white", linewidths=0.4, zorder=3)
    axes.scatter(size[emerging], trend[emerging], s=44, facecolors="none", edgecolors=MUTED, linewidths=0.9, zorder=3)
    axes.axhline(0, color=MUTED, linewidth=0.8)
    axes.axvline(float(np.median(size)), color=MUTED, linewidth=0.6, linestyle=":")
    axes.set_xscale("log")
    axes.set_xlabel("papers of the topic (dotted: the median)")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.xaxis.set_minor_formatter(lambda value, _: f"{value:,.0f}" if f"{value:.0f}"[0] in "25" else "")
    axes.set_ylabel("growth of its share, in percent a year")
    without = len(topics) - len(shown)
    said = [f"{title}", f"n = {len(shown)} topics; line: 95 % interval that leaves 0 out; ring: emerging"]
    if without:
        said[1] += f"; {without} without a trend"
    axes.set_title("\n".join(said), fontsize=9, parse_math=False)
    # First those that people look for: what emerges, what grows or declines beyond doubt, what is large.
    order = np.lexsort((-size, -sure, ~emerging))[: max(int((clear | emerging).sum()), _LEAST_NAMED)]
    _name(axes, shown["Label"].astype(str).to_numpy()[order], size[order], trend[order])
    return keep(figure, folder, "growth")


def strategic_map(atlas: Atlas, folder: Path, title: str, moves: pd.DataFrame) -> list[str]:
    """Centrality and density of each topic; nothing where fewer than two topics have them."""
    known = (moves["Centrality"].notna() & moves["Density"].notna() & atlas.topics["Field"].to_numpy()).to_numpy()
    if known.sum() < _LEAST_TOPICS:
        return []
    shown, topics = moves[known], atlas.topics[known]
    # By rank: the measures are spread over magnitudes, and the quarters are parted by the medians.
    across, up = (_ranks(shown[name]) for name in ("Centrality", "Density"))
    figure, axes = new_figure(5.6)
    count = topics["Count"].to_numpy(dtype=float)
    axes.scatter(
        *(across, up),
        s=np.maximum(_LARGEST * count / count.max(), 6),
        c=topics["Colour"].tolist(),
        alpha=0.75,
        edgecolors="white",
        linewidths=0.5,
    )
    for line in (axes.axhline, axes.axvline):
        line(50, color=MUTED, linewidth=0.8)
    for quarter, (x, y) in _CORNERS.items():
        axes.text(
            *(x, y, f"{quarter}s"),
            transform=axes.transAxes,
            ha="right" if x > 0.5 else "left",
            va="top" if y > 0.5 else "bottom",
            fontsize=7.5,
            color=MUTED,
        )
    for axis, name in (
        (axes.xaxis, "centrality: ties to other topics"),
        (axes.yaxis, "density: ties within the topic"),
    ):
        axis.set_label_text(f"{name} (rank, in percent)")
    axes.set_xlim(-4, 104)
    axes.set_ylim(-6, 106)
    axes.set_title(f"{title}\nn = {len(shown)} topics; circle area by papers", fontsize=9, parse_math=False)
    # The largest of each quarter first, then the second ones.
    turn = topics["Count"].groupby(shown["Quarter"].to_numpy()).rank(method="first", ascending=False).to_numpy()
    order = np.lexsort((-count, turn))
    _name(axes, topics["Label"].astype(str).to_numpy()[order], across[order], up[order])
    return keep(figure, folder, "strategic_map")


def _ranks(values: pd.Series[float]) -> NDArray[np.float64]:
    """Ranks from 0 to 100, the median at 50; equal values have one rank."""
    ranks = values.rank(method="average").to_numpy(dtype=float) - 1
    found: NDArray[np.float64] = 100 * ranks / max(len(ranks) - 1, 1)
    return found


def _name(axes: Axes, labels: NDArray[Any], across: NDArray[np.float64], up: NDArray[np.float64]) -> None:
    """Write as many labels as fit beside their points, in the order given."""
    wanted = zip(labels[:_LABELS], across[:_LABELS], up[:_LABELS], strict=True)
    place_labels(axes, [Label(float(x), float(y), _short(str(text)), 6.8) for text, x, y in wanted], beside=True)


def _short(label: str) -> str:
    """The first two parts of a label of several."""
    return ", ".join(label.split(", ")[:2])
