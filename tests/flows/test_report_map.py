"""The map of report.html as a tool, in headless Chromium: address, filters, selections, what is taken away, the card."""

from __future__ import annotations

import csv
import dataclasses
import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.flows.test_report_browser import Opened, written
from tests.topicloom.atlas.test_clear_colours import contrast, css, linear
from tests.topicloom.atlases import small_atlas
from topicloom.atlas.typicality import THIRDS, thirds
from topicloom.lineage.labels import read_labels
from topicloom.report import page as page_module
from topicloom.report.page import report_page
from topicloom.report.payload import payload

TOPICS = 40


def named_atlas():
    """Topics with lasting ids, papers with a further column, and one with a title that begins as a formula does."""
    atlas = small_atlas(TOPICS)
    topics = atlas.topics.assign(topic_uid=[f"T-{number:08d}" for number in range(TOPICS)])
    language = ["en" if row % 3 else "en; fr" for row in range(len(atlas.papers))]
    titles = ["=1+2, a formula" if row == 0 else title for row, title in enumerate(atlas.papers["title"])]
    papers = atlas.papers.assign(
        language=language, title=titles, **{"<b>a:b</b>": [f"v:{row % 2}" for row in range(len(language))]}
    )
    return dataclasses.replace(atlas, topics=topics, papers=papers)


def with_profiles(made: dict) -> dict:
    """A payload with a country a paper, a profile of the first topic, and topics by country."""
    papers, countries = made["papers"], ["<b>A</b>", "B"]
    papers["countries"], papers["country"] = ["", *countries], [1 + row % 2 for row in range(len(papers["x"]))]
    own = [[row for row, number in enumerate(papers["topic"]) if number == topic] for topic in range(TOPICS)]
    counts = [[sum(papers["country"][row] == code for row in rows) for code in (1, 2)] for rows in own]
    counts[0] = [12, 0]
    crossing = {"names": countries, "all": [240, 240], "counts": counts, "known": [12] * TOPICS}
    fields = {"countries": {"name": "Countries", "papers": 480}}
    made["profiles"] = {"fields": fields, "groups": [{}] * len(made["groups"]), "crossings": {"countries": crossing}}
    made["topics"][0]["profile"] = {
        "countries": [["<b>A</b>", 12, 2.0, 1.4, 2.9], ["B", 2, None, None, None]],
        "citations": {"papers": 9, "total": 1234, "median": 5.0, "percentile": 61.2},
        "cited": [[3, 77]],
    }
    return made


@pytest.fixture(scope="module")
def opened(browser, tmp_path_factory):
    path = tmp_path_factory.mktemp("map") / "report.html"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page_module, "payload", lambda *given, **named: with_profiles(payload(*given, **named)))
        page = made_page()
    path.write_text(page, encoding="utf-8")
    made = Opened(browser, path)
    yield made
    assert made.complaints == []
    assert set(made.requests) == {path.as_uri()}  # once more where a test opens it again
    made.page.close()


@pytest.fixture
def page(opened):
    """The page as it opens, whatever a test before has done."""
    opened.page.click("#reset")
    opened.page.evaluate("scrollTo({top: document.getElementById('map').offsetTop - 60, behavior: 'instant'})")
    opened.page.mouse.move(2, 2)
    return opened.page


def made_page() -> str:
    by_hand = {"T-99999999": "=gone; but kept"}
    methods = {"text": "One <b>paragraph</b>.\n\nAnother.", "bibtex": "@article{one}"}
    return report_page(named_atlas(), "Q338/a01", [], [], {}, [], None, None, by_hand=by_hand, methods=methods)


def listed(page) -> str:
    return page.locator("#listed").inner_text()


def state(page) -> str:
    return page.evaluate("decodeURIComponent(location.hash)")


def canvas(page) -> tuple[float, float, float, float]:
    box = page.locator("#canvas").bounding_box()
    return box["x"], box["y"], box["width"], box["height"]


def drag(page, *shares: tuple[float, float]) -> None:
    left, top, width, height = canvas(page)
    points = [(left + across * width, top + down * height) for across, down in shares]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=3)
    page.mouse.up()


def downloaded(page, button: str) -> str:
    with page.expect_download() as waiting:
        page.click(button)
    return Path(waiting.value.path()).read_bytes().decode("utf-8")


