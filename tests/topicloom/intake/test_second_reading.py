"""The shared exports, read a second time by other means: every record, and the fields that matter, agree."""

from __future__ import annotations

import csv
import html
import re
import sys
import xml.etree.ElementTree as ET

import pytest

from tests.conftest import SHARED
from tests.topicloom.intake.test_formats import read
from topicloom.inputs.years import read_year
from topicloom.intake.identity import plain_doi


@pytest.fixture(scope="module")
def exports():
    folder = SHARED / "exports"
    if not folder.is_dir():
        pytest.skip("The shared exports are not on this machine.")
    return folder


def squeezed(text):
    return " ".join(str(text or "").split())


def said(record):
    """Title, abstract, year, DOI, authors and source of a record that topicloom has read."""
    get = record.fields.get
    people = [squeezed(name) for name in get("AU", "").split(";") if name.strip()]
    return (
        squeezed(get("TI")),
        squeezed(get("AB")),
        read_year(get("PY", "")),
        plain_doi(get("DI", "")).lower(),
        people,
        squeezed(get("SO")),
    )


def assert_same(records, second):
    assert len(records) == len(second)
    for record, other in zip(records, second, strict=True):
        assert said(record) == other


@pytest.mark.parametrize(("name", "encoding"), [("tab_utf8.txt", "utf-8-sig"), ("tab_utf16.txt", "utf-16")])
def test_wos_tab(exports, name, encoding):
    text = (exports / "wos" / name).read_text(encoding=encoding)
    rows = list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
    _, records, refused = read(exports / "wos" / name)
    people = [[squeezed(one) for one in row["AU"].split(";") if one.strip()] for row in rows]
    second = [
        (squeezed(row["TI"]), squeezed(row["AB"]), int(row["PY"]), row["DI"].lower(), names, squeezed(row["SO"]))
        for row, names in zip(rows, people, strict=True)
    ]
    assert not refused
    assert_same(records, second)


def test_wos_plain_text_says_what_the_tab_form_says(exports):
    _, tab, _ = read(exports / "wos" / "tab_utf8.txt")
    _, plain, refused = read(exports / "wos" / "plaintext.txt")
    assert not refused
    assert_same(plain, [said(record) for record in tab])
    for one, other in zip(plain, tab, strict=True):
        for tag in ("UT", "DE", "ID", "WC", "TC", "BP", "EP", "C1", "CR"):
            assert squeezed(one.fields.get(tag)) == squeezed(other.fields.get(tag)), tag


def blocks_of_wos(path):
    """The plain text by a regular expression."""
    text = path.read_text(encoding="utf-8-sig").replace("\r", "")
    for block in re.findall(r"^PT .*?^ER$", text, re.DOTALL | re.MULTILINE):
        yield dict(re.findall(r"^([A-Z][A-Z0-9]) (.*?)(?=\n[A-Z][A-Z0-9](?: |$))", block, re.DOTALL | re.MULTILINE))


@pytest.mark.parametrize("name", ["wos/bit_patterns_plaintext.txt", "wos/plaintext.txt", "ris/rispy_wos.ris"])
def test_wos_plain_text(exports, name):
    _, records, refused = read(exports / name)
    second = [
        (
            squeezed(row.get("TI")), squeezed(row.get("AB")), read_year(row.get("PY", "")), squeezed(row.get("DI")).lower(),
            [squeezed(line) for line in row.get("AU", "").splitlines()], squeezed(row.get("SO")),
        )
        for row in blocks_of_wos(exports / name)
    ]  # fmt: skip
    assert not refused
    assert_same(records, second)


