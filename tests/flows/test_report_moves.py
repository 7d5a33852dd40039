"""What moves, on the page in headless Chromium: streams from period to period, two sets of papers, core and periphery."""

from __future__ import annotations

import csv
import dataclasses
import io
import re

import numpy as np
import pandas as pd
import pytest

from tests.flows.test_report_browser import Opened
from tests.flows.test_report_map import downloaded
from tests.topicloom.atlas.test_moves import phrases_of
from tests.topicloom.atlases import small_atlas
from topicloom.atlas.contrast import contrast
from topicloom.atlas.evolution import equal_periods, evolution
from topicloom.atlas.moves import EMERGING, moves_table
from topicloom.report.moves import evolution_shown, moves_shown
from topicloom.report.page import report_page

TOPICS = 40


@pytest.fixture(scope="module")
def atlas():
    return small_atlas(TOPICS)


@pytest.fixture(scope="module")
def opened(browser, atlas, tmp_path_factory):
    vectors = np.random.default_rng(1).normal(size=(len(atlas.papers), 8))
    found = evolution(vectors, atlas.papers["Topic"].to_numpy(), atlas.papers["year"], equal_periods(atlas.years))
    path = tmp_path_factory.mktemp("moves") / "report.html"
    page = report_page(atlas, "Q338/a01", [], [], {}, [], None, None, evolution=evolution_shown(found))
    path.write_text(page, encoding="utf-8")
    made = Opened(browser, path)
    yield made
    made.quiet()
    made.page.close()


def test_streams_are_drawn_of_groups_of_topics_and_of_the_topics_of_a_group(opened, atlas):
    page = opened.page
    opened.keep("evolution")
    periods = page.locator("#alluvial-chart text.name[text-anchor=middle]").all_text_contents()
    assert periods == ["2010–2011", "2012–2013", "2014–2015", "2016–2017"]
    options = page.locator("#streams option").all_inner_texts()
    assert options[:2] == ["groups", "the 11 largest topics"]
    for value in page.locator("#streams option").evaluate_all("all => all.map((one) => one.value)"):
        page.select_option("#streams", value)
        # Each column is full: its bars are as high as all columns', less their gaps.
        bars = page.locator("#alluvial-chart rect").evaluate_all(
            "all => all.map((bar) => [bar.getAttribute('x'), Number(bar.getAttribute('height'))])"
        )
        columns = {x: sum(height for at, height in bars if at == x) for x, _ in bars}
        # Above each column stand the papers of what is in it.
        heads = page.locator("#alluvial-chart text[text-anchor=middle]:not(.name)").all_text_contents()
        titles = page.locator("#alluvial-chart rect title").all_text_contents()
        for years, head in zip(periods, heads, strict=True):
            inside = [int(re.search(r": (\d+) papers?,", title)[1]) for title in titles if f", {years}: " in title]
            assert head == f"{sum(inside)} papers"
        assert all(abs(height - 420) < 12 for height in columns.values())  # a bar has a pixel at least
        flows = page.locator("#alluvial-table tr td:last-child").all_text_contents()
        assert flows or value not in ("groups", "topics")
        assert all(int(part) <= int(whole) for part, whole in (flow.split(" of ") for flow in flows))
    page.locator("#alluvial-chart text.name[text-anchor=end]").first.click()
    assert page.input_value("#topic-filter") != ""
    page.click("#reset")


