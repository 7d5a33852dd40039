"""sweep.html: what was tried as parallel coordinates, what no other beats, the recommendation and the table."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import pandas as pd

from topicloom.pages.templates import template
from topicloom.phrasing import number_of
from topicloom.store.csv_tables import records
from topicloom.sweep.grid import told
from topicloom.sweep.verdict import Verdict

_MEASURES = {
    "topics": "topics",
    "npmi": "NPMI",
    "c_v": "C_v",
    "diversity": "diversity",
    "outlier_share": "outlier share",
    "stability": "stability (ARI)",
    "topic_stability": "topic stability",
    "seconds": "seconds",
}
_BEST, _FRONT, _OTHER = "#D55E00", "#0072B2", "#A9B1BC"


def sweep_page(
    label: str, trials: pd.DataFrame, settings: Sequence[str], verdict: Verdict, not_tried: Sequence[str]
) -> str:
    """The whole page, with plotly's code inside.

    trials: the columns of `settings`, the measures, front and score. not_tried: combinations without a result, and why.
    """
    drawn = {}
    if len(trials):
        shown = {"full_html": False, "config": {"displaylogo": False}}
        drawn["parallel"] = _parallel(trials, settings).to_html(include_plotlyjs=True, **shown)
        drawn["front"] = _front(trials, settings, verdict.best).to_html(include_plotlyjs=False, **shown)
    page: str = template("topicloom.sweep", "sweep.html.j2").render(
        label=label,
        why=verdict.why,
        columns=[*map(_short, settings), *_MEASURES.values(), "score"],
        rows=_rows(trials, settings, verdict.best),
        not_tried=not_tried,
        **drawn,
    )
    return page


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _parallel(trials: pd.DataFrame, settings: Sequence[str]) -> Any:
    from plotly.graph_objects import Figure, Parcoords

    axes = [_axis(trials[name], _short(name)) for name in settings]
    measures = [name for name in _MEASURES if trials[name].notna().all()]
    axes += [{"label": _MEASURES[name], "values": trials[name]} for name in measures]
    score = trials["score"].fillna(0)
    line = {"color": score, "colorscale": "Cividis", "showscale": True, "colorbar": {"title": "score"}}
    figure = Figure(Parcoords(dimensions=axes, line=line, labelangle=-20, labelside="bottom"))
    figure.update_layout(height=480, margin={"t": 30, "l": 60, "r": 30, "b": 90})
    return figure


def _axis(values: pd.Series[Any], label: str) -> dict[str, Any]:
    """One axis; values that are no numbers, or few, stand on it by name."""
    distinct = list(dict.fromkeys(values.tolist()))
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in distinct):
        numbers = pd.to_numeric(values)
        axis: dict[str, Any] = {"label": label, "values": numbers}
        return {**axis, "tickvals": sorted(distinct)} if len(distinct) <= 8 else axis
    place = {str(value): row for row, value in enumerate(distinct)}
    texts = [html.escape(str(value)) for value in distinct]
    return {
        "label": label,
        "values": values.astype(str).map(place),
        "tickvals": list(place.values()),
        "ticktext": texts,
    }


def _front(trials: pd.DataFrame, settings: Sequence[str], best: int | None) -> Any:
    from plotly.graph_objects import Figure, Scatter

    colours = [_FRONT if on else _OTHER for on in trials["front"]]
    if best is not None:
        colours[best] = _BEST
    told_of = [html.escape(told({name: trials[name].iloc[row] for name in settings})) for row in range(len(trials))]
    texts = [
        f"{values}<br>{number_of(int(row.topics), 'topic')}, stability {row.stability:.3f}, "
        f"diversity {row.diversity:.3f}"
        for values, row in zip(told_of, records(trials), strict=True)
    ]
    sizes = 9 + 13 * trials["stability"].fillna(0).clip(0, 1)
    figure = Figure(
        Scatter(
            x=trials["outlier_share"],
            y=trials["npmi"],
            mode="markers",
            marker={"color": colours, "size": sizes, "line": {"width": 1, "color": "white"}},
            text=texts,
            hovertemplate="%{text}<br>NPMI %{y:.3f}, outliers %{x:.1%}<extra></extra>",
        )
    )
    figure.update_xaxes(title="outlier share (less is better)", tickformat=".0%")
    figure.update_yaxes(title="coherence, NPMI (more is better)")
    figure.update_layout(
        height=460, showlegend=False, margin={"t": 10, "l": 60, "r": 20, "b": 50}, template="simple_white"
    )
    return figure


def _rows(trials: pd.DataFrame, settings: Sequence[str], best: int | None) -> list[dict[str, Any]]:
    """The rows of the table, the best score first: their kind, and their cells as text."""
    rows = []
    for place in trials["score"].fillna(-1).to_numpy().argsort(kind="stable")[::-1]:
        kind = "best" if place == best else "front" if trials["front"].iloc[place] else ""
        cells = [_cell(trials[name].iloc[place]) for name in [*settings, *_MEASURES, "score"]]
        rows.append({"kind": kind, "cells": cells})
    return rows


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:g}" if value.is_integer() else f"{value:.3f}"
    return str(value)
