"""Maps of the papers: by topic with labels, by year, and the topics as bubbles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from topicloom.atlas.atlas import Atlas
from topicloom.atlas.colours import OUTLIER
from topicloom.figures.labels import Label, place_labels
from topicloom.figures.style import WIDTH, bare, few_ticks, keep, new_figure
from topicloom.store.csv_tables import records

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GROUPS_ON_MAP = 30
_TOPICS_ON_MAP = 60
_LARGE, _SMALL = 7.5, 5.8  # points
_PREVIEW_DPI = 110
_PREVIEW_COLOURS = 64


def topic_map(atlas: Atlas, folder: Path, title: str) -> list[str]:
    """The papers as points in the colours of their topics, with labels of groups and topics; rings mark placed ones."""
    figure, axes = new_figure(_height(atlas))
    _points(axes, atlas)
    _mark_placed(axes, atlas)
    axes.set_title(title, parse_math=False)
    bare(axes)
    place_labels(axes, [*group_labels(atlas, _GROUPS_ON_MAP), *topic_labels(atlas, _TOPICS_ON_MAP)])
    _preview(figure, folder / "preview.png")
    return keep(figure, folder, "map")


def _preview(figure: Figure, path: Path) -> None:
    """A small map of few colours, which fits into a page of the Prefect UI."""
    from PIL import Image

    figure.savefig(path, dpi=_PREVIEW_DPI, metadata={"Software": None})
    with Image.open(path) as image:
        image.convert("RGB").quantize(_PREVIEW_COLOURS).save(path, optimize=True)


def _height(atlas: Atlas) -> float:
    """Height of a map in inches, of the shape that the papers have."""
    across, up = (float(atlas.papers[name].max() - atlas.papers[name].min()) or 1.0 for name in ("x", "y"))
    return WIDTH * min(max(up / across, 0.55), 1.2)


def _points(axes: Axes, atlas: Atlas) -> None:
    papers = atlas.papers
    topics = papers["Topic"].to_numpy()
    size = point_size(len(papers))
    for drawn, colours, alpha in (
        (topics == -1, OUTLIER, 0.35),
        (topics != -1, np.array(["", *atlas.topics["Colour"]])[topics[topics != -1] + 1], 0.75),
    ):
        axes.scatter(
            papers["x"].to_numpy()[drawn],
            papers["y"].to_numpy()[drawn],
            s=size,
            c=colours,
            alpha=alpha,
            linewidths=0,
            rasterized=True,
        )


def _mark_placed(axes: Axes, atlas: Atlas) -> None:
    """A ring around each paper that was placed among fitted ones, so that one sees what is new."""
    placed = atlas.papers[atlas.papers["placed"]]
    if len(placed):
        axes.scatter(
            placed["x"],
            placed["y"],
            s=point_size(len(atlas.papers)) * 3,
            facecolors="none",
            edgecolors="#202020",
            linewidths=0.4,
            rasterized=True,
        )


def point_size(papers: int) -> float:
    """Area of a paper's point, in square points."""
    return min(max(30_000 / max(papers, 1), 0.2), 14)


def group_labels(atlas: Atlas, most: int) -> list[Label]:
    """Labels of the finest level of groups that has at most `most`; none where there are topics only."""
    counts = atlas.groups[atlas.groups["Level"] < atlas.levels.shape[1] - 1].groupby("Level").size()
    fitting = [int(level) for level, groups in counts.items() if groups <= most]
    if not fitting:
        return []
    groups = atlas.groups[atlas.groups["Level"] == fitting[-1]].sort_values(["Papers", "Code"], ascending=[False, True])
    return [Label(row.x, row.y, row.Label, _LARGE, bold=True) for row in records(groups)]


def topic_labels(atlas: Atlas, most: int, size: float = _SMALL) -> list[Label]:
    """Labels of the largest topics."""
    topics = atlas.topics.sort_values(["Count", "Topic"], ascending=[False, True]).head(most)
    return [Label(row.x, row.y, row.Label, size) for row in records(topics)]


def year_map(atlas: Atlas, folder: Path, title: str) -> list[str]:
    """The papers in the colour of their year, the newest on top; nothing where no year is known."""
    papers = atlas.papers
    known = papers["year"].notna().to_numpy()
    if not known.any():
        return []
    figure, axes = new_figure(0.88 * _height(atlas))
    size = point_size(len(papers))
    if not known.all():
        blank = papers[~known]
        axes.scatter(blank["x"], blank["y"], s=size, c=OUTLIER, alpha=0.3, linewidths=0, rasterized=True)
    dated = papers[known].sort_values("year", kind="stable")
    years = dated["year"].to_numpy(dtype=float)
    points = axes.scatter(
        dated["x"],
        dated["y"],
        s=size,
        c=years,
        cmap="viridis",
        vmin=float(np.quantile(years, 0.01)),
        vmax=max(float(years.max()), float(np.quantile(years, 0.01)) + 1),
        alpha=0.8,
        linewidths=0,
        rasterized=True,
    )
    axes.set_title(title, parse_math=False)
    bare(axes)
    bar = figure.colorbar(points, ax=axes, shrink=0.5, pad=0.01, label="year")
    few_ticks(bar.ax.yaxis, whole=True)
    bar.outline.set_visible(False)
    place_labels(axes, group_labels(atlas, _GROUPS_ON_MAP) or topic_labels(atlas, _GROUPS_ON_MAP))
    return keep(figure, folder, "map_by_year")


def bubbles(atlas: Atlas, folder: Path, title: str) -> list[str]:
    """Each topic as a bubble at the middle of its papers, its area their number."""
    topics = atlas.topics.sort_values(["Count", "Topic"], ascending=[False, True])
    if topics.empty:
        return []
    figure, axes = new_figure(_height(atlas))
    area = 9000 / max(float(topics["Count"].sum()), 1) * topics["Count"].clip(lower=1)
    axes.scatter(
        topics["x"], topics["y"], s=area + 3, c=topics["Colour"], alpha=0.75, linewidths=0.4, edgecolors="white"
    )
    axes.margins(0.08)
    axes.set_title(title, parse_math=False)
    bare(axes)
    place_labels(axes, topic_labels(atlas, 2 * _TOPICS_ON_MAP, 6.2))
    return keep(figure, folder, "bubbles")
