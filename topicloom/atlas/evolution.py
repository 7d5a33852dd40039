"""How topics follow each other: periods, and where the papers of each would have stood in the one before."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicloom.atlas.years import Period, YearQuality
from topicloom.measures.similarity import unit_vectors

LEAST, MOST = 3, 5  # periods
_LEAST_PAPERS = 50  # of a period
_BLOCK = 4096  # papers whose similarities are in memory at once
COLUMNS: Final = ("Period", "Years", "Topic", "Papers", "Share", "EarlierTopic", "FromEarlier")


def equal_periods(quality: YearQuality) -> list[Period]:
    """The complete years as three to five periods of about as many papers each.

    Args:
        quality: Of the years.

    Returns:
        The periods in the order of the years, as many as there can be with 50 papers each; none where there are not
        three.

    Example:
        >>> from topicloom.atlas.years import judge_years
        >>> found = equal_periods(judge_years(pd.Series({2017: 90, 2018: 60, 2019: 40, 2020: 90}), today=2026))
        >>> [(period.first, period.last, period.papers) for period in found]
        [(2017, 2017, 90), (2018, 2019, 100), (2020, 2020, 90)]
    """
    totals = quality.totals.loc[quality.first : quality.last]
    totals = totals[totals > 0]
    for wanted in range(min(MOST, len(totals)), LEAST - 1, -1):
        found = _parted(totals, wanted)
        if all(period.papers >= _LEAST_PAPERS for period in found):
            return found
    return []


def _parted(totals: pd.Series[int], wanted: int) -> list[Period]:
    """Years in as many periods, each year in the one in which the middle of its papers falls, none of them empty."""
    middles = (totals.cumsum() - totals / 2) / totals.sum() * wanted
    place = np.clip(np.floor(middles.to_numpy()).astype(int), 0, wanted - 1)
    for at in range(len(place)):  # a year for each period, from the first on and from the last back
        place[at] = min(place[at], place[at - 1] + 1 if at else 0)
    for at in range(1, min(wanted, len(place)) + 1):
        place[-at] = max(place[-at], wanted - at)
    years = totals.index.to_numpy()
    return [
        Period(
            int(years[place == one][0]), int(years[place == one][-1]), int(totals[place == one].sum()), complete=True
        )
        for one in range(wanted)
    ]


def evolution(
    vectors: NDArray[np.floating[Any]], topics: NDArray[np.int64], years: pd.Series[int], periods: list[Period]
) -> pd.DataFrame:
    """Where the papers of each topic and period would have stood in the period before.

    Each topic has a middle in each period, the mean embedding of its papers of that period. A paper's earlier topic is
    the one whose middle of the period before is nearest to it, by cosine. A topic that goes on keeps most of its
    papers; the papers of a new one come from the topics out of which it grew.

    Args:
        vectors: (n, d) embeddings.
        topics: (n,) topic of each paper, -1 for outliers, which are left out.
        years: (n,) Int64, missing where unknown.
        periods: Of `equal_periods`.

    Returns:
        A row for each period, topic and earlier topic: Period (from 1), Years, Topic, Papers (of the topic in the
        period), Share (of the period's papers in topics), EarlierTopic (missing in the first period), FromEarlier (of
        the papers, how many come from it); the earlier topic with the most papers first.

    Example:
        >>> vectors = np.array([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1], [0.2, 0.9]])
        >>> years = pd.Series([2018, 2018, 2019, 2019], dtype="Int64")
        >>> periods = [Period(2018, 2018, 2, True), Period(2019, 2019, 2, True)]
        >>> found = evolution(vectors, np.array([0, 1, 0, 2]), years, periods)
        >>> found.loc[found["Period"] == 2, ["Topic", "EarlierTopic", "FromEarlier"]].values.tolist()
        [[0, 0, 1], [2, 1, 1]]
    """
    rows: list[tuple[Any, ...]] = []
    known = years.fillna(-1).to_numpy(dtype=np.int64)
    before: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
    middles = np.zeros((0, vectors.shape[1]))
    for number, period in enumerate(periods, start=1):
        inside = np.flatnonzero((topics >= 0) & (known >= period.first) & (known <= period.last))
        earlier = _nearest(vectors, inside, before, middles)
        told = str(period.first) if period.first == period.last else f"{period.first}-{period.last}"
        rows += _flows(number, told, topics[inside], earlier)
        before, place = np.unique(topics[inside], return_inverse=True)
        middles = _middles(vectors, inside, place, len(before))
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"EarlierTopic": "Int64", "FromEarlier": "Int64"})


def _middles(
    vectors: NDArray[np.floating[Any]], papers: NDArray[np.int64], place: NDArray[np.intp], topics: int
) -> NDArray[np.float64]:
    """The sum of the directions of the papers of each topic. place: (p,) of each paper's topic."""
    middles = np.zeros((topics, vectors.shape[1]))
    for start in range(0, len(papers), _BLOCK):
        block = slice(start, start + _BLOCK)
        np.add.at(middles, place[block], unit_vectors(vectors[papers[block]]))
    return middles


def _nearest(
    vectors: NDArray[np.floating[Any]],
    papers: NDArray[np.int64],
    topics: NDArray[np.int64],
    middles: NDArray[np.float64],
) -> NDArray[np.int64]:
    """The topic whose middle is nearest to each of the papers; -1 where there is none."""
    if not len(topics):
        return np.full(len(papers), -1, dtype=np.int64)
    directions = unit_vectors(middles).astype(np.float32).T
    blocks = (papers[start : start + _BLOCK] for start in range(0, len(papers), _BLOCK))
    found = [topics[(np.asarray(vectors[block], dtype=np.float32) @ directions).argmax(axis=1)] for block in blocks]
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def _flows(number: int, told: str, topics: NDArray[np.int64], earlier: NDArray[np.int64]) -> list[tuple[Any, ...]]:
    counts = pd.DataFrame({"topic": topics, "earlier": earlier}).value_counts().reset_index(name="papers")
    counts = counts.sort_values(["topic", "papers", "earlier"], ascending=[True, False, True], kind="stable")
    sizes = counts.groupby("topic")["papers"].sum()
    return [
        (
            *(number, told, int(topic), int(sizes[topic]), round(float(sizes[topic] / len(topics)), 6)),
            *((None, None) if origin < 0 else (int(origin), int(papers))),
        )
        for topic, origin, papers in counts.itertuples(index=False)
    ]
