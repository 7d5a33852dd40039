"""Periods, the topics out of which others grow, and signals of the project's own runs."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from topicloom.atlas.evolution import equal_periods, evolution
from topicloom.atlas.signals import FADING, NO_PAPERS, NO_RUN, STEADY, STRONG, WEAK, signals
from topicloom.atlas.years import Period, judge_years
from topicloom.report.moves import evolution_shown


def periods_of(totals: dict[int, int]) -> list[Period]:
    years = range(min(totals), max(totals) + 1)
    return equal_periods(judge_years(pd.Series([totals.get(year, 0) for year in years], index=years), today=2026))


@pytest.mark.parametrize(
    ("totals", "expected"),
    [
        ({2000 + year: 100 for year in range(10)}, 5),
        ({2018: 60, 2019: 60, 2020: 60, 2021: 60}, 4),
        ({2017: 100, 2018: 90, 2019: 2000, 2020: 1000}, 4),
        ({2018: 60, 2019: 60}, 0),  # too few years
        ({2018: 40, 2019: 40, 2020: 40}, 0),  # too few papers
        ({1950: 60, 1990: 60, 2020: 60}, 3),  # years without papers in between
    ],
)
def test_periods_are_three_to_five_of_about_as_many_papers(totals, expected):
    found = periods_of(totals)
    assert len(found) == expected
    assert sum(period.papers for period in found) == (sum(totals.values()) if expected else 0)
    for one, next_one in itertools.pairwise(found):
        assert one.first <= one.last < next_one.first


def test_a_new_topic_comes_out_of_the_one_it_lies_beside():
    rng = np.random.default_rng(0)
    middles = {0: [1.0, 0, 0], 1: [0, 1.0, 0], 2: [0, 0.7, 0.7]}  # 2 is new, and beside 1
    sizes = {(0, 0): 40, (0, 1): 40, (1, 0): 30, (1, 1): 30, (1, 2): 20, (2, 0): 10, (2, 2): 50}
    topics = np.concatenate([np.full(papers, topic) for (_, topic), papers in sizes.items()])
    years = np.concatenate([np.full(papers, 2018 + period) for (period, _), papers in sizes.items()])
    vectors = np.array([middles[topic] for topic in topics]) + rng.normal(scale=0.05, size=(len(topics), 3))
    order = rng.permutation(len(topics))
    periods = [Period(2018 + at, 2018 + at, 60, complete=True) for at in range(3)]
    found = evolution(vectors[order], topics[order], pd.Series(years[order], dtype="Int64"), periods)
    flows = {(row.Period, row.Topic, row.EarlierTopic): row.FromEarlier for row in found.dropna().itertuples()}
    assert flows == {(2, 0, 0): 30, (2, 1, 1): 30, (2, 2, 1): 20, (3, 0, 0): 10, (3, 2, 2): 50}
    assert found.groupby("Period")["FromEarlier"].sum().to_dict() == {1: 0, 2: 80, 3: 60}
    shown = evolution_shown(found)
    assert shown is not None
    assert [papers for _, papers in shown["periods"]] == [80, 80, 60]
    assert sum(papers for *_, papers in shown["flows"]) == 220


def test_without_periods_or_papers_there_is_nothing_to_show():
    empty = evolution(np.zeros((0, 3)), np.zeros(0, dtype=np.int64), pd.Series(dtype="Int64"), [])
    assert evolution_shown(empty) is None
    none_in_topics = evolution(
        np.ones((2, 3)), np.array([-1, -1]), pd.Series([2018, 2019], dtype="Int64"), [Period(2018, 2018, 1, True)] * 3
    )
    assert evolution_shown(none_in_topics) is None


def test_where_new_papers_go_is_a_signal_and_what_a_fit_moved_is_none():
    # Topics of 200, 30, 200 and 40 papers, of which 100, 25, 0 and 0 are new; the earlier run called one of them T-X.
    topics = np.repeat([0, 1, 2, 3, -1], [200, 30, 200, 40, 10])
    papers = np.array([str(row) for row in range(len(topics))], dtype=object)
    is_new = np.concatenate([np.arange(200) < 100, np.arange(30) < 25, np.zeros(250, dtype=bool)])
    uids = ["T-A", "T-B", "T-C", "T-D"]
    runs = {3: {"T-A": 100, "T-X": 240}, 4: dict(zip(uids, [200, 30, 200, 40], strict=True))}
    found = signals(topics, papers, uids, runs, set(papers[~is_new]), [1, 4, 4, 4])
    assert found["Signal"].tolist() == [STRONG, WEAK, FADING, FADING]
    assert found["NewPapers"].tolist() == [100, 25, 0, 0]
    assert found["RunPapers"].tolist()[:2] == ["3: 100; 4: 200", "3: 0; 4: 30"]
    fields = np.array([True, True, False, True])
    aside = signals(topics, papers, uids, runs, set(papers[~is_new]), [1] * 4, fields)
    assert aside["Signal"].tolist() == [STRONG, WEAK, "papers without abstract", FADING]
    alone = signals(topics, papers, uids, {4: runs[4]}, set(), [1] * 4)
    assert set(alone["Signal"]) == {NO_RUN}
    same = signals(topics, papers, uids, runs, set(papers), [1] * 4)
    assert set(same["Signal"]) == {NO_PAPERS}
    assert same["NewZ"].isna().all()


def test_new_papers_that_go_where_the_others_are_tell_nothing():
    topics = np.tile([0, 1, 2], 100)
    papers = np.array([str(row) for row in range(300)], dtype=object)
    runs = {1: {}, 2: {}}
    found = signals(topics, papers, ["T-A", "T-B", "T-C"], runs, set(papers[:150]), [1] * 3)
    assert set(found["Signal"]) == {STEADY}
