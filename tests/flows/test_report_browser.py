"""report.html in headless Chromium, opened from disk: no error, no request, and everything on it works.

With TOPICLOOM_SCREENSHOTS=FOLDER the pages are kept there; those in docs/images were made so.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.topicloom.atlases import TITLES, small_atlas
from tests.topicloom.report.test_report import PATH
from topicloom.report.page import report_page


class Opened:
    """A page that was opened from disk, and what it complained of or asked for."""

    def __init__(self, browser, path: Path, **options) -> None:
        self.page = browser.new_page(viewport={"width": 1360, "height": 900}, **options)
        self.page.set_default_timeout(20_000)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("body[data-ready]")
        assert self.page.evaluate("document.body.dataset.ready") == "true"

    def quiet(self) -> None:
        assert self.complaints == []
        assert len(self.requests) == 1
        assert self.requests[0].startswith("file://")

    def pixels(self, selector: str = "#canvas") -> int:
        """How many pixels of a canvas are not of its most common colour."""
        return self.page.evaluate(
            """(selector) => { const canvas = document.querySelector(selector), copy = document.createElement('canvas');
            copy.width = canvas.width; copy.height = canvas.height;
            const pen = copy.getContext('2d', { willReadFrequently: true }); pen.drawImage(canvas, 0, 0);
            const data = new Uint32Array(pen.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
            const counts = new Map(); for (const value of data) counts.set(value, (counts.get(value) || 0) + 1);
            return data.length - Math.max(...counts.values()); }""",
            selector,
        )

    def keep(self, name: str) -> None:
        folder = os.environ.get("TOPICLOOM_SCREENSHOTS")
        if folder:
            self.page.wait_for_timeout(800)
            self.page.screenshot(path=Path(folder) / f"{name}.png")


def written(tmp_path: Path, atlas) -> Path:
    path = tmp_path / "report.html"
    path.write_text(report_page(atlas, "Q338/a01", [("a", "b")], [], {}, [], None, None), encoding="utf-8")
    return path


@pytest.fixture
def opened(browser, tmp_path):
    made = Opened(browser, written(tmp_path, small_atlas(40)))
    yield made
    made.page.close()


@pytest.mark.parametrize("topics", [0, 1, 40])
def test_it_opens_without_an_error_or_a_request_and_no_title_runs(browser, tmp_path, topics):
    made = Opened(browser, written(tmp_path, small_atlas(topics)))
    made.page.wait_for_timeout(200)
    assert made.page.evaluate("window.hacked") is None
    assert made.pixels() > 100
    made.quiet()
    made.page.close()


@pytest.mark.parametrize("topics", [1, 2, 5, 40])
def test_no_two_regions_of_the_page_are_called_the_same(browser, tmp_path, topics):
    made = Opened(browser, written(tmp_path, small_atlas(topics)))
    names = made.page.evaluate(
        """() => [...document.querySelectorAll('section, [role=region], aside, nav')].filter((node) => node.checkVisibility())
        .map((node) => node.getAttribute('aria-label') ?? document.getElementById(node.getAttribute('aria-labelledby')).textContent)"""
    )
    assert len(names) > 8
    assert len(set(names)) == len(names)
    made.quiet()
    made.page.close()


@pytest.mark.parametrize("size", [(1360, 900), (390, 844)])
def test_each_of_the_largest_groups_is_named_on_the_opening_map(browser, tmp_path, size):
    atlas = small_atlas(40)
    largest = set(atlas.groups.loc[atlas.groups["Level"] == 0, "Label"])
    made = Opened(browser, written(tmp_path, atlas))
    made.page.set_viewport_size({"width": size[0], "height": size[1]})
    made.page.wait_for_timeout(300)
    named = made.page.evaluate("document.getElementById('canvas').dataset.named").split("\n")
    assert largest <= set(named)
    made.page.close()


def test_without_years_and_with_two_thousand_topics(browser, tmp_path):
    made = Opened(browser, written(tmp_path, small_atlas(2000, papers_each=2, years=False)))
    assert made.page.locator("#topic-table tbody tr").count() == 2000
    assert made.page.locator("#years").count() == 0
    assert made.page.locator("#year-from").is_hidden()
    made.quiet()
    made.page.close()


def test_the_path_of_resolutions_is_drawn_with_the_one_that_was_taken(browser, tmp_path):
    path = tmp_path / "report.html"
    page = report_page(small_atlas(5), "Q338/a01", [], [], {}, [], None, None, resolutions=PATH)
    path.write_text(page, encoding="utf-8")
    made = Opened(browser, path)
    chart = made.page.locator("#resolution-chart svg")
    assert chart.locator("circle").count() == 3 * len(PATH["steps"])
    assert chart.get_attribute("aria-label").endswith("2 was taken.")
    chart.scroll_into_view_if_needed()
    made.keep("resolutions")
    made.quiet()
    made.page.close()


def test_search_finds_titles_in_any_script_and_lists_them(opened):
    page = opened.page
    for word, title in (("القلب", TITLES[1]), ("代謝工学", TITLES[2]), ("MARKUP", TITLES[0])):
        page.fill("#search", word)
        page.wait_for_function("(title) => document.getElementById('papers').textContent.includes(title)", arg=title)
        assert page.locator("#listed").inner_text().endswith(("papers:", "papers, the first 200 of them:"))
    assert page.locator("#papers script, #papers b, #papers img").count() == 0
    assert page.locator("#papers a").first.get_attribute("href").startswith("https://doi.org/10.1000%2Fx")
    page.fill("#search", "nothing has this")
    page.wait_for_function("() => document.getElementById('listed').textContent.startsWith('0 papers')")
    opened.quiet()


def searched(page, typed: str) -> list[str]:
    """Search, and the titles that are listed."""
    page.fill("#search", "")
    page.wait_for_function("() => document.getElementById('listed').textContent.startsWith('Click the map')")
    page.fill("#search", typed)
    page.wait_for_function("() => /^[0-9,]+ papers?/.test(document.getElementById('listed').textContent)")
    return page.locator("#papers li div").all_inner_texts()


def test_search_knows_phrases_minus_or_authors_sources_and_identifiers(opened):
    page = opened.page
    assert all("plain title" in title for title in searched(page, '"plain title"'))
    assert searched(page, '"title plain"') == []
    assert len(searched(page, "title plain")) == len(searched(page, '"plain title"')) > 0
    both = searched(page, "plain OR prices")
    assert {"A plain title about cells" in title or "Prices of" in title for title in both} == {True}
    assert len(both) > len(searched(page, "prices")) > 0
    assert not any("plain" in title for title in searched(page, "cells -plain"))
    assert (
        page.locator("#papers mark").count() == 0 or "cells" in page.locator("#papers mark").first.inner_text().lower()
    )
    assert len(searched(page, "https://doi.org/10.1000/x7<y>")) == 1
    assert len(searched(page, '"WOS:123"')) == 1
    assert page.locator("#papers mark").first.inner_text() == "WOS:123"
    (title,) = searched(page, "muller a77;")
    assert title.endswith(" 77")
    assert page.locator("#papers mark, #papers i, #papers b").count() >= 1
    assert page.locator("#papers i, #papers b").count() == 0
    opened.quiet()


def test_papers_with_the_words_in_their_title_come_first_and_topics_stand_apart(opened):
    page = opened.page
    titles = searched(page, "cells")
    there = ["cells" in title.lower() for title in titles]
    assert there[0]
    assert there == sorted(there, reverse=True)
    assert "by the title" in page.locator("#listed").inner_text()
    button = page.locator("#found-topics button").first
    assert "<i>cells</i>" in button.inner_text()
    button.click()
    page.wait_for_function("() => document.getElementById('listed').textContent.startsWith('12 papers')")
    assert page.input_value("#search") == ""
    opened.quiet()


def test_filters_by_topic_year_and_outliers(opened):
    page = opened.page
    everything = opened.pixels()
    page.select_option("#topic-filter", "3")
    page.wait_for_function("() => document.getElementById('listed').textContent.startsWith('12 papers')")
    page.select_option("#topic-filter", "-1")
    page.wait_for_function("() => document.getElementById('listed').textContent.startsWith('9 papers')")
    page.uncheck("#show-orphans")
    page.wait_for_function("() => document.getElementById('listed').textContent.startsWith('0 papers')")
    page.click("#reset")
    page.wait_for_function("() => document.getElementById('listed').textContent.startsWith('Click the map')")
    page.wait_for_timeout(100)
    assert opened.pixels() == everything
    page.fill("#year-from", "2012")
    page.fill("#year-to", "2013")
    page.wait_for_function("() => /^[0-9]+ papers/.test(document.getElementById('listed').textContent)")
    years = {text.split(" · ")[0] for text in page.locator("#papers small:not(.where)").all_inner_texts()}
    assert years == {"2012", "2013"}
    opened.quiet()


def hover_a_paper(page, wanted: str = "#tip p:not(.meta)") -> str:
    """Point at places of the map until a paper answers, or what else is wanted; what stands there."""
    box = page.locator("#canvas").bounding_box()
    for step in range(400):
        across, down = (step % 20 + 0.5) / 20, (step // 20 + 0.5) / 20
        page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
        if page.locator("#tip").is_visible() and page.locator(wanted).count():
            return page.locator("#tip").inner_text()
    raise AssertionError("no paper under the pointer anywhere")


def test_hover_tells_title_year_topic_and_typicality_and_a_click_lists_papers(opened):
    text = hover_a_paper(opened.page)
    assert any(title in text for title in TITLES)
    assert "typicality" in text or "outlier" in text
    opened.page.mouse.down()
    opened.page.mouse.up()
    assert opened.page.locator("#papers li").count() >= 1
    assert "there" in opened.page.locator("#listed").inner_text()
    opened.quiet()


def test_a_name_on_the_map_says_how_many_topics_it_stands_for(opened):
    atlas = small_atlas(40)
    groups = atlas.groups[atlas.groups["Level"] < atlas.levels.shape[1] - 1]
    text = hover_a_paper(opened.page, "#tip .meta:has-text('stands for')")
    label, papers, topics, more = re.search(
        r"“(.*)” stands for (\d+) papers in (\d+) topics?: .*?(?:; and (\d+) more)?$", text
    ).groups()
    (group,) = groups[groups["Label"] == label].itertuples()
    assert (int(papers), int(topics)) == (group.Papers, group.Topics)
    assert int(more or 0) == max(group.Topics - 3, 0)
    opened.page.select_option("#topic-filter", "3")
    assert opened.page.locator("#tip").is_hidden()  # the names have moved away from under the pointer
    opened.page.click("#reset")
    entry = opened.page.locator("#legend .entry").first
    assert entry.get_attribute("title").endswith(f"and {int(groups['Topics'].iloc[0]) - 3} more")
    opened.quiet()


def test_search_finds_keywords_of_the_authors_and_says_where(browser, tmp_path):
    atlas = small_atlas(5)
    atlas.papers["keywords"] = [
        "Deep  learning; <b>co-word</b> analysis" if row == 7 else "" for row in range(len(atlas.papers))
    ]
    made = Opened(browser, written(tmp_path, atlas))
    page = made.page
    assert "keyword" in page.get_attribute("#search", "placeholder")
    (title,) = searched(page, '"co word" learning')
    assert title.endswith(" 7")
    assert "1 by authors, source, keywords, DOI or UT" in page.locator("#listed").inner_text()
    assert "<b>co-word</b>" in page.locator("#papers li").inner_text()
    assert "co-word" in page.locator("#papers mark").all_inner_texts()
    assert page.locator("#papers b").count() == 0
    made.quiet()
    page.close()


def test_zoom_pan_and_list_by_keyboard_alone(opened):
    page = opened.page
    shot = lambda: page.evaluate("document.getElementById('canvas').toDataURL()")  # noqa: E731
    page.focus("#canvas")
    seen = {shot()}
    for key in ("+", "ArrowLeft", "ArrowUp", "-"):
        page.keyboard.press(key)
        page.wait_for_timeout(60)
        seen.add(shot())
    assert len(seen) == 5
    page.keyboard.press("0")
    page.keyboard.press("Enter")
    assert "there" in page.locator("#listed").inner_text()
    page.focus("#heat")
    page.keyboard.press("ArrowRight")
    assert " and " in page.locator("#heat-tip").inner_text()
    opened.quiet()


def test_the_table_sorts_searches_and_leads_to_the_map(opened):
    page = opened.page

    def column(number: int) -> list[str]:
        return [row.strip() for row in page.locator(f"#topic-table tbody tr td:nth-child({number})").all_inner_texts()]

    page.locator("#topic-table thead button", has_text="mean year").click()
    years = [float(year) for year in column(5) if year]
    assert years == sorted(years, reverse=True)  # numbers start with the largest
    page.locator("#topic-table thead button", has_text="mean year").click()
    assert [float(year) for year in column(5) if year] == sorted(years)
    page.fill("#topic-search", "WORD7")
    page.wait_for_function("() => document.getElementById('topic-hits').textContent.startsWith('1 of 40')")
    page.locator("#topic-table tbody tr:visible .link").click()
    page.wait_for_function("() => document.getElementById('listed').textContent.startsWith('12 papers')")
    assert page.evaluate("document.activeElement.id") == "canvas"
    opened.quiet()


def test_light_and_dark(browser, tmp_path):
    path = written(tmp_path, small_atlas(40))
    dark = Opened(browser, path, color_scheme="dark")
    background = lambda opened: opened.page.evaluate("getComputedStyle(document.body).backgroundColor")  # noqa: E731
    assert background(dark) == "rgb(20, 24, 29)"
    # A busy browser takes its time.
    white = "() => getComputedStyle(document.body).backgroundColor === 'rgb(255, 255, 255)'"
    dark.page.click("#theme")
    dark.page.wait_for_function(white)
    assert background(dark) == "rgb(255, 255, 255)"
    for _ in range(20):  # a busy browser writes down what is chosen some seconds later
        dark.page.reload()
        dark.page.wait_for_selector("body[data-ready]")
        if background(dark) == "rgb(255, 255, 255)":
            break
        dark.page.wait_for_timeout(1000)
    assert background(dark) == "rgb(255, 255, 255)"
    assert dark.complaints == []
    dark.page.close()


def test_it_fits_a_phone_and_prints(browser, tmp_path):
    path = written(tmp_path, small_atlas(40))
    phone = Opened(browser, path)
    phone.page.set_viewport_size({"width": 390, "height": 844})
    phone.page.wait_for_timeout(300)
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert phone.pixels() > 100
    printed = phone.page.pdf(format="A4")
    assert printed.startswith(b"%PDF")
    assert len(printed) > 20_000
    phone.quiet()
    phone.page.close()


def test_a_hundred_thousand_papers_open(browser, tmp_path):
    path = written(tmp_path, small_atlas(400, papers_each=250))
    made = Opened(browser, path)
    assert made.page.evaluate("document.getElementById('topic-filter').options.length") == 402
    made.page.fill("#search", "cells")
    made.page.wait_for_function("() => /^[0-9]+,[0-9]{3} papers/.test(document.getElementById('listed').textContent)")
    made.quiet()
    made.page.close()


@pytest.mark.slow
def test_twelve_thousand_real_papers(browser, shared_data, run, tmp_path):
    root = tmp_path / "papers"
    shutil.copytree(shared_data / "drug_reviews", root / "drug_reviews")
    (analysis,) = (root / "drug_reviews").glob("a01*")
    report = run(analysis)
    assert not any("drawn" in note or " failed (" in note for note in report.notes)
    made = Opened(browser, analysis / "report.html")
    assert made.page.locator("#topic-table tbody tr").count() == report.topics
    made.page.evaluate("document.getElementById('map').scrollIntoView({behavior: 'instant'})")
    made.keep("report-map")
    made.page.fill("#search", "statin")
    made.page.wait_for_function("() => /^[0-9,]{2,} papers/.test(document.getElementById('listed').textContent)")
    made.keep("report-search")
    made.page.click("#reset")
    made.page.wait_for_timeout(400)
    hover_a_paper(made.page)
    made.page.click("#theme")
    made.keep("report-dark")
    made.page.click("#theme")
    for section in ("topics", "years", "moves", "evolution", "similarity", "tree"):
        made.page.evaluate(f"document.getElementById('{section}').scrollIntoView({{behavior: 'instant'}})")
        made.keep(f"report-{section}")
    made.page.set_viewport_size({"width": 390, "height": 844})
    made.page.evaluate("document.getElementById('map').scrollIntoView({behavior: 'instant'})")
    made.keep("report-phone")
    made.quiet()
    made.page.close()
    if folder := os.environ.get("TOPICLOOM_SCREENSHOTS"):
        for figure in ("map", "trends", "heatmap", "dendrogram", "bubbles", "coverage", "map_by_year", "alluvial"):
            shutil.copy(analysis / "figures" / f"{figure}.png", Path(folder) / f"figure-{figure}.png")
