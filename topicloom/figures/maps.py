"""Maps of the papers: by topic, by year, and the topics as bubbles; names stand at the rim."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from topicloom.atlas.atlas import Atlas
from topicloom.atlas.colours import OUTLIER
from topicloom.figures.ground import Ground, new_ground, rim_names
from topicloom.figures.legend import draw_legend, group_entries, legend_height, other_entries
from topicloom.figures.raster import draw_points
from topicloom.figures.sheet import Page
from topicloom.figures.style import INK, picture
from topicloom.output_files import PREVIEW
from topicloom.phrasing import number_of

if TYPE_CHECKING:
    from topicloom.figures.sheet import Sheet

_INK = 0.15  # share of a map that its points would cover side by side
_SHUFFLED = 0  # seed of the order in which points are drawn
_PREVIEW_WIDTH, _PREVIEW_COLOURS = 792, 64
_MANY = 2_000  # papers; of fewer the density says nothing


def topic_map(atlas: Atlas, page: Page) -> list[str]:
    """The papers as points in the colours of their topics, with labels of groups and topics; rings mark placed ones."""
    ground = drawn_map(atlas, page)
    if not page.suffix:
        _preview(ground.sheet, page.folder / PREVIEW)
    return ground.sheet.keep("map")


def drawn_map(atlas: Atlas, page: Page) -> Ground:
    """The map of `topic_map`, not yet written."""
    names = rim_names(atlas, page)
    papers, topics = atlas.papers, len(atlas.topics)
    entries = [*([] if page.narrow else group_entries(atlas)), *other_entries(atlas)]
    notes = [
        f"n = {number_of(len(papers), 'paper', form=',')}, {number_of(topics, 'topic', form=',')}",
        "grey lines: density of papers" if len(papers) >= _MANY else "",
    ]
    ground = new_ground(page, papers["x"], papers["y"], names, notes, legend_height(entries, page))
    draw_legend(ground.sheet, entries, ground.foot)
    _draw_papers(ground, atlas)
    ground.name(names)
    return ground


def _draw_papers(ground: Ground, atlas: Atlas) -> None:
    """Papers in an order by chance, so that none of two topics hides the other; outliers below."""
    topics = atlas.papers["Topic"].to_numpy()
    order = np.random.default_rng(_SHUFFLED).permutation(len(topics))
    order = order[np.argsort(topics[order] != -1, kind="stable")]
    colours = np.array([OUTLIER, *atlas.topics["Colour"]])[topics + 1]
    places = ground.at(atlas.papers["x"], atlas.papers["y"])
    size = point_size(ground, len(topics))
    ringed = atlas.papers["placed"].to_numpy(dtype=bool)[order]
    draw_points(
        ground.sheet,
        ground.box,
        places[order],
        colours[order],
        np.where(ringed, 3 * size, size) if ringed.any() else size,
        density=len(topics) >= _MANY,
        alpha=0.8,
        linewidths=np.where(ringed, 0.5, 0) if ringed.any() else 0,
        edgecolors=INK if ringed.any() else None,
    )


def point_size(ground: Ground, papers: int) -> float:
    """Area of a paper's point, in square points."""
    return min(max(_INK * ground.box.width * ground.box.height / max(papers, 1), 0.15), 9.0)


def _preview(sheet: Sheet, path: Path) -> None:
    """A small map of few colours, which fits into a page of the Prefect UI."""
    from PIL import Image

    whole = picture(sheet.figure)
    height = round(whole.height * _PREVIEW_WIDTH / whole.width)
    small = whole.resize((_PREVIEW_WIDTH, height), Image.Resampling.BOX, reducing_gap=2.0)
    small.quantize(_PREVIEW_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        path, optimize=True
    )
