"""Profiles of topics: values told alike, counted by hand, compared with intervals, and as the page gets them."""

from __future__ import annotations

import csv
import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import hypergeom

from tests.topicloom.atlases import small_atlas
from topicloom.atlas.lift import lifts
from topicloom.atlas.profiles import (
    LEAST_FOR_LIFT,
    MOST_VALUES,
    citation_percentiles,
    citation_table,
    profile_table,
    sets_of,
)
from topicloom.atlas.shown_profiles import MOST_SHOWN, shown_profiles
from topicloom.atlas.values import values_of
from topicloom.inputs.paper_fields import author_names, read_fields
from topicloom.report.payload import packed, payload
from topicloom.settings.reading import read_settings
from topicloom.store.csv_tables import write_csv

HOSTILE = ("=1+2", "<script>alert(1)</script>", "a\0b", "\u202egnp.exe", "٣ دولة", "'; DROP", "x" * 5000)


def sets_and_values(atlas, texts, *, several=True):
    topics = atlas.papers["Topic"].to_numpy()
    return sets_of(topics, atlas.levels, atlas.groups, atlas.topics), values_of(texts, several=several)


def test_values_that_differ_in_case_spaces_or_full_stops_are_one_in_the_form_most_written():
    found = values_of(["Wang, Y.; WANG, Y", "Wang,  Y", "wang, y.", "Wang, Y.;;  ", "", "\u202e; \0"])
    assert found.names == ["Wang, Y."]
    assert found.held.toarray().ravel().tolist() == [1, 1, 1, 1, 0, 0]
    assert found.first.tolist() == [0, 0, 0, 0, -1, -1]


def test_the_first_value_is_the_one_that_stands_first_not_the_one_met_first():
    found = values_of(["Peru", "Chad; Peru", "Peru; Chad"])
    assert [found.names[value] for value in found.first] == ["Peru", "Chad", "Peru"]


@pytest.mark.parametrize("topics", [1, 3, 30])
def test_every_number_is_that_of_a_loop_over_papers(topics):
    atlas = small_atlas(topics)
    rng = np.random.default_rng(1)
    lists = [
        [f"c{value}" for value in rng.choice(6, rng.integers(0, 4), replace=False)] for _ in range(len(atlas.papers))
    ]
    sets, values = sets_and_values(atlas, ["; ".join(of_paper) for of_paper in lists])
    table = profile_table(sets, {"countries": values})
    in_all, known = sum(("c1" in one) for one in lists), sum(bool(one) for one in lists)
    for row in table[table["Value"] == "c1"].itertuples():
        member = atlas.levels[:, row.Level] == row.Code
        papers = [one for one, topic in zip(lists, atlas.papers["Topic"], strict=True) if topic >= 0 and member[topic]]
        having = [one for one in papers if "c1" in one]
        assert row.Papers == len(having) >= 2
        assert row.FractionalPapers == pytest.approx(sum(1 / len(one) for one in having), abs=1e-3)
        assert row.Known == sum(bool(one) for one in papers)
        assert row.Share == pytest.approx(len(having) / row.Known, abs=1e-5)
        assert np.isnan(row.Lift) == (row.Papers < LEAST_FOR_LIFT)
        if row.Papers >= LEAST_FOR_LIFT:
            assert row.Lift == pytest.approx(row.Share / (in_all / known), abs=1e-3)
            assert row.LiftLow <= row.Lift <= row.LiftHigh
    assert set(table.loc[table["Topic"].notna(), "Level"]) == {atlas.levels.shape[1] - 1}


def test_the_interval_leaves_1_out_for_about_one_random_draw_in_twenty():
    papers, of_all, draw = 2000, 300, 400
    counts = np.arange(draw + 1)
    counts = counts[counts <= of_all]
    found = lifts(counts, np.full(len(counts), draw), np.full(len(counts), of_all), papers)
    outside = (found.low > 1) | (found.high < 1)
    assert 0.035 < hypergeom(papers, of_all, draw).pmf(counts)[outside].sum() < 0.065
    whole = lifts(np.array([of_all]), np.array([papers]), np.array([of_all]), papers)
    assert [float(value[0]) for value in whole] == pytest.approx([1, 1, 1])


