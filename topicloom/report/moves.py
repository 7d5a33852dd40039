"""What moves, as the page lists it: topics that emerge, decline and burst, and papers between topics."""

from __future__ import annotations

from typing import Any

import pandas as pd

from topicloom.atlas.atlas import Atlas
from topicloom.atlas.moves import EMERGING
from topicloom.atlas.signals import FADING, NO_PAPERS, NO_RUN, STRONG, WEAK
from topicloom.atlas.strategic import percent_ranks
from topicloom.atlas.trends import DECLINING, GROWING
from topicloom.phrasing import signed
from topicloom.store.csv_tables import records

_MOST = 10  # of each list; the tables have them all


def moves_shown(atlas: Atlas, moves: pd.DataFrame, bridges: pd.DataFrame) -> dict[str, Any]:
    """The lists of the section on what moves.

    Args:
        atlas: Of the analysis.
        moves: The table of `topicloom.atlas.moves.moves_table`.
        bridges: The pairs of `topicloom.atlas.bridges.bridges`, with Label and OtherLabel.

    Returns:
        emerging, growing and declining: number, label, papers and trend of topics, those that change most first.
        bursts: number, label, years, whether now, the strongest first.
        bridges: number and label of both topics, papers. signals: hint, and number, label and a sentence of topics;
        None in a table without signals. charts: growth, number, papers, trend, its bounds and whether it emerges, of
        topics with a trend; strategic, number, ranks of centrality and density from 0 to 100, and quarter; None without
        two topics in either.

    Example:
        >>> from topicloom.atlas.atlas import make_atlas
        >>> import numpy as np
        >>> columns = ("UT", "Topic", "year", "Typicality", "Abstract", "x", "y")
        >>> empty = pd.DataFrame({name: [] for name in columns}).astype({"Topic": int, "Abstract": bool})
        >>> atlas = make_atlas(empty, [], np.zeros((0, 2)), [], [], "english", 0.9, 2026)
        >>> table = pd.DataFrame({name: [] for name in ("State", "Bursts", "BurstWeight")})
        >>> moves_shown(atlas, table, pd.DataFrame())["emerging"]
        []
    """
    table = moves.assign(Trend=pd.to_numeric(atlas.topics["Trend"]).to_numpy(dtype=float))
    changing = {
        name: _changing(table[table["State"] == state], falling=state == DECLINING)
        for name, state in (("emerging", EMERGING), ("growing", GROWING), ("declining", DECLINING))
    }
    burst = table[table["Bursts"] != ""].sort_values("BurstWeight", ascending=False, kind="stable").head(_MOST)
    bursts = [
        {"number": int(row.Topic), "label": str(row.Label), "years": str(row.Bursts), "now": bool(row.Bursting)}
        for row in records(burst)
    ]
    joined = [
        {
            "topics": [(int(row.Topic), str(row.Label)), (int(row.OtherTopic), str(row.OtherLabel))],
            "papers": int(row.Papers),
        }
        for row in records(bridges.head(_MOST))
    ]
    lists = {**changing, "bursts": bursts, "bridges": joined, "signals": _signals(table)}
    return {**lists, "charts": _charts(atlas, table)}


def evolution_shown(table: pd.DataFrame) -> dict[str, Any] | None:
    """What the page draws of how topics follow each other.

    Args:
        table: Of `topicloom.atlas.evolution.evolution`.

    Returns:
        periods: years and papers. flows: place of the period, topic, earlier topic (-1 in the first period), papers.
        None without periods.
    """
    if table.empty:
        return None
    sizes = table.drop_duplicates(["Period", "Topic"]).groupby(["Period", "Years"])["Papers"].sum().reset_index()
    first = table["EarlierTopic"].isna()
    flows = pd.DataFrame(
        {
            "period": table["Period"] - 1,
            "topic": table["Topic"],
            "earlier": table["EarlierTopic"].fillna(-1),
            "papers": table["FromEarlier"].where(~first, table["Papers"]),
        }
    ).astype(int)
    return {
        "periods": [
            [str(years).replace("-", "–"), int(papers)]
            for years, papers in zip(sizes["Years"], sizes["Papers"], strict=True)
        ],
        "flows": flows.to_numpy().tolist(),
    }


def _signals(table: pd.DataFrame) -> dict[str, Any] | None:
    """Topics to which the papers of later runs went, or why there are none to tell."""
    if "Signal" not in table or table.empty:
        return None
    if (why := str(table["Signal"].iloc[0])) in (NO_RUN, NO_PAPERS):
        hint = "Weak and strong signals are told by the papers that come between runs of this analysis: "
        return {"hint": f"{hint}{why}.", "topics": []}
    telling = table[table["Signal"].isin((STRONG, WEAK, FADING))]
    telling = telling.sort_values("NewZ", key=lambda z: -z.abs(), kind="stable")
    runs = [told.partition(":")[0] for told in str(table["RunPapers"].iloc[0]).split("; ")]
    hint = (
        f"Whether the papers that came between run {runs[0]} and run {runs[-1]} went to a topic more often than the "
        "others did (beyond 1.96 standard errors). Strong is a topic with more papers than half of the topics have, "
        "weak one with fewer: what may be to come."
    )
    topics = [
        {
            "number": int(row.Topic),
            "label": str(row.Label),
            "said": f"{row.Signal}, {row.NewPapers} of {row.Count} papers are new; papers by run {row.RunPapers}",
        }
        for kind in (WEAK, STRONG, FADING)
        for row in records(telling[telling["Signal"] == kind].head(_MOST))
    ]
    return {"hint": hint, "topics": topics}


def _charts(atlas: Atlas, moves: pd.DataFrame) -> dict[str, Any] | None:
    """The points of the charts of growth and of the strategic map."""
    fields = atlas.topics["Field"].to_numpy(dtype=bool)
    bounds = atlas.topics[["TrendLow", "TrendHigh"]].astype("Float64")
    dated = moves.assign(low=bounds["TrendLow"].to_numpy(), high=bounds["TrendHigh"].to_numpy())
    dated = dated[dated["Trend"].notna() & fields] if "Count" in dated else dated.iloc[:0]
    growth = [
        [
            *(int(row.Topic), int(row.Count)),
            *(round(float(value), 2) for value in (row.Trend, row.low, row.high)),
            row.State == EMERGING,
        ]
        for row in records(dated)
    ]
    placed = moves[moves["Centrality"].notna() & fields] if "Centrality" in moves else moves.iloc[:0]
    ranks = {name: percent_ranks(placed[name]).round(1) for name in ("Centrality", "Density") if len(placed)}
    strategic = [
        [int(row.Topic), float(central), float(dense), str(row.Quarter)]
        for row, central, dense in zip(records(placed), *(ranks.values() or ([], [])), strict=True)
    ]
    return {"growth": growth, "strategic": strategic} if max(len(growth), len(strategic)) > 1 else None


def _changing(topics: pd.DataFrame, *, falling: bool) -> list[dict[str, Any]]:
    ordered = topics.sort_values("Trend", ascending=falling, kind="stable").head(_MOST)
    return [
        {"number": int(row.Topic), "label": str(row.Label), "papers": int(row.Count), "trend": signed(float(row.Trend))}
        for row in records(ordered)
    ]
