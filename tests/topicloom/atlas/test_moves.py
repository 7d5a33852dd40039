"""What moves: bursts, the strategic map, two halves against each other, and papers between topics."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_matrix

from tests.topicloom.atlases import small_atlas
from tests.topicloom.report.test_report import page_of
from topicloom.atlas.bridges import bridges
from topicloom.atlas.bursts import _gains, _likeliest_states, bursts
from topicloom.atlas.contrast import contrast
from topicloom.atlas.moves import EMERGING, moves_table
from topicloom.atlas.phrases import Phrases
from topicloom.atlas.strategic import BASIC, MARGINAL, MOTOR, NICHE, strategic
from topicloom.atlas.trends import topics_over_time, trends
from topicloom.figures import moves as moves_figures
from topicloom.figures.moves import growth_by_size, strategic_map
from topicloom.figures.sheet import Page
from topicloom.figures.style import styled
from topicloom.report.moves import moves_shown

YEARS = np.arange(2010, 2018)


def cheapest(counts: np.ndarray, totals: np.ndarray) -> float:
    """The cost of the likeliest course of states, of all courses."""
    usual = counts.sum() / totals.sum()
    entry, found = math.log(len(totals)), math.inf
    for course in itertools.product((0, 1), repeat=len(totals)):
        cost = sum(entry for before, now in itertools.pairwise((0, *course)) if now > before)
        for high, few, many in zip(course, counts, totals, strict=True):
            share = min(usual * 2, 0.9999) if high else usual
            cost -= few * math.log(share) + (many - few) * math.log(1 - share)
        found = min(found, cost)
    return found


@settings(max_examples=40, deadline=None)
@given(arrays(np.int64, 8, elements=st.integers(0, 30)).filter(lambda counts: counts.sum() > 20))
def test_no_course_of_states_is_likelier_than_that_of_the_bursts(counts):
    totals = np.full(8, 200)
    usual, spared, entered = counts.sum() / totals.sum(), 0.0, 0
    gain = _gains(counts[None], totals)
    up = _likeliest_states(gain, math.log(8))[0]
    entered = sum(now and not before for before, now in itertools.pairwise((False, *up)))
    spared = float(gain[0][up].sum())
    low = -sum(few * math.log(usual) + (200 - few) * math.log(1 - usual) for few in counts)
    assert low - spared + entered * math.log(8) == pytest.approx(cheapest(counts, totals))


def test_bursts_are_found_where_they_were_planted():
    counts = np.array([[10, 10, 10, 40, 45, 10, 10, 10], [10] * 8, [0, 0, 0, 0, 0, 0, 30, 40], [0] * 8, [0] * 7 + [4]])
    found = bursts(counts, np.full(8, 1000), YEARS)
    assert [[(burst.first, burst.last, burst.papers) for burst in own] for own in found] == [
        [(2013, 2014, 85)],
        [],
        [(2016, 2017, 70)],
        [],
        [],  # four papers are no news
    ]
    assert bursts(np.zeros((2, 0), dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)) == [
        [],
        [],
    ]


@pytest.mark.parametrize("share", [1.0, 0.8, 0.6])
def test_a_topic_that_has_most_papers_cannot_burst(share):
    totals = np.array([100, 300, 100, 500, 100, 200, 100, 100])
    counts = np.where(np.arange(8) % 3 == 0, totals, share * totals).astype(np.int64)
    assert bursts(counts[None], totals, YEARS) == [[]]


def test_a_year_of_many_papers_is_no_burst():
    totals = np.array([500, 500, 500, 5000, 500, 500, 500, 500])
    assert bursts((totals // 50)[None], totals, YEARS) == [[]]


def test_the_strategic_map_is_callons():
    random = np.random.default_rng(3)
    held = csr_matrix(np.where(random.random((60, 12)) < 0.3, random.random((60, 12)), 0))
    held.data[:] = 1
    of_topics = [[0, 1, 2], [3, 4, 5, 2], [6, 7, 8], [9, 10, 11], []]
    words = [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    full = held.toarray()
    together = full.T @ full
    tie = together**2 / np.outer(np.diag(together), np.diag(together))
    found = strategic(csr_matrix(held), of_topics)
    for topic, own in enumerate(words):
        others = [word for group in words if group is not own for word in group]
        within = sum(tie[a, b] for a, b in itertools.combinations(own, 2))
        assert found.density[topic] == pytest.approx(100 * within / len(own))
        assert found.centrality[topic] == pytest.approx(10 * sum(tie[a, b] for a in own for b in others))
    assert math.isnan(found.density[4])
    assert math.isnan(found.centrality[4])
    assert found.quarter[4] == ""
    assert set(found.quarter[:4]) <= {MOTOR, BASIC, NICHE, MARGINAL}


def test_two_sets_are_told_apart_by_evidence_and_not_by_rarity():
    first, second = np.array([400, 100, 1, 0]), np.array([100, 400, 4, 0])
    found = contrast(first, second)
    assert found.z[0] < -5
    assert found.z[1] > 5
    assert 0 < found.z[2] < 1.96  # four against one, of a thousand
    assert found.log_odds[3] == 0
    turned = contrast(second, first)
    np.testing.assert_allclose(turned.z, -found.z)
    assert not contrast(np.array([3]), np.array([5])).z.any()
    assert not contrast(np.zeros(3, dtype=int), np.array([1, 2, 3])).z.any()


def test_a_bridge_is_about_two_topics_almost_alike():
    shares = csr_matrix([[0.5, 0.45, 0.05], [0.5, 0.3, 0.2], [0.1, 0.4, 0.5], [0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    found = bridges(shares, np.array([0, 0, 1, -1, 0]), pd.Series(["a", "b", "c", "d", "e"]))
    assert found.to_numpy().tolist() == [[0, 1, 1, "a"], [1, 2, 1, "c"]]
    assert list(bridges(csr_matrix((0, 0)), np.zeros(0, dtype=int), pd.Series([], dtype=str)).columns) == list(
        found.columns
    )


def phrases_of(atlas) -> Phrases:
    rng = np.random.default_rng(0)
    topics = len(atlas.topics)
    held = csr_matrix((rng.random((len(atlas.papers), 3 * max(topics, 1))) < 0.3).astype(int))
    return Phrases([], held, [[(3 * topic + at, 1.0) for at in range(3)] for topic in range(topics)])


@pytest.mark.parametrize("topics", [0, 1, 2, 40])
@pytest.mark.parametrize("years", [True, False])
def test_every_atlas_has_its_table(topics, years):
    atlas = small_atlas(topics, years=years)
    table = moves_table(atlas, phrases_of(atlas))
    assert list(table["Topic"]) == list(range(topics))
    assert table["Bursts"].map(type).eq(str).all()
    if not years:
        assert table["LogOdds"].isna().all()
        assert (table["Bursts"] == "").all()
        assert not table["Bursting"].any()
    elif topics > 1:
        assert table["EarlierShare"].sum() == pytest.approx(100, abs=0.1)
        assert table["LaterShare"].sum() == pytest.approx(100, abs=0.1)


def test_a_topic_that_is_new_and_grows_emerges():
    atlas = small_atlas(3, papers_each=300)
    papers = atlas.papers
    new = papers.index[papers["Topic"] == 2]
    year = papers["year"].copy()
    year.loc[new] = np.repeat([2014, 2015, 2016, 2017, 2018], [10, 20, 40, 80, 150])
    papers["year"] = year
    over_time = topics_over_time(papers["Topic"].to_numpy(), papers["year"], 2026)
    topics = atlas.topics.drop(columns=["Trend", "TrendLow", "TrendHigh", "TrendReading"])
    found = trends(over_time, topics["Topic"].to_numpy())
    grown = replace(atlas, over_time=over_time, topics=pd.concat([topics, found], axis=1))
    table = moves_table(grown, phrases_of(grown))
    assert table["State"][2] == EMERGING
    assert table["Bursting"][2]
    assert table["LogOddsZ"][2] > 1.96
    assert EMERGING not in set(table["State"][:2])


@pytest.mark.parametrize(
    ("topics", "years", "expected"),
    [(0, True, set()), (1, True, set()), (12, False, {"strategic_map"}), (12, True, {"growth", "strategic_map"})],
)
def test_its_figures_are_drawn_where_the_data_allow(tmp_path, topics, years, expected):
    atlas = small_atlas(topics, papers_each=30, years=years)
    table = moves_table(atlas, phrases_of(atlas))
    with styled():
        page = Page(tmp_path)
        files = [*growth_by_size(atlas, page, table), *strategic_map(atlas, page, table)]
    assert {name.partition(".")[0] for name in files} == expected
    assert all((tmp_path / name).stat().st_size > 5_000 for name in files)


def test_numbers_are_set_where_points_are_drawn(tmp_path, monkeypatch):
    """matplotlib settles the limits of a chart late; numbers that were set before would lie beside their points."""
    set_at = []
    of_points = moves_figures._places

    def noted(sheet, axes, x, y):
        found = of_points(sheet, axes, x, y)
        set_at.append((sheet, axes, x, y, found))
        return found

    monkeypatch.setattr(moves_figures, "_places", noted)
    atlas = small_atlas(12, papers_each=30)
    table = moves_table(atlas, phrases_of(atlas))
    with styled():
        growth_by_size(atlas, Page(tmp_path), table)
        strategic_map(atlas, Page(tmp_path), table)
    monkeypatch.undo()
    assert len(set_at) == 4
    for sheet, axes, x, y, found in set_at:
        np.testing.assert_allclose(found, moves_figures._places(sheet, axes, x, y), atol=1e-6)


def test_the_page_lists_what_moves():
    atlas = small_atlas(12, papers_each=30)
    table = moves_table(atlas, phrases_of(atlas))
    table.loc[3, "State"], table.loc[4, "State"], table.loc[5, "Bursts"] = EMERGING, "declining", "2016-2018"
    table.loc[5, "BurstWeight"] = 7.0
    joined = pd.DataFrame(
        {"Topic": [1], "OtherTopic": [2], "Label": ["a"], "OtherLabel": ["<b>"], "Papers": [1], "UTs": [""]}
    )
    shown = moves_shown(atlas, table, joined)
    assert [one["number"] for one in shown["emerging"]] == [3]
    assert [one["number"] for one in shown["declining"]] == [4]
    assert {"number": 5, "label": table["Label"][5], "years": "2016-2018", "now": False} in shown["bursts"]
    assert shown["bridges"] == [{"topics": [(1, "a"), (2, "<b>")], "papers": 1}]
    page = page_of(atlas, moves=shown)
    section = page[page.index('<section id="moves"') : page.index('<section id="crossings"')]
    assert "&lt;b&gt;" in section
    assert "<b>" not in section
    assert section.count('class="link to-topic"') == 2 + len(shown["growing"]) + len(shown["bursts"]) + 2
    assert 'id="moves"' not in page_of(atlas)
    assert 'id="moves"' not in page_of(small_atlas(1), moves=moves_shown(small_atlas(0), table[:0], joined[:0]))