def test_hostile_values_stand_in_the_table_as_texts(tmp_path):
    atlas = small_atlas(2, 14)
    sets, values = sets_and_values(
        atlas, [HOSTILE[row % len(HOSTILE)] for row in range(len(atlas.papers))], several=False
    )
    table = profile_table(sets, {"sources": values})
    write_csv(table, tmp_path / "t.csv", escape_formulas=True, for_excel=True)
    data = (tmp_path / "t.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert b"\0" not in data
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {len(row) for row in rows} == {len(table.columns)}
    assert "'=1+2" in {row["Value"] for row in rows}
    assert all(len(row["Value"]) <= 201 and "\u202e" not in row["Value"] for row in rows)
    shown = json.loads(json.dumps(shown_profiles(atlas.papers, table, citations_of(atlas, sets), {"sources": values})))
    assert "<script>alert(1)</script>" in shown["crossings"]["sources"]["names"]


def citations_of(atlas, sets):
    cited = atlas.papers["cited"]
    return citation_table(sets, cited, citation_percentiles(cited, atlas.papers["year"]))


def test_at_most_a_hundred_values_of_a_topic_the_commonest():
    atlas = small_atlas(1, 400, outliers=False)
    sets, values = sets_and_values(atlas, [f"s{row % 130}" for row in range(400)], several=False)
    table = profile_table(sets, {"sources": values})
    assert len(table) == MOST_VALUES
    assert table["Papers"].tolist() == sorted(table["Papers"], reverse=True)
    assert table["Papers"].max() == 4


def test_citations_are_ranked_among_papers_of_their_year_and_thin_years_are_left_out():
    cited = pd.Series([*range(20), 5, None, 1000], dtype="Int64")
    years = pd.Series([2020] * 20 + [2021, 2020, None], dtype="Int64")
    found = citation_percentiles(cited, years)
    assert found[0] == 2.5
    assert found[19] == 97.5
    assert np.isnan(found[20:]).all()


@pytest.mark.parametrize("topics", [0, 1, 4])
def test_the_page_gets_profiles_of_every_topic_and_group(topics):
    atlas = small_atlas(topics)
    papers = atlas.papers
    sets, authors = sets_and_values(atlas, list(papers["authors"]))
    values = {"authors": authors, "sources": values_of(list(papers["source"]), several=False)}
    values["countries"] = values_of(["Peru; Chad" if row % 3 else "" for row in range(len(papers))])
    table, citations = profile_table(sets, values), citations_of(atlas, sets)
    shown = json.loads(json.dumps(shown_profiles(papers, table, citations, values)))
    found = payload(atlas, profiles=shown)
    assert packed(found)
    assert len(found["profiles"]["groups"]) == len(found["groups"])
    assert [name == "" for name in map(found["papers"]["countries"].__getitem__, found["papers"]["country"])] == [
        row % 3 == 0 for row in range(len(papers))
    ]
    for number, topic in enumerate(found["topics"]):
        profile = topic["profile"]
        of_topic = papers[papers["Topic"] == number]
        assert len(profile["sources"]) <= MOST_SHOWN
        assert profile["sources"][0][1] == of_topic["source"].value_counts().drop("", errors="ignore").max()
        own = table[(table["Topic"] == number) & (table["Field"] == "sources")].iloc[0]
        name, papers_with, *lift = profile["sources"][0]
        assert (name, papers_with) == (own["Value"], own["Papers"])
        assert lift == [round(own[bound], 2) for bound in ("Lift", "LiftLow", "LiftHigh")]
        cited = [citations for _, citations in profile["cited"]]
        assert cited == sorted(of_topic["cited"].fillna(0), reverse=True)[:MOST_SHOWN]
        assert [papers["cited"][row] for row, _ in profile["cited"]] == cited
        assert profile["citations"]["total"] == of_topic["cited"].sum()
    assert "profile" not in (payload(atlas)["topics"] or [{}])[0]


def test_columns_may_be_named_and_missing_ones_are_told(project):
    papers = pd.read_csv(project.dataset, dtype=str)
    papers = papers.drop(columns=["AF", "TC", "SO"], errors="ignore").rename(columns={"AU": "Who"})
    papers.to_csv(project.dataset, index=False)
    project.write_settings(columns={"authors": "Who", "countries": "Land"})
    fields = read_fields(read_settings(project.analysis), [*papers["UT"][:3], "not there"])
    assert fields.absent == {"countries": "Land"}
    assert {"cited", "source", "full_names"}.isdisjoint(fields.columns)
    assert list(author_names(fields)) == [*papers["Who"][:3].fillna(""), ""]
    project.dataset.unlink()
    fields = read_fields(read_settings(project.analysis), ["a", "b"])
    assert (len(fields.texts), author_names(fields)) == (2, None)
