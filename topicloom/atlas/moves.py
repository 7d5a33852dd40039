"""What moves in a field: which topics emerge, grow, burst and decline, and where each stands on the strategic map."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicloom.atlas.atlas import Atlas
from topicloom.atlas.bursts import Burst, bursts
from topicloom.atlas.contrast import contrast
from topicloom.atlas.phrases import Phrases
from topicloom.atlas.strategic import strategic
from topicloom.atlas.trends import GROWING

EMERGING: Final = "emerging"
_YOUNG = 0.25  # of a topic's papers may be of the earlier half, for it to emerge
_WORDS = 10  # of a topic, on the strategic map
_LEAST_YEARS = 3


def moves_table(atlas: Atlas, phrases: Phrases) -> pd.DataFrame:
    """What is said of each topic's movement.

    The halves are those of the papers of the complete years, parted between two years.

    Args:
        atlas: Of the analysis.
        phrases: Which paper holds which phrase, in any order of the papers, and the phrases of the topics.

    Returns:
        A row a topic: Topic, topic_uid, Label, Count; State: "emerging" (growing, and at most a quarter of its papers
        are of the earlier half), else the reading of its trend; Bursts, as "2016-2018; 2021"; BurstWeight of the
        strongest one; Bursting (bool, in the last complete year); EarlierShare and LaterShare (of the papers of each
        half, in percent), LogOdds and LogOddsZ of the later half against the earlier one; Centrality, Density,
        Quarter of the strategic map. What is not known is missing; papers without abstract are no field, so they
        neither burst nor stand on the map.

    Example:
        >>> from scipy.sparse import csr_matrix
        >>> from topicloom.atlas.atlas import make_atlas
        >>> columns = ("UT", "Topic", "year", "Typicality", "Abstract", "x", "y")
        >>> empty = pd.DataFrame({name: [] for name in columns}).astype({"Topic": int, "Abstract": bool})
        >>> atlas = make_atlas(empty, [], np.zeros((0, 2)), [], [], "english", 0.9, 2026)
        >>> len(moves_table(atlas, Phrases([], csr_matrix((0, 0)), [])))
        0
    """
    topics = atlas.topics
    counts, totals = _complete_years(atlas)
    found = pd.DataFrame({name: topics[name].to_numpy() for name in ("Topic", "topic_uid", "Label", "Count")})
    halves = _halves(counts, totals)
    found["State"] = _states(topics["TrendReading"].astype(str).to_numpy(), halves)
    _add_bursts(found, counts * topics["Field"].to_numpy(dtype=bool)[:, None], totals)
    _add_halves(found, halves)
    fields = topics["Field"].to_numpy(dtype=bool)
    words = [own if is_field else [] for own, is_field in zip(phrases.of_topics, fields, strict=True)]
    placed = strategic(phrases.held, [[column for column, _ in own[:_WORDS]] for own in words])
    found["Centrality"], found["Density"] = placed.centrality.round(4), placed.density.round(4)
    found["Quarter"] = placed.quarter
    return found


def _complete_years(atlas: Atlas) -> tuple[NDArray[np.int64], pd.Series[int]]:
    """Papers of each topic in each complete year, (t, y), and of all papers, outliers included, by year."""
    over_time = atlas.over_time
    complete = over_time[~over_time["Incomplete"].astype(bool)] if len(over_time) else over_time
    if complete.empty:
        return np.zeros((len(atlas.topics), 0), dtype=np.int64), pd.Series(dtype=int)
    table = complete.pivot(index="Topic", columns="Year", values="Count").fillna(0).astype(int)
    totals = table.sum(axis=0)
    return table.reindex(atlas.topics["Topic"], fill_value=0).to_numpy(dtype=np.int64), totals


def _halves(counts: NDArray[np.int64], totals: pd.Series[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Papers of each topic in the earlier and in the later half of all papers, each (t,); None without enough years."""
    if (totals > 0).sum() < _LEAST_YEARS:
        return None
    so_far = totals.cumsum().to_numpy() / totals.sum()
    # The year after which about half of the papers are out; one year at least on each side.
    cut = int(np.clip(np.argmin(np.abs(so_far - 0.5)) + 1, 1, len(so_far) - 1))
    return counts[:, :cut].sum(axis=1), counts[:, cut:].sum(axis=1)


def _states(readings: NDArray[np.object_], halves: tuple[NDArray[np.int64], NDArray[np.int64]] | None) -> list[str]:
    if halves is None:
        return list(readings)
    earlier, later = halves
    young = earlier <= _YOUNG * (earlier + later)
    return [
        EMERGING if is_young and reading == GROWING else str(reading)
        for is_young, reading in zip(young, readings, strict=True)
    ]


def _add_bursts(found: pd.DataFrame, counts: NDArray[np.int64], totals: pd.Series[int]) -> None:
    enough = (totals > 0).sum() >= _LEAST_YEARS
    years: NDArray[np.int64] = totals.index.to_numpy().astype(np.int64)
    of_topics: list[list[Burst]] = (
        bursts(counts, totals.to_numpy().astype(np.int64), years) if enough else [[] for _ in range(len(found))]
    )
    found["Bursts"] = ["; ".join(_years(burst) for burst in own) for own in of_topics]
    found["BurstWeight"] = pd.array([max((b.weight for b in own), default=None) for own in of_topics], dtype="Float64")
    last = int(years[-1]) if enough else None
    found["Bursting"] = [any(burst.last == last for burst in own) for own in of_topics]


def _years(burst: Burst) -> str:
    return str(burst.first) if burst.first == burst.last else f"{burst.first}-{burst.last}"


def _add_halves(found: pd.DataFrame, halves: tuple[NDArray[np.int64], NDArray[np.int64]] | None) -> None:
    names = ("EarlierShare", "LaterShare", "LogOdds", "LogOddsZ")
    if halves is None:
        for name in names:
            found[name] = pd.array([None] * len(found), dtype="Float64")
        return
    earlier, later = halves
    against = contrast(earlier, later)
    shares = [100 * half / max(int(half.sum()), 1) for half in halves]
    for name, values in zip(names, (*shares, against.log_odds, against.z), strict=True):
        found[name] = np.round(values, 3)
