"""Topics over the years: which years can be compared, and how fast topics grow."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import PoissonRegressor

from topicloom.atlas.trends import (
    DECLINING,
    GROWING,
    TOO_FEW_PAPERS,
    TOO_FEW_YEARS,
    UNCLEAR,
    UNDATED,
    _median_of_chi_squared,
    growth,
    topics_over_time,
    trends,
)
from topicloom.atlas.years import judge_years, listed_years, period_shares, periods, year_notes, years_of

YEARS = np.arange(2011, 2021)


def judged(totals: dict[int, int], today: int = 2026):
    return judge_years(pd.Series(totals), today)


def table(counts: dict[int, list[int]], first: int = 2011, today: int = 2026) -> pd.DataFrame:
    """Topics over time from papers of each topic in each year."""
    rows = [
        (topic, first + at) for topic, years in counts.items() for at, papers in enumerate(years) for _ in range(papers)
    ]
    topics, years = zip(*rows, strict=True)
    return topics_over_time(np.array(topics), pd.Series(years, dtype="Int64"), today)


def test_counts_and_shares_over_the_years():
    topics, years = np.array([0, 0, 1, -1, 0]), pd.Series([2019, 2020, 2020, 2020, None], dtype="Int64")
    found = topics_over_time(topics, years, today=2030).set_index(["Topic", "Year"])
    assert found.loc[(0, 2020), "Count"] == 1
    assert found.loc[(0, 2020), "Share"] == pytest.approx(1 / 3, abs=1e-6)
    assert found.loc[(1, 2019), "Count"] == 0
    assert found.loc[(-1, 2020), "Count"] == 1
    assert topics_over_time(topics, pd.Series([None] * 5, dtype="Int64"), 2030).empty


@pytest.mark.parametrize(
    ("totals", "incomplete", "thin"),
    [
        ({2016: 308, 2017: 2020, 2018: 3142, 2019: 3796}, [2016], []),  # the first year
        ({2018: 100, 2019: 120, 2020: 30}, [2020], []),  # the last
        ({2018: 100, 2019: 120, 2020: 80}, [], []),
        ({2024: 100, 2025: 120, 2026: 110}, [2026], []),  # the current one, however many it has
        ({2024: 100, 2025: 40, 2026: 3}, [2025, 2026], []),  # and the one before it
        ({1991: 1, 1992: 11, 1993: 214, 1994: 775, 1995: 892}, [1991, 1992, 1993], []),  # beyond an incomplete one
        ({1991: 3, 1992: 0, 1993: 100, 1994: 110}, [], [1991]),
        ({2018: 3, 2019: 9, 2020: 2}, [], [2018, 2019, 2020]),  # nothing can be said of so few
        ({2020: 10}, [], [2020]),
        ({2026: 10}, [2026], []),
    ],
)
def test_incomplete_and_thin_years_are_found(totals, incomplete, thin):
    found = judged(totals)
    assert found.incomplete == incomplete
    assert found.thin == thin


@given(st.lists(st.integers(0, 60), min_size=1, max_size=14), st.integers(2008, 2030))
def test_periods_hold_enough_papers_and_each_complete_paper_once(papers, today):
    papers[0] = max(papers[0], 1)
    totals = {2010 + at: count for at, count in enumerate(papers)}
    quality = judged(totals, today)
    found = periods(quality)
    complete = [period for period in found if period.complete]
    assert all(period.papers >= 20 for period in found) or len(complete) == 1
    assert all(one.last < other.first for one, other in itertools.pairwise(found))
    inside = sum(count for year, count in totals.items() if quality.first <= year <= quality.last)
    assert sum(period.papers for period in complete) == inside
    for period in found:
        assert period.papers == sum(totals[year] for year in range(period.first, period.last + 1))


def test_a_year_with_one_paper_makes_no_share_of_all():
    over_time = table({0: [1, 0, 2, 30, 30], 1: [0, 1, 4, 30, 30]})
    found = periods(years_of(over_time, 2026))
    assert [(period.first, period.last) for period in found] == [(2011, 2014), (2015, 2015)]
    shares = period_shares(over_time.pivot(index="Topic", columns="Year", values="Count"), found)
    assert shares.loc[0].tolist() == pytest.approx([33 / 68, 0.5])


def test_what_is_said_of_the_years_is_measured():
    notes = " ".join(year_notes(judged({2016: 308, 2017: 2020, 2018: 3142, 2026: 5})))
    assert "2016 has 308 papers, less than half of the 2,020 of 2017" in notes
    assert "2026 was not over" in notes
    assert year_notes(judged({2000: 3, 2001: 50, 2002: 60})) == ["2000 has fewer than 20 papers; its share is pooled."]
    assert year_notes(judged({2000: 3, 2001: 4, 2002: 60})) == [
        "2000–2001 have fewer than 20 papers each; their shares are pooled."
    ]
    # A year without a paper is no year of 20 papers.
    assert year_notes(judged({2000: 60, 2001: 0, 2002: 60, 2003: 0, 2004: 60})) == ["2001 and 2003 have no paper."]
    assert year_notes(judged({2000: 50, 2001: 50})) == [
        "Each year from 2000 to 2001 has 20 papers or more, and the first and the last have at least half as many as the "
        "year beside them."
    ]
    assert not any("20 papers or more" in note for note in year_notes(judged({2000: 50, 2001: 5, 2002: 50})))
    assert listed_years([1991, 1992, 1995, 2001]) == "1991–1992, 1995 and 2001"


def test_slopes_are_those_of_a_poisson_regression_with_the_years_papers_as_offset(monkeypatch):
    from topicloom.atlas import trends as trends_module

    monkeypatch.setattr(trends_module, "_PRIOR_GROWTH", 1e4)  # so wide that it says nothing
    monkeypatch.setattr(trends_module, "_ROUNDS", 0)
    rng = np.random.default_rng(0)
    totals = rng.integers(200, 3000, len(YEARS))
    expected = 0.01 * np.exp(np.linspace(-0.3, 0.3, 7)[:, None] * (YEARS - 2015)) * totals
    counts = rng.poisson(expected) + 1
    found = growth(counts, totals, YEARS.astype(float))
    for of_topic, rate in zip(counts, found.rate, strict=True):
        fitted = PoissonRegressor(alpha=0, tol=1e-9, max_iter=10_000).fit(
            (YEARS - 2015)[:, None], of_topic / totals, sample_weight=totals
        )
        assert rate == pytest.approx(fitted.coef_[0], abs=1e-5)


def test_intervals_hold_the_truth_nineteen_times_in_twenty():
    rng = np.random.default_rng(1)
    totals = np.full(len(YEARS), 4000)
    true = rng.normal(0, 0.1, 600)
    expected = np.exp(true[:, None] * (YEARS - 2015.5)) * rng.uniform(1, 20, 600)[:, None]
    counts = rng.poisson(expected)
    kept = counts.sum(axis=1) >= 15
    found = growth(counts[kept], totals, YEARS.astype(float))
    inside = np.mean((found.low <= true[kept]) & (true[kept] <= found.high))
    assert 0.92 <= inside <= 0.98


def test_a_small_topic_is_drawn_towards_no_growth_and_a_large_one_is_not():
    totals = np.full(6, 1000)
    small, large = np.array([1, 1, 2, 3, 4, 6]), 50 * np.array([1, 1, 2, 3, 4, 6])
    calm = np.full((30, 6), 20)
    found = growth(np.vstack([small, large, calm]), totals, np.arange(6.0))
    assert 0 < found.rate[0] < 0.8 * found.rate[1]
    assert found.high[0] - found.low[0] > found.high[1] - found.low[1]
    assert np.isfinite(growth(np.array([[0, 0, 0, 0, 0, 30]]), totals, np.arange(6.0)).high).all()


def test_a_trend_is_a_number_with_an_interval_or_a_reason_why_there_is_none():
    steady = [200] * 6
    over_time = table(
        {0: [5, 10, 20, 40, 80, 160], 1: [160, 80, 40, 20, 10, 5], 2: [9] * 6, 3: [1, 2, 1, 2, 1, 2], -1: steady}
    )
    found = trends(over_time, np.array([0, 1, 2, 3, 4]))
    assert list(found["TrendReading"]) == [GROWING, DECLINING, UNCLEAR, TOO_FEW_PAPERS, UNDATED]
    assert found["Trend"].isna().tolist() == [False, False, False, True, True]
    assert (found["TrendLow"] < found["Trend"]).fillna(value=True).all()
    assert set(trends(table({0: [50, 50]}), np.array([0, 1]))["TrendReading"]) == {TOO_FEW_YEARS, UNDATED}
    nothing = topics_over_time(np.array([0]), pd.Series([None], dtype="Int64"), 2026)
    assert list(trends(nothing, np.array([0]))["TrendReading"]) == [UNDATED]


def test_a_broken_first_year_turns_no_trend_around():
    rng = np.random.default_rng(2)
    counts = {topic: rng.poisson(40, 6).tolist() for topic in range(20)}
    for papers in counts.values():
        papers[0] = 0
    broken = {**counts, 20: [100, 40, 40, 40, 40, 40]}  # all papers of the first year are in one topic
    whole = {topic: papers[1:] for topic, papers in broken.items()}
    numbers = np.arange(21)
    with_it, without = trends(table(broken), numbers), trends(table(whole, first=2012), numbers)
    pd.testing.assert_frame_equal(with_it, without)


def test_the_median_of_chi_squared_is_scipys():
    from scipy.stats import chi2

    assert [_median_of_chi_squared(free) for free in range(1, 200)] == [chi2.median(free) for free in range(1, 200)]