def test_the_address_holds_the_state_by_lasting_ids_and_back_works(page):
    page.select_option("#topic-filter", "3")
    assert "t=T-00000003" in state(page)
    page.select_option("#colour-by", "year")
    page.fill("#search", "cells -plain")
    page.wait_for_function("() => location.hash.includes('q=')")
    there, papers = page.url, listed(page)
    page.click("#zoom-in")
    page.wait_for_function("(before) => location.href !== before", arg=there)  # replaced, not pushed
    page.go_back()
    assert (page.input_value("#search"), page.input_value("#colour-by")) == ("", "year")
    page.go_back()
    assert page.input_value("#colour-by") == "topic"
    page.click("nav a[href='#topics']")  # a jump to a section leaves the map as it is
    page.click("nav a[href='#map']")
    assert page.input_value("#topic-filter") == "3"
    for _ in range(3):
        page.go_back()
    assert page.input_value("#topic-filter") == ""
    assert listed(page).startswith("Click the map")
    page.goto(there)  # the same document: an event, as for a link that was pasted
    page.wait_for_function("(papers) => document.getElementById('listed').textContent === papers", arg=papers)
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert (page.input_value("#topic-filter"), page.input_value("#search")) == ("3", "cells -plain")
    assert listed(page) == papers
    for broken in ("t=T-NOWHERE", "r=year:x..y&c=nothing&f=none:1&v=a,b", "r=title:1..2"):
        page.evaluate("(hash) => { location.hash = hash; }", f"#map?{broken}")
        page.wait_for_function("() => document.getElementById('listed').textContent.startsWith('Click the map')")


def test_the_wheel_scrolls_the_page_until_the_map_is_clicked(page):
    left, top, width, height = canvas(page)
    hash_, before = state(page), page.evaluate("scrollY")
    page.mouse.move(left + width / 2, top + height / 2)
    page.mouse.wheel(0, 120)
    page.wait_for_function("(before) => scrollY > before + 60", arg=before)
    assert page.locator("#map-hint").is_visible()
    assert state(page) == hash_
    page.evaluate("(top) => scrollTo({top, behavior: 'instant'})", before)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -120)
    page.keyboard.up("Control")
    page.wait_for_function("() => location.hash.includes('v=')")
    assert page.evaluate("scrollY") == before
    page.click("#zoom-all")
    page.wait_for_function("() => !location.hash.includes('v=')")
    page.mouse.click(left + width / 2, top + height / 2)
    page.mouse.wheel(0, -240)
    page.wait_for_function("() => location.hash.includes('v=')")
    assert page.evaluate("scrollY") == before
    page.mouse.move(left - 10, top + height / 2)  # left: the wheel is the page's again
    page.mouse.move(left + width / 2, top + height / 2)
    page.mouse.wheel(0, 120)
    page.wait_for_function("(before) => scrollY > before + 60", arg=before)
    assert page.evaluate("getComputedStyle(document.getElementById('canvas')).touchAction") == "pan-y"


def test_the_legend_filters_and_histograms_are_brushed(page):
    entries = page.locator("#legend .entry")
    first = int(entries.first.locator("small").inner_text())
    entries.first.click()
    assert listed(page).startswith(f"{first} papers")
    assert "f=group:" in state(page)
    assert f"{first} papers in " in page.locator("#card").inner_text()
    second = int(entries.nth(1).locator("small").inner_text())
    entries.nth(1).click()  # values of a column add up
    assert listed(page).startswith(f"{first + second} papers")
    page.click("#reset")
    page.locator(".histogram svg").first.scroll_into_view_if_needed()
    chart = page.locator(".histogram svg").first.bounding_box()
    page.mouse.move(chart["x"] + chart["width"] * 0.5, chart["y"] + 20)
    page.mouse.down()
    page.mouse.move(chart["x"] + chart["width"] - 2, chart["y"] + 20, steps=3)
    page.mouse.up()
    assert (page.input_value("#year-from"), page.input_value("#year-to")) == ("2014", "2018")
    years = {text.split(" · ")[0] for text in page.locator("#papers small:not(.where)").all_inner_texts()}
    assert years == {str(year) for year in range(2014, 2019)}
    page.fill("#year-from", "3000")  # beyond the data: the field says what is shown
    page.fill("#year-to", "2012")
    page.wait_for_function("() => document.getElementById('year-from').value === '2012'")
    assert "There are values from 2010 to 2018" in page.locator(".histogram").first.inner_text()
    page.click("#reset")
    for column, kind in (("cited", "numbers"), ("source", "names"), ("typical", "numbers"), ("language", "names")):
        page.select_option("#colour-by", column)
        assert page.locator("#legend .entry").count() == {"numbers": 0, "names": 2 if column == "language" else 3}[kind]
        assert page.locator(".histogram:visible").count() == (2 if kind == "numbers" else 1)
    page.locator("#legend .entry", has_text="fr").click()
    assert listed(page).startswith("163 papers")  # each third has two languages
    page.click("#reset")
    page.select_option("#colour-by", "<b>a:b</b>")
    page.locator("#legend .entry", has_text="v:1").click()
    assert listed(page).startswith("244 papers")
    page.reload()  # a name with colons is read back
    page.wait_for_selector("body[data-ready]")
    assert listed(page).startswith("244 papers")
    page.click("#reset")
    page.select_option("#colour-by", "source")
    text = page.locator("#legend .entry").first.inner_text()
    assert "<i>Cells</i>" in text


