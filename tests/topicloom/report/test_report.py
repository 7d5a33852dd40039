"""report.html as text: what it holds, that nothing in it can run, and that its data are the atlas's."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import hashlib
import json
import re

import numpy as np
import pandas as pd
import pytest

from tests.topicloom.atlases import small_atlas
from topicloom.atlas.clear_colours import page_colours
from topicloom.report import payload as payload_module
from topicloom.report.columns import other_columns
from topicloom.report.page import _agreement, report_page
from topicloom.report.payload import packed, payload

QUALITY = {
    "measures": {"npmi": {"value": 0.12, "how_to_read": "how <b>"}, "silhouette": {"value": None, "how_to_read": "s"}},
    "topics": [{"topic": 0, "npmi": 0.3, "c_v": 0.5, "nearest_topic": 1, "similarity": 0.95}],
    "redundant_pairs": [{"topic": 0, "other": 1, "similarity": 0.95}],
}

CHANGES = {
    "line": "since run 1: <b>",
    "since": "2026-01-01",
    "sections": {"New <topics>": ["T-AAAAAAAA (<i>x</i>) is new"]},
}


def page_of(atlas, quality=None, moves=None) -> str:
    stages = [{"name": "reduce", "status": "cached", "computed_at": "2026", "seconds": "1.0", "key": "abc"}]
    return report_page(
        atlas, "Q338/<a01>", [("tmo.score", "<x>")], stages, {"numpy": "2"}, ["a <note>"], CHANGES, quality, moves=moves
    )


def unpacked(page: str) -> dict:
    data = re.search(r'<script id="data" type="text/plain">(.*?)</script>', page).group(1)
    return json.loads(gzip.decompress(base64.b64decode(data)))


PATH = {
    "chosen": 2.0,
    "why": "two <b>is</b> best",
    "steps": [
        {"resolution": 1.0, "topics": 4, "rand": 0.9, "npmi": -0.02, "good": 1, "worth": -2},
        {"resolution": 2.0, "topics": 9, "rand": 0.8, "npmi": 0.05, "good": 6, "worth": 3},
    ],
}


def test_the_path_of_resolutions_is_on_the_page_where_one_was_tried():
    page = report_page(small_atlas(5), "a", [], [], {}, [], None, None, resolutions=PATH)
    assert unpacked(page)["resolutions"] == PATH
    assert "two &lt;b&gt;is&lt;/b&gt; best" in page
    assert "2 (taken)" in page
    assert unpacked(page_of(small_atlas(5)))["resolutions"] is None
    assert 'id="resolution-chart"' not in page_of(small_atlas(5))


@pytest.mark.parametrize("topics", [0, 1, 5, 60])
def test_the_page_holds_the_atlas(topics):
    atlas = small_atlas(topics)
    data = unpacked(page_of(atlas))
    assert data["papers"]["title"] == list(atlas.papers["title"])
    assert data["papers"]["topic"] == list(atlas.papers["Topic"])
    x = atlas.papers["x"].to_numpy(dtype=float)
    back = np.array(data["papers"]["x"]) / 65535 * (x.max() - x.min()) + x.min()
    np.testing.assert_allclose(back, x, atol=(x.max() - x.min()) / 65535)  # one step of the grid
    assert [topic["count"] for topic in data["topics"]] == list(atlas.topics["Count"])
    assert [(topic["colour"], topic["dark"]) for topic in data["topics"]] == page_colours(list(atlas.topics["Colour"]))
    for topic in data["topics"]:
        assert [atlas.papers["UT"][row] for row in topic["typical"]]
    if topics > 1:
        assert sorted(data["tree"]["order"]) == list(range(topics))
        assert len(base64.b64decode(data["similarity"]["cells"])) == topics**2
    else:
        assert data["tree"] is None
        assert data["similarity"] is None
    assert data["years"]["complete"][1] == 2017  # 2018 is the current year


@pytest.mark.parametrize("by_edges", [True, False])
def test_the_page_says_how_topics_were_joined_to_a_tree(by_edges):
    page = page_of(dataclasses.replace(small_atlas(5), by_edges=by_edges))
    assert ("Ward" in page) != by_edges
    assert ("by the edges between their papers" in page) == by_edges


def test_keywords_of_the_authors_are_on_the_page_where_papers_have_them():
    atlas = small_atlas(5)
    assert unpacked(page_of(atlas))["papers"]["keywords"] is None
    many = "; ".join(f"word {number}" for number in range(12))
    atlas.papers["keywords"] = [many if row == 3 else " ; " for row in range(len(atlas.papers))]
    found = unpacked(page_of(atlas))["papers"]["keywords"]
    assert found[3] == "; ".join(f"word {number}" for number in range(10))
    assert set(found[:3] + found[4:]) == {""}


def test_bounds_that_leave_0_out_are_not_shown_as_0():
    atlas = small_atlas(3)
    bounds = {"Trend": [2.3, -0.04, 0.0], "TrendLow": [0.31, -9.0, -1.2], "TrendHigh": [4.4, -0.02, 1.2]}
    reading = ["growing", "declining", "no clear trend"]
    page = page_of(dataclasses.replace(atlas, topics=atlas.topics.assign(**bounds, TrendReading=reading)))
    found = re.findall(r'data-value="([^"]*)">([^<]*)<small>([^<]*)</small>', page)
    assert found == [("+2.3", "+2.3", "+0.3 to +4"), ("-0.04", "-0.04", "-9 to -0.02"), ("0.0", "0.0", "-1 to +1")]


def test_no_title_label_setting_or_note_is_markup():
    page = page_of(small_atlas(5), QUALITY)
    body = re.sub(r"<(style|script)[^>]*>.*?</\1>", "", page, flags=re.DOTALL)
    for text in (
        "<script>window",
        "<b>markup",
        "<img src=x",
        "<i>cells",
        "<b>bold",
        "<a01>",
        "<x>",
        "<note>",
        "how <b>",
    ):
        assert text not in body
    assert "&lt;script&gt;window.hacked" in body
    assert re.search(r"10\.1000/x\d+%3Cy%3E", body)


def test_only_the_pages_own_script_may_run_and_nothing_is_fetched():
    page = page_of(small_atlas(5))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page).group(1).replace("&#39;", "'")
    script = re.search(r"<script>(.*)</script>\s*</body>", page, flags=re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy == f"default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    assert not re.findall(r'(?:src|href)="(?!#|data:|https://doi\.org/)[^"]*"', page)


def test_of_many_papers_a_sample_is_on_the_map_and_the_page_says_so(monkeypatch):
    monkeypatch.setattr(payload_module, "MOST_PAPERS", 50)
    data = payload(small_atlas(20))
    assert (data["shown"], data["all"]) == (50, 249)
    assert len(data["papers"]["title"]) == 50
    assert payload(small_atlas(20)) == data
    shown = set(range(50))
    assert all(set(topic["typical"]) <= shown for topic in data["topics"])


def test_above_the_most_cells_groups_stand_in_for_topics(monkeypatch):
    monkeypatch.setattr(payload_module, "MOST_CELLS", 30)
    found = payload(small_atlas(60))["similarity"]
    assert found["what"] == "groups of topics"
    assert 2 <= len(found["labels"]) <= 30


def test_quality_is_shown_with_how_to_read_it_and_nothing_is_nan():
    page = page_of(small_atlas(5), QUALITY)
    assert "not measurable here" in page
    assert "0.120" in page
    assert "how &lt;b&gt;" in page
    assert "NaN" not in json.dumps(unpacked(page))


def test_packing_is_the_same_every_time():
    assert packed({"a": "ü"}) == packed({"a": "ü"})


@pytest.mark.filterwarnings("error")
def test_scores_that_are_all_alike_have_no_order_to_agree_on():
    atlas = small_atlas(2)
    papers = atlas.papers.assign(Score=0.0)
    assert _agreement(dataclasses.replace(atlas, papers=papers)) is None
    papers = papers.assign(Score=papers["Typicality"])
    assert _agreement(dataclasses.replace(atlas, papers=papers)) == 1.0


def test_other_columns_are_kept_where_they_are_few_or_numbers():
    papers = small_atlas(4).papers
    rows = range(len(papers))
    papers = papers.assign(
        language=["en; fr" if row % 2 else "" for row in rows],
        pages=[row / 7 if row % 3 else None for row in rows],
        alike="x",
    )
    papers = pd.concat([papers] * 8, ignore_index=True).assign(
        essay=lambda table: [f"text {row}" for row in table.index]
    )
    language, pages = other_columns(papers)
    assert (language["names"], language["sets"], language["codes"][:3]) == (["en", "fr"], [[0, 1]], [-1, 0, -1])
    assert pages["values"][:3] == [None, 0.142857, 0.285714]
    assert other_columns(papers[["UT", "title", "x"]]) == []
    assert other_columns(papers.iloc[:0]) == []


def test_whole_numbers_of_other_columns_are_those_of_the_dataset():
    papers = small_atlas(1).papers
    papers["readers"] = [12_345_678 + row for row in range(len(papers))]
    (readers,) = other_columns(papers)
    assert readers["values"] == papers["readers"].tolist()