@pytest.mark.parametrize("years", [True, False])
def test_topics_stand_in_quarters_by_growth_and_by_their_phrases(browser, tmp_path, years):
    atlas = small_atlas(TOPICS, papers_each=40, years=years)
    atlas.topics.loc[5, "Field"] = False
    table = moves_table(atlas, phrases_of(atlas))
    if years:
        table.loc[table["Topic"] == 3, "State"] = EMERGING
    path = tmp_path / "report.html"
    shown = moves_shown(atlas, table, pd.DataFrame())
    path.write_text(report_page(atlas, "a", [], [], {}, [], None, None, moves=shown), encoding="utf-8")
    made = Opened(browser, path)
    page = made.page
    made.keep(f"quarters-{years}")
    titles = page.locator("#growth-chart circle title").all_text_contents()
    dated = atlas.topics[atlas.topics["Trend"].notna() & atlas.topics["Field"]]
    assert page.locator("#growth-box").is_visible() == years
    assert len(titles) == (len(dated) if years else 0)
    for topic in dated.itertuples() if years else ():
        (title,) = (one for one in titles if one.startswith(f"{topic.Label}: "))
        papers, rate = re.search(r": (\d+) papers, ([+−]?[\d.]+) % a year", title).groups()
        assert int(papers) == topic.Count
        assert abs(float(rate.replace("−", "-")) - topic.Trend) <= 0.51
        assert title.endswith(", emerging") == (topic.Topic == 3)
    places = page.locator("#strategic-chart circle").evaluate_all(
        "all => all.map((node) => [node.textContent, Number(node.getAttribute('cx')), Number(node.getAttribute('cy'))])"
    )
    known = table[table["Centrality"].notna() & atlas.topics["Field"]]
    assert len(places) == len(known) > 2
    lines = page.locator("#strategic-chart line").evaluate_all(
        "all => all.map((line) => [Number(line.getAttribute('x1')), Number(line.getAttribute('y1'))])"
    )
    (middle, _), (_, half) = lines[:2]
    for text, across, down in places:
        quarter = re.search(r": (motor|basic|niche|emerging or declining) theme, ", text)[1]
        if abs(across - middle) > 1:
            assert (quarter in ("motor", "basic")) == (across > middle)
        if abs(down - half) > 1:
            assert (quarter in ("motor", "niche")) == (down < half)
    lists, unfolded = page.locator("#moves details").count(), page.locator("#moves details[open]").count()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#moves details[open]").count() == lists
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("#moves details[open]").count() == unfolded
    page.locator("#strategic-chart circle").last.click()
    assert page.input_value("#topic-filter") != ""
    made.quiet()
    page.close()


def test_two_sets_differ_as_the_tables_say(opened, atlas):
    page, papers = opened.page, atlas.papers
    opened.keep("contrast")
    fields = atlas.topics["Field"].to_numpy(dtype=bool)

    def expected(first, second):
        return contrast(
            *(
                np.bincount(papers["Topic"][one & (papers["Topic"] >= 0)], minlength=TOPICS)[:TOPICS] * fields
                for one in (first, second)
            )
        )

    def told(button="#save-contrast"):
        rows = list(csv.DictReader(io.StringIO(downloaded(page, button).removeprefix("\ufeff"))))
        return {int(row["topic"]): float(row["z"]) for row in rows}

    cut = int(page.locator("#contrast-sets input").nth(2).input_value())
    years = papers["year"].fillna(0)
    found = told()
    against = expected((years > 0) & (years < cut), years >= cut)
    assert found == pytest.approx({topic: against.z[topic] for topic in np.flatnonzero(fields)}, abs=1e-3)
    page.select_option("#contrast-column", "source")
    sources = [
        re.sub(r" \(\d+\)$", "", name) for name in page.locator("#contrast-sets select").first.inner_text().split("\n")
    ]
    against = expected(papers["source"] == sources[0], papers["source"] == sources[1])
    assert told() == pytest.approx({topic: against.z[topic] for topic in np.flatnonzero(fields)}, abs=1e-3)
    assert "<i>Cells</i>" in page.locator("#contrast-said").inner_text()  # a name is no markup
    page.locator("#contrast-sets select").nth(1).select_option(index=0)  # a set against itself
    assert page.locator("#contrast-box").is_hidden()


