"""papers.csv and the files for other programs: read back by what reads them, with hostile texts and with nothing."""

from __future__ import annotations

import csv
import dataclasses
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import openpyxl
import pandas as pd
import pytest
import rispy
from scipy.sparse import csr_matrix

from tests.topicloom.atlases import small_atlas
from topicloom.atlas.shares import shares_of
from topicloom.exports.captions import captions
from topicloom.exports.networks import (
    GEXF,
    VOSVIEWER_MAP,
    VOSVIEWER_NETWORK,
    write_gexf,
    write_vosviewer,
)
from topicloom.exports.papers import papers_table
from topicloom.exports.references import DETAILS, write_bibtex, write_ris
from topicloom.exports.workbook import write_workbook
from topicloom.store.csv_tables import write_csv

HOSTILE = (
    '=cmd|"/c calc"!A1',
    "a\tb\r\nTY  - EVIL\x0b\0",
    '<a href="x">&</a> \u202e}',
    "} @book{x, title={",
    "{\\bf 100%_#$~^",
)


def hostile_atlas(topics: int, papers_each: int = 12, **options):
    atlas = small_atlas(topics, papers_each, **options)
    for column in ("title", "authors", "source", "doi"):
        atlas.papers[column] = [HOSTILE[row % len(HOSTILE)] for row in range(len(atlas.papers))]
    atlas.topics["Label"] = [f"{HOSTILE[topic % len(HOSTILE)]} {topic}" for topic in range(topics)]
    return atlas


def distribution_of(atlas):
    rng = np.random.default_rng(3)
    return csr_matrix(rng.dirichlet(np.ones(max(len(atlas.topics), 1)), len(atlas.papers))[:, : len(atlas.topics)])


def papers_of(atlas):
    return papers_table(atlas, shares_of(distribution_of(atlas), atlas.papers["Topic"].to_numpy()))


def details_of(papers, **given):
    details = pd.DataFrame("", index=papers.index, columns=list(DETAILS))
    return details.assign(**given)


@pytest.mark.parametrize("topics", [0, 1, 4, 30])
def test_a_row_says_of_its_paper_what_the_atlas_does(topics):
    atlas = small_atlas(topics)
    papers, shares = papers_of(atlas), distribution_of(atlas).toarray()
    assert list(papers["UT"]) == list(atlas.papers["UT"])
    assert [name for name in papers if name.startswith("group")] == [
        f"group{n}" for n in range(max(atlas.levels.shape[1] - 1, 0))
    ]
    for row, paper in papers.iterrows():
        topic = paper["Topic"]
        assert paper["Outlier"] == (topic == -1) == (paper["Core"] == "") == (paper["Label"] == "")
        if topic >= 0:
            assert paper["Label"] == atlas.topics["Label"][topic]
            assert paper["Share"] == pytest.approx(shares[row, topic], abs=1e-4)
        others = np.where(np.arange(topics) == topic, -1, shares[row])
        if (others > 0).any():
            assert paper["SecondTopic"] == others.argmax()
            assert paper["SecondShare"] == pytest.approx(others.max(), abs=1e-4)
        else:
            assert pd.isna(paper["SecondTopic"])
    if topics:
        assert papers.groupby("Topic")["Core"].value_counts()[0].to_dict() == {"core": 4, "middle": 4, "periphery": 4}


def test_outliers_that_were_given_to_a_topic_are_marked_and_those_left_are_not():
    atlas = small_atlas(2)
    given = np.arange(len(atlas.papers)) % 2 == 0
    papers = papers_table(atlas, shares_of(distribution_of(atlas), atlas.papers["Topic"].to_numpy()), given)
    assert list(papers["Given"]) == list(given & ~papers["Outlier"])


