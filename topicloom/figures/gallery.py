"""All figures of an analysis, one after the other; one that fails does not keep the others from being drawn."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pandas as pd

from topicloom.atlas.atlas import Atlas
from topicloom.errors import TopicloomError
from topicloom.figures.coverage import coverage
from topicloom.figures.maps import bubbles, topic_map, year_map
from topicloom.figures.moves import growth_by_size, strategic_map
from topicloom.figures.relations import dendrogram, heatmap
from topicloom.figures.style import drawable, styled
from topicloom.figures.trends import trends
from topicloom.progress import tell

logger = logging.getLogger(__name__)

_FIGURES = {
    "map": (topic_map, "papers by topic"),
    "map_by_year": (year_map, "papers by year"),
    "bubbles": (bubbles, "topics by size"),
    "trends": (trends, "topics over the years"),
    "heatmap": (heatmap, "similarity of topics"),
    "dendrogram": (dendrogram, "tree of topics"),
    "coverage": (coverage, "coverage of the largest topics"),
}
_OF_MOVES = {
    "growth": (growth_by_size, "topics by size and growth"),
    "strategic_map": (strategic_map, "topics by centrality and density"),
}


class FiguresError(TopicloomError):
    """No figure could be drawn."""


@dataclass
class Drawn:
    """files: names of those written. seconds: by figure. failed: why, by figure that could not be drawn."""

    files: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def draw_figures(atlas: Atlas, folder: Path, label: str, moves: pd.DataFrame | None = None) -> Drawn:
    """Draw every figure that the data allow into a folder, PNG and SVG, and the small map preview.png.

    label: of the analysis, for the titles. moves: the table of `topicloom.atlas.moves.moves_table`; without it nothing
    of growth is drawn. Raises FiguresError where all failed.
    """
    drawn = Drawn()
    atlas, label = _drawable(atlas), drawable(label)
    with styled():
        figures = _figures(moves)
        for done, (name, (draw, title)) in enumerate(figures.items()):
            started = time.perf_counter()
            try:
                drawn.files += draw(atlas, folder, f"{label}: {title}")
            except Exception as error:  # the other figures are drawn all the same
                logger.warning("the figure %s could not be drawn (%s: %s)", name, type(error).__name__, error)
                logger.debug("figure %s", name, exc_info=True)
                drawn.failed[name] = f"{type(error).__name__}: {error}"
            drawn.seconds[name] = round(time.perf_counter() - started, 2)
            tell("figures drawn", done + 1, len(figures))
    if not drawn.files:
        raise FiguresError(f"no figure could be drawn: {next(iter(drawn.failed.values()))}")
    return drawn


def _figures(moves: pd.DataFrame | None) -> dict[str, tuple[Callable[[Atlas, Path, str], list[str]], str]]:
    if moves is None:
        return dict(_FIGURES)
    return {**_FIGURES, **{name: (partial(draw, moves=moves), title) for name, (draw, title) in _OF_MOVES.items()}}


def _drawable(atlas: Atlas) -> Atlas:
    """An atlas whose labels any figure can show: a person or a language model may have written anything into them."""
    topics, groups = (
        table.assign(Label=[drawable(str(label)) for label in table["Label"]]) for table in (atlas.topics, atlas.groups)
    )
    return dataclasses.replace(atlas, topics=topics, groups=groups)
