"""Topics over the years: counts, shares, and how fast each topic's share grows, with an interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicloom.atlas.years import judge_years

RECENT = 10  # complete years that decide a trend
LEAST_YEARS = 3  # complete ones; fewer have no trend
LEAST_PAPERS = 15  # of a topic in those years; fewer have no trend
_PRIOR_GROWTH, _PRIOR_TOPICS = 0.15, 5  # what is known of growth rates before any are seen: 15 % a year, as of 5 topics
_PRIOR_YEARS = 4  # how much all topics together weigh in what is said of the spread of one
_NORMAL_95 = 1.959964
_ROUNDS, _STEPS = 50, 60

GROWING: Final = "growing"
DECLINING: Final = "declining"
UNCLEAR: Final = "no clear trend"
TOO_FEW_PAPERS: Final = "too few papers"
TOO_FEW_YEARS: Final = "too few years"
UNDATED: Final = "no paper with a year"
TREND_COLUMNS = ("Trend", "TrendLow", "TrendHigh", "TrendReading")


def topics_over_time(topics: NDArray[np.int64], years: pd.Series[int], today: int) -> pd.DataFrame:
    """Papers of each topic in each year.

    Args:
        topics: (n,) int64, -1 for outliers.
        years: (n,) Int64, missing where unknown; those papers are left out.
        today: The current year, which is not complete.

    Returns:
        Columns Topic, Year, Count, Share (of that year's papers, outliers included), Incomplete (bool; see
        `topicloom.atlas.years.judge_years`). One row for each topic and year from the first to the last, also where the
        count is 0, if the topic has a paper with a year.

    Example:
        >>> years = pd.Series([2020, 2021, 2021, None], dtype="Int64")
        >>> found = topics_over_time(np.array([0, 0, -1, 1]), years, today=2026)
        >>> found[["Topic", "Year", "Count", "Share"]].to_numpy().tolist()
        [[-1.0, 2020.0, 0.0, 0.0], [-1.0, 2021.0, 1.0, 0.5], [0.0, 2020.0, 1.0, 1.0], [0.0, 2021.0, 1.0, 0.5]]
    """
    known = years.notna().to_numpy()
    columns = ["Topic", "Year", "Count", "Share", "Incomplete"]
    if not known.any():
        return pd.DataFrame({name: [] for name in columns})
    frame = pd.DataFrame({"Topic": topics[known], "Year": years[known].astype(int).to_numpy()})
    span = range(int(frame["Year"].min()), int(frame["Year"].max()) + 1)
    counts = pd.crosstab(frame["Topic"], frame["Year"]).reindex(columns=span, fill_value=0)
    totals = counts.sum(axis=0)
    quality = judge_years(totals, today)
    long = counts.reset_index().melt(id_vars="Topic", var_name="Year", value_name="Count")
    long = long.sort_values(["Topic", "Year"])
    long = long.astype({"Year": int}).reset_index(drop=True)
    long["Share"] = (long["Count"] / long["Year"].map(totals).clip(lower=1)).round(6)
    long["Incomplete"] = ~long["Year"].between(quality.first, quality.last)
    return long[columns]


def trends(over_time: pd.DataFrame, topics: NDArray[np.int64]) -> pd.DataFrame:
    """How fast the share of each topic grows, as far as its papers say.

    Args:
        over_time: The table of `topics_over_time`.
        topics: (t,) numbers of the topics that are asked for; outliers have none.

    Returns:
        A row a topic, in the order of `topics`: Trend in percent a year with the bounds of its 95 % interval, TrendLow
        and TrendHigh, missing where there is none; TrendReading: "growing" or "declining" where the interval leaves 0
        out, else "no clear trend", "too few papers" (fewer than 15 in the complete years), "too few years" (fewer than
        3 complete ones) or "no paper with a year".

    Example:
        >>> topics, years = np.repeat([0, 1], 600), np.repeat([2019, 2020, 2021] * 2, [100, 200, 300, 300, 200, 100])
        >>> over_time = topics_over_time(topics, pd.Series(years, dtype="Int64"), today=2026)
        >>> trends(over_time, np.array([0, 1, 2]))["TrendReading"].tolist()
        ['growing', 'declining', 'no paper with a year']
    """
    found = pd.DataFrame({name: pd.array([None] * len(topics), dtype="Float64") for name in TREND_COLUMNS[:3]})
    reading = np.full(len(topics), UNDATED, dtype=object)
    counts, totals = _complete_counts(over_time, topics)
    dated = np.isin(topics, over_time["Topic"].unique())
    if len(totals) < LEAST_YEARS:
        reading[dated] = TOO_FEW_YEARS
        return found.assign(TrendReading=reading)
    reading[dated] = TOO_FEW_PAPERS
    enough = np.flatnonzero(counts.sum(axis=1) >= LEAST_PAPERS)
    if len(enough):
        rates = growth(counts[enough], np.asarray(totals, dtype=np.int64), totals.index.to_numpy(dtype=float))
        for name, values in zip(TREND_COLUMNS[:3], (rates.rate, rates.low, rates.high), strict=True):
            found.loc[enough, name] = (100 * np.expm1(values)).round(2)
        reading[enough] = np.where(rates.low > 0, GROWING, np.where(rates.high < 0, DECLINING, UNCLEAR))
    return found.assign(TrendReading=reading)


def _complete_counts(over_time: pd.DataFrame, topics: NDArray[np.int64]) -> tuple[NDArray[np.int64], pd.Series[int]]:
    """Papers of each topic in the last ten complete years that have papers, (t, years), and of all papers together."""
    complete = over_time[~over_time["Incomplete"].astype(bool)] if len(over_time) else over_time
    totals = complete.groupby("Year")["Count"].sum()
    totals = totals[totals > 0].tail(RECENT)
    table = complete.pivot(index="Topic", columns="Year", values="Count").reindex(index=topics, columns=totals.index)
    return table.fillna(0).to_numpy(dtype=np.int64), totals.astype(int)


@dataclass(frozen=True)
class Growth:
    """Logarithms of how a share changes in a year, with the bounds of a 95 % interval.

    Args:
        rate: (t,) float64, the likeliest.
        low: (t,) float64, the lower bound.
        high: (t,) float64, the upper bound.
    """

    rate: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def growth(counts: NDArray[np.int64], totals: NDArray[np.int64], years: NDArray[np.float64]) -> Growth:
    """Growth of shares by a quasi-Poisson model with a prior that the topics give each other.

    The model: count = Poisson(exp(a + b year) x papers of the year), for each topic, so that a year counts by its
    papers. Given the topic's papers in all years, their spread over the years is multinomial with
    p ~ papers of the year x exp(b year): a falls away, and b is found by Newton's method (McCullagh and Nelder 1989,
    6.4). The variance is that of the model times the dispersion, Pearson's chi-squared over its degrees of freedom, at
    least 1, of the topic and of all topics. b has a normal prior around 0, no growth, whose variance is that of the
    topics (empirical Bayes, by expectation and maximisation): the fewer papers, the nearer to 0.

    statsmodels fits the same model, a topic at a time and without the prior; it would be a dependency of 12 MB for
    these few lines. scikit-learn's PoissonRegressor gives no interval; tests compare with its slopes.

    Args:
        counts: (t, y) papers of each topic in each year; each topic has at least one.
        totals: (y,) papers of each year, at least 1; y is 3 or more.
        years: (y,) the years.

    Returns:
        Rates and their bounds.

    Example:
        >>> found = growth(np.array([[100, 200, 400]]), np.array([5000, 5000, 5000]), np.array([2018.0, 2019, 2020]))
        >>> bool(found.low[0] > 0)
        True
    """
    at = years - np.average(years, weights=totals)
    spread = _dispersion(counts, totals, at)
    variance = _PRIOR_GROWTH**2
    for _ in range(_ROUNDS):
        rate, error = _likeliest(counts, totals, at, spread, variance)
        prior = _PRIOR_TOPICS * _PRIOR_GROWTH**2
        variance = float((np.sum(rate**2 + error**2) + prior) / (len(rate) + _PRIOR_TOPICS))
    rate, error = _likeliest(counts, totals, at, spread, variance)
    return Growth(rate, rate - _NORMAL_95 * error, rate + _NORMAL_95 * error)


def _dispersion(counts: NDArray[np.int64], totals: NDArray[np.int64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much wider the counts of each topic scatter than Poisson's, (t,), at least 1."""
    rate, _ = _likeliest(counts, totals, at, np.ones(len(counts)), _PRIOR_GROWTH**2)
    expected = counts.sum(axis=1, keepdims=True) * _spread_over_years(rate, totals, at)
    free = counts.shape[1] - 2
    chi_squared = ((counts - expected) ** 2 / expected).sum(axis=1)
    # The median: a few topics of one year's shared task scatter a hundred times as much as the others.
    common = max(float(np.median(chi_squared) / _median_of_chi_squared(free)), 1.0)
    mixed: NDArray[np.float64] = (chi_squared + _PRIOR_YEARS * common) / (free + _PRIOR_YEARS)
    return np.maximum(mixed, 1.0)