def test_the_table_survives_hostile_texts_and_excel_reads_it_as_utf8(tmp_path):
    papers = papers_of(hostile_atlas(3))
    write_csv(papers, tmp_path / "papers.csv", escape_formulas=True, for_excel=True)
    data = (tmp_path / "papers.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert not {0, 11} & set(data)
    with (tmp_path / "papers.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(papers)
    assert not [
        value
        for row in rows
        for name, value in row.items()
        if name in ("Title", "Label") and value[:1] in "=+-@" and value
    ]


@pytest.mark.parametrize("topics", [0, 1, 40])
def test_vosviewer_and_gephi_get_every_topic_and_links_between_them(tmp_path, topics):
    atlas = hostile_atlas(topics, years=topics != 1)
    write_vosviewer(atlas, tmp_path)
    write_gexf(atlas, tmp_path)
    with (tmp_path / VOSVIEWER_MAP).open(encoding="utf-8", newline="") as file:
        items = list(csv.DictReader(file, delimiter="\t"))
    assert [int(item["id"]) for item in items] == list(atlas.topics["X_C"])
    assert [int(item["weight<Papers>"]) for item in items] == list(atlas.topics["Count"])
    assert all(("score<Mean year>" in item) == (topics != 1) and None not in item for item in items)
    links = [line.split("\t") for line in (tmp_path / VOSVIEWER_NETWORK).read_text().splitlines()]
    for one, other, alike in links:
        assert 0 < float(alike) == pytest.approx(atlas.similarity[int(one) - 1, int(other) - 1], abs=1e-4)
    root = ElementTree.parse(tmp_path / GEXF).getroot()
    name = "{http://gexf.net/1.3}"
    nodes = root.findall(f".//{name}node")
    assert [int(node.get("id")) for node in nodes] == list(atlas.topics["X_C"])
    edges = root.findall(f".//{name}edge")
    assert [[edge.get("source"), edge.get("target"), edge.get("weight")] for edge in edges] == links
    assert (len(links) > topics) == (topics > 1)


def test_references_come_back_from_ris_with_their_topics_as_keywords(tmp_path):
    atlas = small_atlas(3)
    papers = papers_of(atlas)
    kinds = ["Article; Proceedings Paper", "Proceedings Paper", "Book Chapter", ""]
    types = [kinds[row % 4] for row in range(len(papers))]
    write_ris(papers, details_of(papers, type=types, volume="7", first_page="12", last_page="19"), tmp_path / "p.ris")
    with (tmp_path / "p.ris").open(encoding="utf-8", newline="") as file:
        found = rispy.load(file)
    assert [one["accession_number"] for one in found] == list(papers["UT"])
    assert [one["type_of_reference"] for one in found[:4]] == ["JOUR", "CONF", "CHAP", "JOUR"]
    assert [one["keywords"][0] for one in found] == [
        f"topic: {label}" if label else "no topic" for label in papers["Label"]
    ]
    assert [" ".join(one["title"].split()) for one in found] == list(papers["Title"])
    assert found[1]["authors"] == papers["Authors"][1].split("; ")
    assert (found[0]["volume"], found[0]["start_page"], found[0]["end_page"]) == ("7", "12", "19")
    assert ["year" in one for one in found] == list(papers["Year"].notna())


def test_hostile_references_stay_one_record_each(tmp_path):
    papers = papers_of(hostile_atlas(3))
    papers.loc[1:3, "UT"] = ["same key", "same-key", "…"]
    details = details_of(papers, type=[HOSTILE[row % 5] for row in range(len(papers))], volume="}")
    write_ris(papers, details, tmp_path / "p.ris")
    lines = (tmp_path / "p.ris").read_text(encoding="utf-8").splitlines()
    assert sum(line.startswith("TY  - ") for line in lines) == sum(line == "ER  - " for line in lines) == len(papers)
    assert all(not line or line[2:6] == "  - " for line in lines)
    write_bibtex(papers, details, tmp_path / "p.bib")
    from topicloom.intake.readers.bibtex import BIBTEX
    from topicloom.intake.record import Export, Record

    found = list(BIBTEX.read(Export(tmp_path / "p.bib", "p.bib")))
    assert [type(one) for one in found] == [Record] * len(papers)
    assert found[0].fields["TI"] == papers["Title"][0]


def test_the_workbook_holds_texts_as_texts_and_is_the_same_each_time(tmp_path):
    table = pd.DataFrame(
        {"Label": [*HOSTILE, "\ud800x"], "Count": range(6), "Year": pd.array([1, None, 3, 4, 5, 6], dtype="Int64")}
    )
    sheets = {"Topics": table, "Empty": table.head(0), "No columns": pd.DataFrame()}
    for name in ("a.xlsx", "b.xlsx"):
        write_workbook(sheets, tmp_path / name)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    cells = [row[0] for row in book["Topics"].iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells} == {"s"}
    assert cells[0].value == HOSTILE[0]
    assert [row[2].value for row in book["Topics"].iter_rows(min_row=2)] == [1, None, 3, 4, 5, 6]
    assert book.sheetnames == list(sheets)


@pytest.mark.parametrize("options", [{}, {"years": False}, {"outliers": False}])
@pytest.mark.parametrize("topics", [0, 1, 40])
def test_each_figure_that_was_drawn_has_a_caption_with_its_numbers(topics, options):
    atlas = small_atlas(topics, **options)
    names = (
        *("map", "map_by_year", "bubbles", "trends", "heatmap", "dendrogram", "coverage"),
        *("growth", "strategic_map", "alluvial"),
    )
    files = [f"{name}{end}" for name in names for end in (".png", ".svg", "_single.pdf")]
    text = captions(atlas, [*files, "preview.png"])
    assert [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")] == list(names)
    paragraphs = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(paragraphs) == len(names)
    assert all(f"n = {len(atlas.papers):,} papers" in paragraph for paragraph in paragraphs)
    assert all(("2010 to 2018" in paragraph) == (options != {"years": False}) for paragraph in paragraphs if topics)
    assert not re.search(r"nan|None|<NA>|  ", text)
    assert captions(atlas, ["preview.png"]).splitlines() == ["# Captions"]
    counts, main = atlas.topics["Count"], atlas.topics["Main"].astype(bool)
    assert f"cover {100 * counts[main].sum() / max(counts.sum(), 1):.1f} % of them" in text
    assert "Ward's method" in text
    joined = captions(dataclasses.replace(atlas, by_edges=True), files)
    assert "Ward" not in joined
    assert "by the edges between their papers" in joined
