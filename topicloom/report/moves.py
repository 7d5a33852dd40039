"""What moves, as the page lists it: topics that emerge, decline and burst, and papers between topics."""

from __future__ import annotations

from typing import Any

import pandas as pd

from topicloom.atlas.atlas import Atlas
from topicloom.atlas.moves import EMERGING
from topicloom.atlas.trends import DECLINING, GROWING
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
        bridges: number and label of both topics, papers.

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
    return {**changing, "bursts": bursts, "bridges": joined}


def _changing(topics: pd.DataFrame, *, falling: bool) -> list[dict[str, Any]]:
    ordered = topics.sort_values("Trend", ascending=falling, kind="stable").head(_MOST)
    return [
        {"number": int(row.Topic), "label": str(row.Label), "papers": int(row.Count), "trend": f"{row.Trend:+.0f}"}
        for row in records(ordered)
    ]
