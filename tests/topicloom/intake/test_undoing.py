"""A merge that a person has undone: both papers say what their own records say, now and after later exports."""

from __future__ import annotations

import csv
import json

import pytest

from tests.topicloom.intake.test_later import decide, papers
from topicloom.intake.later import add_exports
from topicloom.intake.project import new_project
from topicloom.intake.record import IntakeError

TITLE = "How couriers plan their days on digital platforms"
HEADER = "title,authors,abstract,year,doi,citations,volume,pages,note\n"
KEPT = f"{HEADER}{TITLE},Meier A,,2019,10.1000/a,3,,,\n"
OTHER = f"{HEADER}{TITLE},Meier A,The abstract of quite another paper.,2020,10.1000/a,99,7,1-9,mine\n"
SAID = ("UT", "AB", "TC", "PY", "VL", "note")


def said(made):
    return [tuple(paper.get(name, "") for name in SAID) for paper in papers(made)]


def origins(made):
    with (made.project / "f01/merged_fields.csv").open(newline="", encoding="utf-8") as file:
        return [(row["field"], row["from_file"]) for row in csv.DictReader(file)]


@pytest.fixture
def merged(tmp_path):
    (tmp_path / "a.csv").write_text(KEPT)
    (tmp_path / "b.csv").write_text(OTHER)
    made = new_project(tmp_path / "P", [tmp_path / "a.csv", tmp_path / "b.csv"])
    assert said(made) == [("DOI:10.1000/a", "The abstract of quite another paper.", "99", "2020", "7", "mine")]
    return made


def test_the_kept_paper_loses_what_was_the_other_ones(merged):
    decide(merged.project, "no")
    for _ in range(2):
        made = add_exports(merged.project, [])
        assert said(made) == [
            ("DOI:10.1000/a", "", "3", "2019", "", ""),
            ("DOI:10.1000/a_2", "The abstract of quite another paper.", "99", "2020", "7", "mine"),
        ]
        assert origins(made) == []
    assert [(one.undone, one.updated, one.added) for one in made.account.imports[:2]] == [(0, 0, 1), (1, 0, 0)]


def test_what_a_third_record_gave_stays_and_so_does_what_a_person_has_mended(tmp_path, merged):
    third = f"{HEADER}{TITLE},Meier A,Our own abstract.,2019,10.1000/a,5,,,\n"
    (tmp_path / "c.csv").write_text(third)
    add_exports(merged.project, [tmp_path / "c.csv"])
    dataset = merged.project / "f01/dataset_raw_cleaned.csv"
    dataset.write_text(dataset.read_text().replace(TITLE, f"{TITLE} (2nd print)"))
    listing = merged.project / "f01/duplicates.csv"
    rows = [line.replace(",yes", ",no") if ",b.csv," in line else line for line in listing.read_text().splitlines()]
    listing.write_text("\n".join(rows))
    made = add_exports(merged.project, [])
    assert said(made)[0] == ("DOI:10.1000/a", "Our own abstract.", "5", "2019", "", "")
    assert [paper["TI"] for paper in papers(made)] == [f"{TITLE} (2nd print)", TITLE]
    assert set(origins(made)) == {("AB", "c.csv"), ("TC", "c.csv")}
    account = made.account
    assert (account.kept, account.duplicates) == (2, 1)
    assert account.kept == sum(one.added + one.undone - one.joined for one in account.imports)


def test_an_export_with_named_columns_is_read_again_by_them(tmp_path):
    row = f"{TITLE};Ein Text;2019;10.1000/a\n"
    (tmp_path / "mine.csv").write_text(f"Werk;Inhalt;Wann;doi\n{row}{row}")
    columns = {"title": "Werk", "abstract": "Inhalt", "year": "Wann"}
    made = new_project(tmp_path / "P", [tmp_path / "mine.csv"], columns)
    assert json.loads((made.project / "f01/import.json").read_text())["imports"][0]["files"][0]["columns"] == columns
    decide(made.project, "no")
    assert [paper["AB"] for paper in papers(add_exports(made.project, []))] == ["Ein Text"] * 2


def test_a_merge_cannot_be_undone_without_its_export(merged):
    decide(merged.project, "no")
    (merged.project / "f01/sources/b.csv").unlink()
    with pytest.raises(IntakeError, match=r"undoes the merge of record 1 of b\.csv, which is not among the kept"):
        add_exports(merged.project, [])


def test_a_pair_that_a_person_adds_is_one_paper_for_good(tmp_path):
    scopus = "Authors,Title,Year,Source title,Cited by,DOI,Abstract,EID\n"
    rows = [
        f"Meier A.,{TITLE},2019,J,3,10.1000/a,,2-s2.0-1\n",
        "Okafor B.,Riders and what they plan,2021,K,9,10.1000/b,Another text.,2-s2.0-2\n",
        "Silva R.,Sleep of nurses,2021,K,9,10.1000/c,A third.,2-s2.0-3\n",
    ]
    (tmp_path / "a.csv").write_text(scopus + "".join(rows))
    made = new_project(tmp_path / "P", [tmp_path / "a.csv"])
    listing = made.project / "f01/duplicates.csv"
    listing.write_text(f"{listing.read_text()},,2-s2.0-1,,,2-s2.0-2,,,,yes\n")
    for later in ([], [tmp_path / "again.csv"], []):
        made = add_exports(made.project, later)
        assert [(paper["UT"], paper["AB"]) for paper in papers(made)] == [
            ("2-s2.0-1", "Another text."),
            ("2-s2.0-3", "A third."),
        ]
        (tmp_path / "again.csv").write_text(scopus + rows[1].replace("Riders and", "Riders then"))
    with listing.open(newline="", encoding="utf-8") as file:
        (row, *_) = [row for row in csv.DictReader(file) if row["merged_file"] == "a.csv"]
    assert (row["reason"], row["merge"], row["merged_record"]) == ("decided", "yes", "2")
    listing.write_text(listing.read_text().replace(",yes", ",no"))
    made = add_exports(made.project, [])
    assert [paper["UT"] for paper in papers(made)][:2] == ["2-s2.0-1", "2-s2.0-3"]
    assert {"2-s2.0-2"} <= {paper["UT"] for paper in papers(made)}
    assert papers(made)[0]["AB"] == ""