def test_selections_add_up_with_each_other_and_with_filters(page):
    number = lambda: int(listed(page).split(" ")[0].replace(",", ""))  # noqa: E731
    page.click("#tool-box")
    drag(page, (0.3, 0.2), (0.5, 0.9))
    left = number()
    drag(page, (0.5, 0.2), (0.7, 0.9))
    both = number()
    assert both > left > 0
    page.click("#tool-lasso")
    assert page.get_attribute("#tool-box", "aria-pressed") == "false"
    page.keyboard.down("Alt")
    drag(page, (0.2, 0.1), (0.5, 0.1), (0.5, 0.95), (0.2, 0.95))
    page.keyboard.up("Alt")
    assert number() < both
    page.click("#tool-lasso")
    held = number()
    page.locator("#legend .entry").first.click()
    assert number() < held
    page.click("#unselect")
    page.locator("#legend .entry").first.click()
    page.click("#select-view")
    assert number() == len(named_atlas().papers)
    page.click("#reset")
    for topic in ("3", "5"):  # what one search or filter finds, and what another finds
        page.select_option("#topic-filter", topic)
        page.click("#select-matches")
    page.select_option("#topic-filter", "")
    assert number() == 24


def test_papers_are_taken_away_in_every_form(page):
    page.fill("#search", "formula OR مختبر OR 代謝工学")
    page.wait_for_function("() => /^[0-9]+ papers/.test(document.getElementById('listed').textContent)")
    number = int(listed(page).split(" ")[0])
    text = downloaded(page, "#save-csv")
    assert text.startswith("\ufeffUT,DOI,title,authors,year,source,citations,country,language,<b>a:b</b>,topic,")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len(rows) == number
    papers = named_atlas().papers.set_index("UT")
    for row in rows[:: len(rows) // 9]:
        assert row["title"].removeprefix("'") == papers.loc[row["UT"], "title"]
        assert row["DOI"] == papers.loc[row["UT"], "doi"]
        third = THIRDS[thirds(papers.loc[[row["UT"]], "Typicality"])[0]] if row["outlier"] == "0" else ""
        assert row["core"] == third
        if third:
            assert float(row["typicality"]) == papers.loc[row["UT"], "Typicality"]
    (formula,) = (row for row in rows if "formula" in row["title"])
    assert formula["title"] == "'=1+2, a formula"
    assert formula["topic_uid"] == "T-00000000"
    ris = downloaded(page, "#save-ris")
    assert ris.count("TY  - ") == ris.count("ER  - ") == number
    assert "AU  - Müller, A" in ris
    bibtex = downloaded(page, "#save-bibtex")
    keys = [line.split("{")[1] for line in bibtex.splitlines() if line.startswith("@")]
    assert len(set(keys)) == len(keys) == number
    page.evaluate(
        """() => { window.copied = []; Object.defineProperty(navigator, 'clipboard', { configurable: true,
        value: { writeText: async (text) => { window.copied.push(text); } } }); }"""
    )
    page.click("#copy-dois")
    page.wait_for_function("() => document.getElementById('taken').textContent.includes('DOIs copied')")
    page.click("#copy-query")
    page.wait_for_function("() => document.getElementById('taken').textContent.includes('query of')")
    assert page.locator("#methods-text p").all_inner_texts() == ["One <b>paragraph</b>.", "Another."]
    page.click("#copy-methods")
    page.click("#copy-bibtex")
    page.wait_for_function("() => document.getElementById('methods-copied').textContent.includes('references')")
    dois, query, *methods = page.evaluate("window.copied")
    assert methods == ["One <b>paragraph</b>.\n\nAnother.", "@article{one}"]
    assert dois.split("\n") == [row["DOI"] for row in rows if row["DOI"]]
    assert query == f"UT=({' OR '.join(row['UT'] for row in rows)})"


def test_numbers_are_taken_away_and_filtered_as_the_dataset_has_them(browser, tmp_path):
    atlas = small_atlas(3)
    share = [round(3.1 + 0.1 * (row % 9), 1) for row in range(len(atlas.papers))]
    path = tmp_path / "report.html"
    atlas = dataclasses.replace(atlas, papers=atlas.papers.assign(share=share))
    path.write_text(report_page(atlas, "a", [], [], {}, [], None, None), encoding="utf-8")
    made = Opened(browser, path)
    made.page.select_option("#colour-by", "share")
    made.page.fill("#share-from", "3.7")
    made.page.wait_for_function("() => /^[0-9]+ papers/.test(document.getElementById('listed').textContent)")
    rows = list(csv.DictReader(io.StringIO(downloaded(made.page, "#save-csv").removeprefix("\ufeff"))))
    assert {row["share"] for row in rows} == {"3.7", "3.8", "3.9"}
    assert len(rows) == sum(value >= 3.7 for value in share)
    made.quiet()
    made.page.close()


def test_of_a_large_topic_the_paper_nearest_to_its_mean_is_listed_first(browser, tmp_path):
    atlas = small_atlas(1, papers_each=400)
    made = Opened(browser, written(tmp_path, atlas))
    made.page.select_option("#topic-filter", "0")
    made.page.wait_for_selector("#papers li")
    best = atlas.papers.sort_values("Typicality", ascending=False)["title"].head(3).tolist()
    assert made.page.locator("#papers li div").all_inner_texts()[:3] == best
    assert "typicality 99" in made.page.locator("#papers li").nth(1).inner_text()
    made.page.close()


def test_the_card_tells_of_a_topic_and_a_better_name_goes_into_labels_csv(page, tmp_path):
    page.select_option("#topic-filter", "0")
    card = page.locator("#card")
    text = card.inner_text()
    for said in (
        "12 papers",
        "T-00000000",
        "Nearest topics",
        "Core papers",
        "Authors",
        "<b>Ng</b>, B",
        "Most cited",
        "<b>A</b> 12, 2.0× (1.4 to 2.9)",
        "B 2\n",
    ):
        assert said in text
    assert "1,234 citations, median 5, mean percentile in their year 61" in text
    assert card.locator("svg").count() == 1
    assert card.locator("b, i, img, script").count() == 0
    card.locator("summary").click()
    page.fill("#new-label", 'Cells, "hearts"')
    page.keyboard.press("Enter")
    assert 'Cells, "hearts"' in card.locator("h3").inner_text()
    assert page.locator("#topic-0 .link").inner_text() == 'Cells, "hearts"'
    (tmp_path / "labels.csv").write_text(downloaded(page, "#card .rename button:last-child"), encoding="utf-8")
    found = read_labels(SimpleNamespace(analysis_path=tmp_path))
    assert found == {"T-99999999": "=gone; but kept", "T-00000000": 'Cells, "hearts"'}
    card.locator("ol .link").first.click()
    assert page.input_value("#topic-filter") not in ("", "0")


def test_topics_by_country_lead_to_their_papers(page):
    table = page.locator("#crossing-table")
    assert table.locator("thead th").all_text_contents() == ["topic", "<b>A</b>", "B"]
    cells = table.locator("tbody tr").nth(1).locator("td")
    shares = [int(text) for text in cells.all_inner_texts()]
    assert sum(shares) == 100
    assert table.locator("tbody tr").first.locator("td").all_inner_texts() == ["100", ""]
    assert table.locator("tbody tr").count() == 30
    cells.first.locator("button").click()
    number = round(12 * shares[0] / 100)
    assert listed(page).startswith(f"{number} papers")
    assert "f=country:<b>A</b>&t=T-00000001" in state(page)
    first = table.locator("tbody th .link").first
    first.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowRight"):  # the empty cell is passed over
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.closest('td').cellIndex") == 2
    assert table.locator("[tabindex='0']").count() == 1


def test_long_names_of_sources_that_begin_alike_are_told_by_what_follows(browser, tmp_path, monkeypatch):
    names = [
        "PROCEEDINGS OF THE 57TH ANNUAL MEETING",
        "PROCEEDINGS OF THE 58TH ANNUAL MEETING",
        "JOURNAL OF CLINICAL NURSING AND CARE",
        "PROCEEDINGS OF THE 58TH ANNUAL",
        "CELL",
    ]

    def made(*given, **named):
        found = with_profiles(payload(*given, **named))
        found["profiles"]["crossings"]["countries"] |= {"names": names, "all": [240] * 5, "counts": [[1] * 5] * TOPICS}
        return found

    monkeypatch.setattr(page_module, "payload", made)
    path = tmp_path / "report.html"
    path.write_text(made_page(), encoding="utf-8")
    opened = Opened(browser, path)
    heads = opened.page.locator("#crossing-table thead th")
    assert heads.all_text_contents()[1:] == [
        *("… 57TH ANNUAL MEETING", "… 58TH ANNUAL MEETING", "JOURNAL OF CLINICAL NURSING AND CARE"),
        *("… 58TH ANNUAL", "CELL"),
    ]
    assert heads.nth(1).get_attribute("title") == names[0]
    opened.page.close()


def test_ramps_are_seen_on_both_grounds(page):
    for theme in (0, 1):
        page.select_option("#colour-by", "cited")
        page.wait_for_timeout(50)
        fills = page.evaluate(
            "[...document.querySelectorAll('.histogram:not([hidden])')].pop().querySelectorAll('rect[fill^=\"#\"]')"
            ".values().map((bar) => bar.getAttribute('fill')).toArray()"
        )
        assert len(fills) > 5
        for fill in fills:
            assert contrast(linear(fill), linear(css(theme, "paper"))) >= 3
        page.click("#theme")


def test_a_narrow_screen_has_cards_a_sheet_and_lists(page):
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("#topic-5 .link").click()
    sheet = page.locator("#aside").bounding_box()
    assert sheet["y"] + sheet["height"] == pytest.approx(844, abs=2)
    page.click("#close-sheet")
    assert page.evaluate("getComputedStyle(document.getElementById('aside')).position") == "static"
    assert not page.locator("#tree-chart > svg").first.is_visible()
    page.locator(".only-narrow summary").first.click()
    page.locator(".only-narrow li .link").first.click()
    assert listed(page).startswith("12 papers")
    page.set_viewport_size({"width": 1360, "height": 900})


def test_on_paper_stand_the_main_topics_and_what_was_open_comes_back(page):
    page.click("#theme")  # dark
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    rows = page.evaluate(
        "[...document.querySelectorAll('#topic-table tbody tr')].map((row) => [row.className, row.offsetHeight > 0,"
        " row.querySelector('ul').offsetHeight > 0])"
    )
    assert [shown for _, shown, _ in rows] == ["minor" not in classes for classes, _, _ in rows]
    assert sum(unfolded for _, _, unfolded in rows) == 30
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    assert page.locator("#aside").is_hidden()  # the largest topics stand in the table
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.locator("#topic-table details[open]").count() == 0
    page.click("#theme")


def test_tree_and_table_are_one_stop_of_tab_and_moved_in_by_arrows(page):
    leaves = page.locator("#tree-chart > svg text[role=button]")
    assert page.locator("#tree-chart > svg text[tabindex='0']").count() == 1
    leaves.first.focus()
    page.keyboard.press("ArrowDown")
    name = page.evaluate("document.activeElement.textContent")
    assert name == leaves.nth(1).text_content()
    page.keyboard.press("Enter")
    assert page.locator("#card h3 bdi").inner_text() == name.rsplit(" (", 1)[0]
    assert page.locator("#topic-table .link[tabindex='0']").count() == 1
    page.locator("#topic-table .link").first.focus()
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.closest('tr').id") == f"topic-{TOPICS - 1}"
    page.fill("#topic-search", "bold word7")  # words that are folded away
    page.wait_for_function("() => document.getElementById('topic-hits').textContent.startsWith('1 of')")
    assert page.locator("#topic-7 details").get_attribute("open") is not None
    assert page.locator("#topic-7 mark").count() >= 2
    assert page.locator("#topic-table b b, #topic-table bdi b").count() == 0
    page.fill("#topic-search", "")


def test_the_map_fills_the_screen_and_shows_a_place_to_keys(page):
    page.click("#full")
    page.wait_for_function("() => document.querySelector('#full').getAttribute('aria-pressed') === 'true'")
    page.wait_for_function("() => document.getElementById('canvas').clientHeight > innerHeight * 0.6")
    page.click("#full")
    page.wait_for_function("() => document.querySelector('#full').getAttribute('aria-pressed') === 'false'")
    shot = lambda: page.evaluate("document.getElementById('canvas').toDataURL().length")  # noqa: E731
    page.wait_for_timeout(200)
    before = shot()
    page.focus("#canvas")
    page.keyboard.press("0")
    page.wait_for_timeout(100)
    assert shot() != before  # a cross in the middle
