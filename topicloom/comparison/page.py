"""comparison.html: heatmaps and Sankey diagrams to point at, in one file that opens offline."""

from __future__ import annotations

import html
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topicloom.comparison.pairs import Flows, Pair, heat_columns
from topicloom.pages.templates import template
from topicloom.phrasing import shortened

_LABEL = 50


def comparison_page(names: Sequence[str], pairs: Sequence[Pair], flows: Sequence[Flows], notes: Sequence[str]) -> str:
    """The whole page, with plotly's code inside. names: of the analyses, in order. Labels are escaped."""
    figures: list[tuple[str, str, Any]] = []
    for flow in flows:
        hint = (
            "Each band is as wide as the papers that two topics share; the 30 largest topics of each are shown."
            if flow.what == "shared papers"
            else "Each topic leads to the topic of the next analysis that is most similar to it by embedding."
        )
        figures.append((f"Flow: {flow.what}", hint, _sankey(flow, names)))
    for pair in pairs:
        title = f"{pair.one.name} and {pair.other.name}"
        if pair.shared.any():
            hint = "Share of their papers that two topics have in common (Jaccard index)."
            figures.append((f"{title}: shared papers", hint, _heatmap(pair, pair.overlap)))
        if pair.similarity is not None and pair.similarity.size:
            hint = "Cosine similarity of mean embeddings. It means something where both used the same embedding model."
            figures.append((f"{title}: similarity", hint, _heatmap(pair, pair.similarity)))
    shown = [
        {
            "title": title,
            "hint": hint,
            "drawn": figure.to_html(full_html=False, include_plotlyjs=number == 0, config={"displaylogo": False}),
        }
        for number, (title, hint, figure) in enumerate(figures)
    ]
    page: str = template("topicloom.comparison", "comparison.html.j2").render(
        heading=" · ".join(names), notes=notes, figures=shown
    )
    return page


def _named(label: str) -> str:
    # plotly reads some markup in its texts.
    return html.escape(shortened(label, _LABEL), quote=False)


def _heatmap(pair: Pair, matrix: NDArray[np.float64]) -> Any:
    from plotly.graph_objects import Figure, Heatmap

    columns = heat_columns(matrix)
    down = [f"{row} {_named(str(label))}" for row, label in enumerate(pair.one.topics["Label"])]
    along = [f"{column} {_named(str(pair.other.topics['Label'].iloc[column]))}" for column in columns]
    figure = Figure(
        Heatmap(
            z=matrix[:, columns].round(4).tolist(),
            x=along,
            y=down,
            colorscale="Cividis",
            hovertemplate="%{y}<br>%{x}<br>%{z:.3f}<extra></extra>",
        )
    )
    named = max(len(down), len(along)) <= 60
    figure.update_xaxes(title=_named(pair.other.name), showticklabels=named, tickangle=90)
    figure.update_yaxes(title=_named(pair.one.name), showticklabels=named, autorange="reversed")
    figure.update_layout(height=800, margin={"t": 10, "l": 20, "r": 20, "b": 20}, template="simple_white")
    return figure


def _sankey(flows: Flows, names: Sequence[str]) -> Any:
    from plotly.graph_objects import Figure, Sankey

    starts = [sum(len(nodes) for nodes in flows.nodes[:column]) for column in range(len(flows.nodes))]
    nodes = [node for of_column in flows.nodes for node in of_column]
    last = max(len(flows.nodes) - 1, 1)
    links = flows.links
    figure = Figure(
        Sankey(
            node={
                "label": [_named(label) for label, _, _ in nodes],
                "color": [colour for _, colour, _ in nodes],
                "x": [0.001 + 0.998 * column / last for column, of in enumerate(flows.nodes) for _ in of],
                "y": [middle for of in flows.nodes for middle in _middles([size for *_, size in of])],
                "pad": 6,
                "thickness": 14,
            },
            link={
                "source": [starts[column] + left for column, left, _, _ in links],
                "target": [starts[column + 1] + right for column, _, right, _ in links],
                "value": [width for *_, width in links],
                "color": [_faint(flows.nodes[column][left][1]) for column, left, _, _ in links],
            },
            arrangement="snap",
        )
    )
    for column, name in enumerate(names):
        anchor = "left" if column == 0 else "right" if column == last else "center"
        place = {"x": column / last, "y": 1.04, "xref": "paper", "yref": "paper", "xanchor": anchor}
        figure.add_annotation(text=f"<b>{_named(name)}</b>", showarrow=False, **place)
    tallest = max(len(of) for of in flows.nodes)
    figure.update_layout(height=max(420, 26 * tallest), margin={"t": 50, "l": 10, "r": 10, "b": 20})
    return figure


def _middles(sizes: Sequence[float]) -> list[float]:
    """Middle of each node of a column, above 0 and below 1: plotly takes 0 and 1 for not stated."""
    total, ends = sum(sizes) or 1.0, list(itertools.accumulate(sizes))
    return [min(max((end - size / 2) / total, 0.001), 0.999) for end, size in zip(ends, sizes, strict=True)]


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.4)"
