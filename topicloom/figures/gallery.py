"""All figures of an analysis, one after the other; one that fails does not keep the others from being drawn."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from topicloom.atlas.atlas import Atlas
from topicloom.atlas.clear_colours import page_colours
from topicloom.errors import TopicloomError
from topicloom.figures.alluvial import alluvial
from topicloom.figures.bubbles import bubbles
from topicloom.figures.coverage import coverage
from topicloom.figures.maps import topic_map
from topicloom.figures.moves import growth_by_size, strategic_map
from topicloom.figures.relations import heatmap
from topicloom.figures.sheet import Page
from topicloom.figures.style import FORMATS, drawable, styled
from topicloom.figures.tree import dendrogram
from topicloom.figures.trends import trends
from topicloom.figures.years import year_map
from topicloom.progress import tell

logger = logging.getLogger(__name__)

_FIGURES: dict[str, Callable[[Atlas, Page], list[str]]] = {
    "map": topic_map,
    "map_by_year": year_map,
    "bubbles": bubbles,
    "trends": trends,
    "heatmap": heatmap,
    "dendrogram": dendrogram,
    "coverage": coverage,
}
_OF_MOVES: dict[str, Callable[[Atlas, Page, pd.DataFrame], list[str]]] = {
    "growth": growth_by_size,
    "strategic_map": strategic_map,
}
SINGLE_SUFFIX = "_single"  # of a figure's name, where both widths are drawn


class FiguresError(TopicloomError):
    """No figure could be drawn."""


@dataclass
class Drawn:
    """files: names of those written. seconds: by figure. failed: why, by figure that could not be drawn."""

    files: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def draw_figures(
    atlas: Atlas,
    folder: Path,
    moves: pd.DataFrame | None = None,
    width: str = "double",
    formats: Sequence[str] = FORMATS,
    evolution: pd.DataFrame | None = None,
) -> Drawn:
    """Draw every figure that the data allow, and the small map preview.png.

    Args:
        atlas: What is drawn.
        folder: It gets the files.
        moves: The table of `topicloom.atlas.moves.moves_table`; without it nothing of growth is drawn.
        width: Of the figures: "single" or "double" column; "both" draws those of one column too, as NAME_single.
        formats: Of png, svg and pdf those that are written.
        evolution: The table of `topicloom.atlas.evolution.evolution`; without it no alluvial is drawn.

    Returns:
        What was drawn.

    Raises:
        FiguresError: All failed.
    """
    drawn = Drawn()
    atlas = _drawable(atlas)
    wanted = [ending for ending in FORMATS if ending in formats]
    pages = [Page(folder, "double" if width == "both" else width, wanted)]
    if width == "both":
        pages.append(Page(folder, "single", wanted, SINGLE_SUFFIX))
    with styled():
        figures = _figures(moves, evolution)
        for done, (name, draw) in enumerate(figures.items()):
            started = time.perf_counter()
            try:
                for page in pages:
                    drawn.files += draw(atlas, page)
            except Exception as error:  # the other figures are drawn all the same
                logger.warning("the figure %s could not be drawn (%s: %s)", name, type(error).__name__, error)
                logger.debug("figure %s", name, exc_info=True)
                drawn.failed[name] = f"{type(error).__name__}: {error}"
            drawn.seconds[name] = round(time.perf_counter() - started, 2)
            tell("figures drawn", done + 1, len(figures))
    if not drawn.files:
        raise FiguresError(f"no figure could be drawn: {next(iter(drawn.failed.values()))}")
    return drawn


def _figures(
    moves: pd.DataFrame | None, evolution: pd.DataFrame | None
) -> dict[str, Callable[[Atlas, Page], list[str]]]:
    found = dict(_FIGURES)
    if moves is not None:
        found |= {name: _with(draw, moves) for name, draw in _OF_MOVES.items()}
    if evolution is not None:
        found["alluvial"] = _with(alluvial, evolution)
    return found


def _with(draw: Callable[[Atlas, Page, pd.DataFrame], list[str]], table: pd.DataFrame) -> Callable[..., list[str]]:
    return lambda atlas, page: draw(atlas, page, table)


def _drawable(atlas: Atlas) -> Atlas:
    """An atlas whose labels any figure can show, in colours that are seen on white.

    A person or a language model may have written anything into labels.
    """
    topics, groups = (
        table.assign(
            Label=[drawable(str(label)) for label in table["Label"]],
            Colour=[on_white for on_white, _ in page_colours(list(table["Colour"]))],
        )
        for table in (atlas.topics, atlas.groups)
    )
    return dataclasses.replace(atlas, topics=topics, groups=groups)
