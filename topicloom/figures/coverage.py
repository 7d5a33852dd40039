"""How many of the papers the largest topics cover, and where others_threshold cuts."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from topicloom.atlas.atlas import Atlas
from topicloom.clusters.main_clusters import REMAINDER
from topicloom.figures.style import GRID, INK, MUTED, few_ticks, keep, new_figure
from topicloom.phrasing import number_of

_HEIGHT = 3.2


def coverage(atlas: Atlas, folder: Path, title: str) -> list[str]:
    """Share of the assigned papers that the largest topics cover together; nothing without topics."""
    counts = np.sort(atlas.topics["Count"].to_numpy())[::-1]
    if not len(counts):
        return []
    share = 100 * counts.cumsum() / counts.sum()
    main = int(atlas.topics["Main"].sum())
    figure, axes = new_figure(_HEIGHT)
    ranks = np.arange(1, len(counts) + 1)
    axes.plot(ranks, share, color=MUTED, linewidth=1.2)
    axes.plot(ranks[:main], share[:main], color="#0072B2", linewidth=2.2)
    axes.fill_between(ranks[:main], share[:main], color="#0072B2", alpha=0.15, linewidth=0)
    axes.axhline(100 * atlas.others_threshold, color="#D55E00", linewidth=1, linestyle="--")
    axes.annotate(
        f"others_threshold {atlas.others_threshold:g}: {number_of(main, 'main topic keeps', 'main topics keep')} "
        f"level0, {number_of(len(counts) - main, 'becomes', 'become')} {REMAINDER}",
        (0.99, 0.06),
        xycoords="axes fraction",
        ha="right",
        fontsize=7,
        color=INK,
    )
    axes.set_xlim(0.5 if len(counts) < 20 else 0, len(counts) + 0.5)
    axes.set_ylim(0, 102)
    axes.grid(axis="y", color=GRID, linewidth=0.5)
    axes.set_xlabel("topics, the largest first")
    axes.set_ylabel("assigned papers covered, %")
    few_ticks(axes.xaxis, whole=True)
    axes.set_title(title, parse_math=False)
    return keep(figure, folder, "coverage")