def test_core_and_periphery_are_coloured_filtered_and_listed(opened, atlas):
    page = opened.page
    page.select_option("#colour-by", "core")
    entries = page.locator("#legend .entry").all_inner_texts()
    assert [entry.rsplit(" ", 1)[0] for entry in entries] == ["core", "middle", "periphery", "outliers"]
    page.locator("#legend .entry", has_text="periphery").click()
    papers = int((atlas.papers["Typicality"] <= 33.3).sum())
    assert page.locator("#listed").inner_text().startswith(f"{papers} papers")
    page.select_option("#order", "rim")
    assert "typicality 8" in page.locator("#papers li").first.inner_text()
    page.click("#reset")
    page.select_option("#topic-filter", "0")
    assert page.locator("#card dt", has_text="At the rim").count() == 1
    page.click("#reset")


def test_the_streams_are_saved_as_a_drawing_of_their_own(opened):
    from xml.etree import ElementTree

    drawing = ElementTree.fromstring(downloaded(opened.page, "#save-alluvial"))
    marks = [node for node in drawing.iter() if node.tag.endswith(("path", "rect"))]
    assert marks
    assert all(node.get("fill", "").startswith("rgb(") for node in marks)
    assert "var(" not in ElementTree.tostring(drawing, encoding="unicode")


HOSTILE = "<img src=x onerror='window.hacked=1'>قلب 代謝"


@pytest.mark.parametrize("topics", [1, 2, 2000])
@pytest.mark.parametrize("years", [True, False])
def test_no_new_field_is_markup_whatever_the_topics(browser, tmp_path, topics, years):
    atlas = small_atlas(topics, papers_each=2 if topics > 100 else 40, years=years)
    papers = atlas.papers.assign(
        **{
            HOSTILE: [HOSTILE + str(row % 3) for row in range(len(atlas.papers))],
            "a:b": np.arange(len(atlas.papers)) % 7,
        }
    )
    atlas = dataclasses.replace(
        atlas,
        papers=papers,
        topics=atlas.topics.assign(Label=[f"{HOSTILE} {number}" for number in range(topics)]),
        groups=atlas.groups.assign(Summary=HOSTILE, Label=[f"{HOSTILE} {row}" for row in range(len(atlas.groups))]),
    )
    vectors = np.random.default_rng(1).normal(size=(len(papers), 8))
    periods = equal_periods(atlas.years) if atlas.years is not None else []
    found = evolution(vectors, papers["Topic"].to_numpy(), papers["year"], periods)
    lists = {name: [] for name in ("emerging", "growing", "declining", "bursts", "bridges")}
    lists["emerging"] = [{"number": 0, "label": HOSTILE, "papers": 3, "trend": "+9"}]
    moves = {**lists, "signals": {"hint": HOSTILE, "topics": [{"number": 0, "label": HOSTILE, "said": HOSTILE}]}}
    path = tmp_path / "report.html"
    page = report_page(atlas, HOSTILE, [], [], {}, [HOSTILE], None, None, moves=moves, evolution=evolution_shown(found))
    path.write_text(page, encoding="utf-8")
    opened = Opened(browser, path)
    page = opened.page
    assert page.locator("#evolution").count() == (1 if periods else 0)
    for column in (HOSTILE, "a:b", "core", "group"):
        if page.locator("#colour-by option").evaluate_all("(all, key) => all.some((one) => one.value === key)", column):
            page.select_option("#colour-by", column)
    if topics > 1:
        page.select_option("#contrast-column", HOSTILE)
    if topics > 2:
        page.select_option("#colour-by", "group")
        page.locator("#legend .entry").first.click()
        assert page.locator("#card p", has_text=HOSTILE).count() == 1  # its summary
    assert page.evaluate("window.hacked") is None
    opened.quiet()
    page.close()


def test_without_years_sources_and_countries_there_are_no_periods(browser, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(report_page(small_atlas(2, years=False), "Q338/a01", [], [], {}, [], None, None), encoding="utf-8")
    opened = Opened(browser, path)
    assert opened.page.locator("#evolution").count() == 0
    assert opened.page.locator("#contrast-column option").first.inner_text() == "two values of source"
    opened.quiet()
    opened.page.close()