def test_scopus_csv(exports):
    csv.field_size_limit(sys.maxsize)
    with (exports / "scopus/bit_patterns.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    _, records, refused = read(exports / "scopus/bit_patterns.csv")
    second = [
        (
            squeezed(row["Title"]), squeezed(row["Abstract"]), int(row["Year"]), row["DOI"].lower(),
            [squeezed(one) for one in row["Authors"].split(";") if one.strip()], squeezed(row["Source title"]),
        )
        for row in rows
    ]  # fmt: skip
    assert not refused
    assert_same(records, second)


RIS = [
    *(
        "scopus/bit_patterns.ris",
        "ris/asreview_scopus.ris",
        "ris/asreview_embase.ris",
        "ris/asreview_ovid_psycinfo.ris",
    ),
    *(
        "ris/asreview_ovid_zotero.ris",
        "ris/asreview_proquest.ris",
        "ris/asreview_pubmed_endnote.txt",
        "ris/rispy_bom.ris",
    ),
    *("ris/asreview_pubmed_zotero.ris", "ris/asreview_ris_issue_1099.txt", "ris/asreview_ris_issue_992.txt"),
    *("ris/asreview_baseline_empty_values.ris", "ris/asreview_faulty_year.ris", "ris/rispy_empty_tag.ris"),
    *("ris/rispy_extraneous_data.ris", "ris/rispy_full.ris", "ris/rispy_utf_chars.ris"),
]


OTHERS = [
    *(f"wos/{name}.txt" for name in ("tab_utf8", "tab_utf16", "plaintext", "bit_patterns_plaintext")),
    *("ris/rispy_wos.ris", "ris/rispy_multiline.ris", "ris/asreview_embase.csv", "scopus/bit_patterns.csv"),
    *("pubmed/set.nbib", "pubmed/one.xml", "openalex/works_page.json", "openalex/works.jsonl"),
]


@pytest.mark.parametrize("name", RIS)
def test_ris_against_rispy(exports, name):
    rispy = pytest.importorskip("rispy")

    text = (exports / name).read_text(encoding="utf-8-sig")
    parsed = rispy.loads(text, skip_unknown_tags=False)
    _, records, refused = read(exports / name)
    assert not refused
    assert len(records) == len(parsed) == len(re.findall(r"^ER {2}-", text, re.MULTILINE))
    for record, row in zip(records, parsed, strict=True):
        title, abstract, year, doi, people, source = said(record)
        assert title == squeezed(row.get("title") or row.get("primary_title") or row.get("short_title"))
        assert abstract in stated(row, "abstract", "notes_abstract")
        assert year in (
            {read_year(row.get(key, "")) for key in ("year", "publication_year", "date")} - {None} or {None}
        )
        assert doi == plain_doi(row.get("doi", "")).lower() or "doi" not in row
        assert people == [squeezed(one) for one in [*row.get("authors", []), *row.get("first_authors", [])]]
        assert source in stated(row, "journal_name", "secondary_title", *(f"alternate_title{at}" for at in (1, 2, 3)))


def stated(row, *keys):
    """What a record says in any of some fields; "" only where it says nothing in all of them."""
    return {squeezed(row.get(key)) for key in keys} - {""} or {""}


def test_ris_with_many_lines(exports):
    _, records, refused = read(exports / "ris/rispy_multiline.ris")
    abstract = "first line, ER then second line and at the end the last line"
    assert [record.fields["AB"] for record in records] == [abstract] * 3
    assert not refused


def test_pubmed_text(exports):
    text = (exports / "pubmed/set.nbib").read_text(encoding="utf-8").replace("\r", "")
    text = re.sub(r"\n {6}", " ", text)
    rows = [re.findall(r"^([A-Z]+) *- (.*)$", block, re.MULTILINE) for block in text.split("\nPMID- ")]
    _, records, refused = read(exports / "pubmed/set.nbib")
    assert not refused
    assert len(records) == len(rows) == text.count("PMID- ")
    for record, row in zip(records, rows, strict=True):
        values = {}
        for tag, value in row:
            values.setdefault(tag, []).append(squeezed(value))
        dois = [
            value.removesuffix(" [doi]").lower()
            for value in [*values.get("LID", []), *values.get("AID", [])]
            if value.endswith("[doi]")
        ]
        assert said(record) == (
            values["TI"][0], values.get("AB", values.get("OAB", [""]))[0], int(values["DP"][0][:4]),
            (dois or [""])[0], values.get("AU", []), values["JT"][0],
        )  # fmt: skip


def test_pubmed_xml(exports):
    article = ET.parse(exports / "pubmed/one.xml").find(".//Article")
    _, (record,), _ = read(exports / "pubmed/one.xml")
    title, abstract, year, doi, people, source = said(record)
    assert (title, year, doi) == (
        "Inhaled Combined Budesonide-Formoterol as Needed in Mild Asthma.",
        2018,
        "10.1056/nejmoa1715274",
    )
    assert source == "The New England journal of medicine"
    names = [
        (author.findtext("LastName"), author.findtext("Initials")) for author in article.iterfind("AuthorList/Author")
    ]
    assert people == list(map(" ".join, names))
    parts = [part.get("Label") + ":" + "".join(part.itertext()) for part in article.iterfind("Abstract/AbstractText")]
    assert len(parts) == 4
    assert re.sub(r"\s|</?sub>", "", html.unescape(abstract)) == re.sub(r"\s", "", "".join(parts))


@pytest.mark.parametrize("name", ["works_page.json", "works.jsonl"])
def test_openalex(exports, name):
    import json

    text = (exports / "openalex" / name).read_text()
    works = json.loads(text)["results"] if name.endswith("json") else [json.loads(line) for line in text.splitlines()]
    _, records, refused = read(exports / "openalex" / name)
    assert not refused
    assert len(records) == len(works) == 40
    for record, work in zip(records, works, strict=True):
        places = {}
        for word, found in (work["abstract_inverted_index"] or {}).items():
            places.update(dict.fromkeys(found, word))
        title, abstract, year, doi, people, source = said(record)
        assert (title, year) == (squeezed(work["title"]), work["publication_year"])
        assert abstract == squeezed(" ".join(places[place] for place in sorted(places)))
        assert doi == (work["doi"] or "").removeprefix("https://doi.org/").lower()
        assert people == [squeezed(one["author"]["display_name"]) for one in work["authorships"]]
        assert source == squeezed(
            ((work["primary_location"] or {}).get("source") or work["host_venue"])["display_name"]
        )


def test_embase_csv(exports):
    _, records, refused = read(exports / "ris/asreview_embase.csv")
    _, second, _ = read(exports / "ris/asreview_embase.ris")
    assert not refused
    assert [squeezed(record.fields["TI"]) for record in records] == [squeezed(record.fields["TI"]) for record in second]
    for one, other in zip(records, second, strict=True):
        _, abstract, *rest = said(one)
        _, whole, *same = said(other)
        assert rest == same  # year, DOI, authors, source
        assert abstract == whole


def test_every_export_is_read_twice(exports):
    here = {path.relative_to(exports).as_posix() for path in exports.rglob("*") if path.is_file()}
    assert here <= {*RIS, *OTHERS}
