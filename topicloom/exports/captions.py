"""captions.md: for each figure the sentences that stand below it in a paper, with its numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Final

import pandas as pd

from topicloom.atlas.atlas import Atlas
from topicloom.atlas.trends import DECLINING, GROWING
from topicloom.atlas.years import listed_years
from topicloom.phrasing import number_of

CAPTIONS: Final = "captions.md"
_SINGLE = "_single"  # behind the name of a figure that is drawn for one column, too


def captions(atlas: Atlas, files: Sequence[str], moves: pd.DataFrame | None = None) -> str:
    """What stands below each figure that was drawn.

    Args:
        atlas: Of the analysis.
        files: Names of the files that were drawn.
        moves: The table of `topicloom.atlas.moves.moves_table`, where there is one.

    Returns:
        Markdown: a heading and a paragraph for each figure, in the order of the files.

    Example:
        >>> import numpy as np
        >>> from topicloom.atlas.atlas import make_atlas
        >>> columns = ("UT", "Topic", "year", "Typicality", "Abstract", "x", "y")
        >>> empty = pd.DataFrame({name: [] for name in columns}).astype({"Topic": int, "Abstract": bool})
        >>> atlas = make_atlas(empty, [], np.zeros((0, 2)), [], [], "english", 0.9, 2026)
        >>> print(captions(atlas, ["map.png", "map.svg", "preview.png"]).splitlines()[2])
        ## map
    """
    drawn = dict.fromkeys(PurePath(name).stem.removesuffix(_SINGLE) for name in files)
    told = _Told(atlas, moves)
    lines = ["# Captions", ""]
    for name in drawn:
        if tell := _CAPTIONS.get(name):
            lines += [f"## {name}", "", tell(told), ""]
    return "\n".join(lines)


class _Told:
    """The numbers that captions are made of, as words."""

    def __init__(self, atlas: Atlas, moves: pd.DataFrame | None) -> None:
        self.atlas, self.moves = atlas, moves
        self.papers, self.topics = len(atlas.papers), len(atlas.topics)
        self.assigned = int((atlas.papers["Topic"] != -1).sum())
        self.groups = int((atlas.groups["Level"] == 0).sum()) if atlas.levels.shape[1] > 1 else 0

    @property
    def n(self) -> str:
        years = self.atlas.papers["year"].dropna()
        period = "" if years.empty else f", {years.min()}" + (f" to {years.max()}" if years.max() > years.min() else "")
        return f"n = {self.papers:,} papers{period}"

    @property
    def in_topics(self) -> str:
        outliers = self.papers - self.assigned
        groups = f" in {self.groups} groups" if self.groups > 1 else ""
        left = f"{number_of(outliers, 'paper', form=',')} ({_percent(outliers, self.papers)})"
        none = f"; {left} {'is' if outliers == 1 else 'are'} in none" if outliers else ""
        return f"{number_of(self.topics, 'topic', form=',')}{groups}{none}"

    @property
    def incomplete(self) -> str:
        years = self.atlas.years
        if years is None or not years.incomplete:
            return ""
        are = "is" if len(years.incomplete) == 1 else "are"
        return f" {listed_years(years.incomplete)} {are} not complete."

    @property
    def with_trend(self) -> int:
        return int(self.atlas.topics["Trend"].notna().sum())


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):.1f} %"


def _map(told: _Told) -> str:
    return (
        f"Map of the papers ({told.n}). Each point is a paper, in the colour of its topic; near points are alike "
        f"(UMAP of the embeddings to two dimensions; the axes have no unit). {told.in_topics[0].upper()}"
        f"{told.in_topics[1:]}{', in grey' if told.assigned < told.papers else ''}."
    )


def _map_by_year(told: _Told) -> str:
    dated = int(told.atlas.papers["year"].notna().sum())
    return (
        f"The map of the papers by year ({told.n}; {number_of(dated, 'has', 'have', form=',')} a year). Places as in "
        "the map of topics; a hexagon has the mean year of its papers as its colour."
    )


def _bubbles(told: _Told) -> str:
    return (
        f"Topics by size ({told.n}; {told.in_topics}). Each circle is a topic, at the median of the places of its "
        "papers; its area is the number of its papers, its colour its group; a line joins each "
        "topic to the one most similar to it (cosine of mean embeddings)."
    )


def _trends(told: _Told) -> str:
    readings = told.atlas.topics["TrendReading"]
    grow, decline = (int((readings == reading).sum()) for reading in (GROWING, DECLINING))
    return (
        f"Share of single topics in the papers of each year ({told.n}), each on a scale of its own. Of "
        f"{told.with_trend:,} topics with a trend {number_of(grow, 'grows', 'grow', form=',')} and "
        f"{number_of(decline, 'declines', 'decline', form=',')} (95 % interval of a quasi-Poisson model)."
        f"{told.incomplete}"
    )


def _heatmap(told: _Told) -> str:
    return (
        f"Similarity of the {told.topics:,} topics: cosine of the mean embeddings of their papers ({told.n}), in the "
        "order of the tree, so that topics that are alike stand together; squares mark groups of topics."
    )


def _dendrogram(told: _Told) -> str:
    how = (
        "the edges between their papers"
        if told.atlas.by_edges
        else "Ward's method on the mean embeddings of their papers"
    )
    return (
        f"Tree of the {told.topics:,} topics by {how} ({told.n}). "
        "Branches that join early are alike; of many topics the upper part is shown."
    )


def _coverage(told: _Told) -> str:
    main = int(told.atlas.topics["Main"].sum())
    return (
        f"Share of the {told.assigned:,} papers in topics that the largest topics cover together ({told.n}). The "
        f"{main:,} largest of {told.topics:,} cover {100 * told.atlas.covered:.1f} % of them."
    )


def _growth(told: _Told) -> str:
    return (
        f"Topics by size and growth ({told.n}; {told.with_trend:,} of {told.topics:,} topics have papers enough for a "
        f"trend). Growth is the change of a topic's share of a year's papers, in percent a year.{told.incomplete}"
    )


def _strategic(told: _Told) -> str:
    placed = int(told.moves["Centrality"].notna().sum()) if told.moves is not None else told.topics
    return (
        f"Strategic map of {placed:,} topics by Callon's centrality (ties of a topic's phrases to those of others) and "
        f"density (ties among its own), as ranks; the lines are the medians ({told.n})."
    )


def _alluvial(told: _Told) -> str:
    what = f"the {told.groups} groups of topics" if told.groups > 1 else "the largest topics"
    return (
        f"From period to period ({told.n}). Each column is the papers of a period that are in topics; years that are "
        f"not complete are left out. Its bars are the shares of {what}. The bands say where the papers of a period "
        "would have stood in the one before, in the colour of that: each goes to the topic whose papers of that time "
        f"are nearest to it, by the cosine of its embedding with their mean.{told.incomplete}"
    )


_CAPTIONS: Final[dict[str, Callable[[_Told], str]]] = {
    "map": _map,
    "map_by_year": _map_by_year,
    "bubbles": _bubbles,
    "trends": _trends,
    "heatmap": _heatmap,
    "dendrogram": _dendrogram,
    "coverage": _coverage,
    "growth": _growth,
    "strategic_map": _strategic,
    "alluvial": _alluvial,
}