def _median_of_chi_squared(free: int) -> float:
    from scipy.special import gammaincinv  # late, as it is heavy; scipy.stats, which has chi2, is far heavier

    return float(2 * gammaincinv(free / 2, 0.5))


def _likeliest(
    counts: NDArray[np.int64],
    totals: NDArray[np.int64],
    at: NDArray[np.float64],
    spread: NDArray[np.float64],
    variance: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The likeliest rates under the prior, and their standard errors, each (t,)."""
    papers = counts.sum(axis=1) / spread
    middle = counts @ at / counts.sum(axis=1)
    rate = np.zeros(len(counts))
    for _ in range(_STEPS):
        shares = _spread_over_years(rate, totals, at)
        mean = shares @ at
        information = papers * (shares @ at**2 - mean**2) + 1 / variance
        step = (papers * (middle - mean) - rate / variance) / information
        rate = rate + np.clip(step, -1, 1)  # far off, Newton's steps are too long
        if np.abs(step).max() < 1e-10:
            break
    return rate, 1 / np.sqrt(information)


def _spread_over_years(
    rate: NDArray[np.float64], totals: NDArray[np.int64], at: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Where the papers of topics that grow at these rates fall, (t, y), each row 1 in all."""
    logarithms = np.log(totals) + rate[:, None] * at
    weights = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return shares
