"""Topics over the years: counts, shares, and which year is not over yet."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_RECENT = 10  # complete years whose slope is a topic's trend
_LEAST_YEARS = 3
_HALF = 0.5


def topics_over_time(topics: NDArray[np.int64], years: pd.Series[int], today: int) -> pd.DataFrame:
    """Papers of each topic in each year.

    topics: (n,), -1 for outliers. years: (n,) Int64, missing where unknown; those papers are left out.
    today: the current year, which is not complete.
    Columns: Topic, Year, Count, Share (of that year's papers, outliers included), Incomplete (bool). One row for each
    topic and year from the first to the last, also where the count is 0, if the topic has a paper with a year.
    """
    known = years.notna().to_numpy()
    columns = ["Topic", "Year", "Count", "Share", "Incomplete"]
    if not known.any():
        return pd.DataFrame({name: [] for name in columns})
    frame = pd.DataFrame({"Topic": topics[known], "Year": years[known].astype(int).to_numpy()})
    span = range(int(frame["Year"].min()), int(frame["Year"].max()) + 1)
    counts = pd.crosstab(frame["Topic"], frame["Year"]).reindex(columns=span, fill_value=0)
    totals = counts.sum(axis=0)
    last = incomplete_year(totals, today)
    long = counts.reset_index().melt(id_vars="Topic", var_name="Year", value_name="Count")
    long = long.sort_values(["Topic", "Year"])
    long = long.astype({"Year": int}).reset_index(drop=True)
    long["Share"] = (long["Count"] / long["Year"].map(totals).clip(lower=1)).round(6)
    long["Incomplete"] = (long["Year"] >= last) if last is not None else False
    return long[columns]


def incomplete_year(totals: pd.Series[int], today: int) -> int | None:
    """The year from which on counts are not complete, or None where all are.

    totals: papers by year. It is the current year; or the last one, where it has less than half of the papers of the
    year before, as an export made in spring has.
    """
    years = [int(year) for year in totals.index]
    if years[-1] >= today:
        return today
    if len(years) > 1 and totals.iloc[-1] < _HALF * totals.iloc[-2]:
        return years[-1]
    return None


def trend(over_time: pd.DataFrame) -> pd.Series[float]:
    """Growth of each topic's share in percent a year, by topic; missing with fewer than three complete years.

    The slope of a least-squares line through the shares of the last ten complete years, over their mean.
    """
    complete = over_time[~over_time["Incomplete"].astype(bool)] if len(over_time) else over_time
    years = sorted(complete["Year"].unique())[-_RECENT:]
    if len(years) < _LEAST_YEARS:
        return pd.Series(dtype=float)
    shares = complete[complete["Year"].isin(years)].pivot(index="Topic", columns="Year", values="Share")
    centred = np.array(years, dtype=float) - np.mean(years)
    slope = shares.to_numpy() @ centred / (centred @ centred)
    mean = shares.mean(axis=1)
    found: pd.Series[float] = (100 * slope / mean.where(mean > 0)).round(2)
    return found
