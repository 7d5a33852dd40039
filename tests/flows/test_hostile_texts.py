"""Texts of other people in the pages: titles, labels, DOIs, names of projects, analyses and files stand there as texts.

In headless Chromium no text opens a dialog, asks for anything or is an error; in Prefect's pages none is a link or an
image of another host.
"""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from tests.conftest import DIRECTIVE, Project
from tests.flows.server_contents import everything_of
from tests.topicloom.stages.planted import FIRST, QUICK, planted_project

TITLES = [
    "<script>window.hacked = 1</script> a title",
    "</script><script>window.hacked = 2</script>",
    "<img src=x onerror=alert(1)><svg onload=alert(2)>",
    "[a link](javascript:alert(3)) ![p](https://evil.example/p.png)",
    "a \u2028 line \u2029 end, \u202eright to left\u202c and on",
    "quotes \" ' ` ${window.hacked = 3} {{ 7 * 7 }} {% raw %} <!-- and -->",
    "javascript:alert(4)",
    "&lt;b&gt; &amp; <b>bold</b> %3Cscript%3E",
]
DOIS = [
    '10.1000/x"onclick="alert(5)',
    "10.1000/<script>window.hacked=4</script>",
    "javascript:alert(6)//10.1000/y",
    "https://evil.example/10.1000/z?q='><img src=x>",
]
LABELS = [
    "<img src=//evil.example/p.png onerror=alert(7)>",
    "![x](https://evil.example/p.png) [y](javascript:alert(8))",
]
PROJECT = "p`<img src=x onerror=alert(9)>`](javascript&colon;alert(1)) ![p](x"
ANALYSES = ["a<script>window.hacked=5<", "b\"'><img src=x onerror=alert(10)>"]
FOLDER = ("![f](https:", "evil.example", "`p.png)")  # above the project: a path that Markdown could read as an image
FILE = "![file](https:evil.example) <script>window.hacked=6<.txt"


def hostile_project(root: Path) -> Project:
    """The planted papers with such texts; two analyses of them."""
    planted = planted_project(root.joinpath(*FOLDER))
    planted.path.rename(planted.root / PROJECT)
    project = Project(planted.root, PROJECT)
    papers = pd.read_csv(project.dataset)
    papers["TI"] = [f"{TITLES[row % len(TITLES)]} {row}" for row in range(len(papers))]
    papers["DI"] = [DOIS[row % len(DOIS)] for row in range(len(papers))]
    papers.to_csv(project.dataset, index=False)
    for number, name in enumerate(ANALYSES):
        folder = project.path / name
        folder.mkdir()
        content = {
            "metadata": {"project_folder": PROJECT, "filtered_folder": "f01", "analysis_id": name},
            "tmo": {
                **{"embeds_folder": FIRST, **QUICK, "min_topic_size": 5 + number},
                "pictures": {"figures": False, "quality": False, "report": True},
                "year_columm": "<script>window.hacked = 7</script>",  # misspelt: a note repeats it
            },
        }
        (folder / DIRECTIVE).write_text(json.dumps(content), encoding="utf-8")
        (folder / FILE).write_text("")
    return project


@pytest.fixture(scope="module")
def hostile(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project after runs of its analyses, each with labels by hand, a comparison and a sweep."""
    from flows.sweep import sweep
    from flows.topic_model import topic_model
    from topicloom.comparison.writing import write_comparison
    from topicloom.settings.reading import read_settings
    from topicloom.sweep.grid import SweepPlan

    project = hostile_project(tmp_path_factory.mktemp("hostile"))
    folders = [project.path / name for name in ANALYSES]
    for folder in folders:
        topic_model(folder)
        uids = pd.read_csv(folder / "topic_summary.csv")["topic_uid"]
        with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("topic_uid", "label"), *zip(uids, LABELS, strict=False)])
        topic_model(folder)
    write_comparison([read_settings(folder) for folder in folders], project.path / "compared")
    sweep(folders[0], SweepPlan(vary={"year_column": ["PY", "<img src=x onerror=alert(11)>"]}))
    return project


class Watched:
    """A page opened from disk, and all that it did beyond showing itself."""

    def __init__(self, browser, path: Path) -> None:
        self.page = browser.new_page(viewport={"width": 1300, "height": 900})
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        self.page.goto(path.as_uri())

    def _hear(self, message) -> None:
        if "GL Driver Message" not in message.text:  # of a machine without a graphics card, on its speed
            self.complaints.append(message.text)

    def harmless(self) -> None:
        self.page.wait_for_timeout(300)
        assert self.complaints == []
        assert self.page.evaluate("window.hacked") is None
        assert len(self.requests) == 1, self.requests
        links = self.page.evaluate("[...document.querySelectorAll('a[href], [src]')].map(e => e.href || e.src)")
        assert not [
            link for link in links if not re.match("https://doi.org/10|data:|#|file:.*#|https://plotly.com", link)
        ]
        self.page.close()


@pytest.fixture
def watched(browser):
    return lambda path: Watched(browser, path)


def test_the_report_shows_hostile_texts_as_texts(hostile: Project, watched) -> None:
    for name in ANALYSES:
        made = watched(hostile.path / name / "report.html")
        page = made.page
        page.wait_for_selector("body[data-ready=true]")
        assert f"{PROJECT}/{name}" in page.inner_text("body")
        for label in LABELS:
            assert label in page.locator("#topic-table").inner_text()
        for title in TITLES:
            words = " ".join(title.split())
            page.fill("#search", "{{ 7 * 7 }}" if '"' in title else words)  # quotes and signs mean something there
            page.wait_for_function(
                "(words) => document.getElementById('papers').innerText.replace(/\\s+/g, ' ').includes(words)",
                arg=words,
            )
        assert page.locator("#papers script, #papers img, #papers b, #papers svg").count() == 0
        for row in page.locator("#topic-table tbody tr").all()[:2]:
            row.click()
        made.harmless()


@pytest.mark.parametrize("place", ["compared/comparison.html", f"{ANALYSES[0]}/sweep/sweep.html"])
def test_the_other_pages_show_hostile_texts_as_texts(hostile: Project, watched, place: str) -> None:
    made = watched(hostile.path / place)
    made.page.wait_for_selector(".js-plotly-plot .main-svg, table")
    text = made.page.inner_text("body")
    assert (LABELS[0][:20] if "compared" in place else "<img src=x onerror=alert(11)>") in text
    made.harmless()


def test_no_text_is_a_link_or_an_image_in_prefects_pages(hostile: Project) -> None:
    artifacts = everything_of("artifacts")
    keys = {artifact["key"] for artifact in artifacts if "evil" in json.dumps(artifact) or "onerror" in str(artifact)}
    for ending in ("-summary", "-sweep", "-report", "-topics"):
        assert any(str(key).endswith(ending) for key in keys), ending
    for artifact in artifacts:
        written = [artifact["description"] or ""]
        if artifact["type"] == "markdown":
            written.append(artifact["data"])
        for text in written:
            page = MarkdownIt("commonmark").enable("table").render(text)
            assert not re.search("<(img|a|script|svg)[ >]", page), text
            assert "javascript:" not in re.sub("<(p|li|td|code|h1)>[^<]*", "", page)
