"""Papers and the dataset: years as databases write them, and a dataset of other papers."""

from __future__ import annotations

import pytest

from topicloom.inputs.papers import dataset_facts, paper_facts, read_papers
from topicloom.inputs.years import read_year
from topicloom.settings.reading import read_settings
from topicloom.stages.notes import dataset_notes


@pytest.mark.parametrize(
    ("text", "year"),
    [
        *(("2020", 2020), (" 1999.0 ", 1999), ("2019 Mar 13", 2019), ("2019-05", 2019), ("20190517", 2019)),
        *(("2019 Mar-Apr", 2019), ("201905", 2019), ("2019/05/17 06:00", 2019), ("2019-05-17T00:00:00Z", 2019)),
        *(("MAR 2019", 2019), ("March 13, 2019", 2019), ("13.05.2019", 2019), ("2019 Winter", 2019), ("c2019", 2019)),
        *(("1998 Dec-1999 Jan", 1998), ("2018-2019", 2018), ("[2019]", 2019), ("2019;12(3):1", 2019)),
        *(("２０１９年５月", 2019), ("2019年", 2019), ("15 Jan 1789", 1789)),
        *(("", None), ("early", None), ("20201", None), ("0", None), ("in press", None), ("Mar 13", None)),
        *(("20191345", None), ("43525", None), ("1234", None), ("999999", None), ("13/03/19", None)),
    ],
)
def test_years(text, year):
    assert read_year(text) == year


@pytest.fixture
def papers(project):
    """Write a dataset of 240 papers for the project's own; returns what is said of it."""

    def said(identifiers, years, column="PY"):
        rows = zip(identifiers, years, strict=True)
        lines = "".join(f'{ut},A title,"{year}",10.1000/x\n' for ut, year in rows)
        project.dataset.write_text(f"UT,TI,{column},DI\n{lines}", encoding="utf-8")
        dataset = read_papers(read_settings(project.analysis))
        facts = dataset_facts(dataset, [f"S{n}" for n in range(len(years))], "PY")
        return paper_facts(dataset, ["S0", "S1"], ["text 0", "text 1"]), list(dataset_notes(facts, len(years)))

    return said


def test_of_a_sound_dataset_nothing_is_said(papers):
    found, notes = papers([f"S{n}" for n in range(120)], ["2019"] * 120)
    assert notes == []
    assert found.to_dict("list") == {
        "UT": ["S0", "S1"],
        "title": ["A title"] * 2,
        "year": [2019, 2019],
        "doi": ["10.1000/x"] * 2,
        "authors": ["", ""],
        "source": ["", ""],
        "keywords": ["", ""],
        "cited": [None, None],
        "Abstract": [True, True],
    }


def test_a_dataset_of_other_papers_is_said_with_an_example_of_each(papers):
    found, notes = papers([f"WOS:S{n}" for n in range(120)], ["2019"] * 120)
    assert list(found["title"]) == ["text 0", "text 1"]
    assert notes == [
        "0 of 120 papers of corpus.csv are in dataset_raw_cleaned.csv by UT; the others have no title, year and "
        "DOI. The corpus has for example 'S0' and the dataset 'WOS:S0'."
    ]


def test_a_dataset_that_lacks_some_papers(papers):
    _, notes = papers([*(f"S{n}" for n in range(110)), *(f"X{n}" for n in range(10))], ["2019"] * 120)
    assert notes[0].startswith("110 of 120 papers of corpus.csv are in dataset_raw_cleaned.csv")
    assert "'S110' and the dataset 'X0'" in notes[0]
    assert notes[1].startswith("10 of 120 papers have no year that can be read in the dataset's column PY; ")


def test_papers_without_a_year_are_counted(papers):
    years = ["2019 Mar 13"] * 100 + ["in press"] * 20
    assert papers([f"S{n}" for n in range(120)], years)[1] == [
        "20 of 120 papers have no year that can be read in the dataset's column PY, such as 'in press'; years and "
        "trends are those of the other 100."
    ]


def test_a_dataset_without_the_column_of_years(papers):
    _, notes = papers([f"S{n}" for n in range(120)], ["2019"] * 120, column="Year")
    assert notes == [
        "The dataset has no column of years of the name in tmo.year_column: years and trends are left out."
    ]


def test_without_a_dataset(project):
    project.dataset.unlink()
    facts = dataset_facts(read_papers(read_settings(project.analysis)), ["S0"], "PY")
    (note,) = dataset_notes(facts, 1)
    assert "There is no dataset_raw_cleaned.csv" in note


def test_of_what_was_described_before_years_are_counted_all_the_same():
    assert list(dataset_notes({"papers_with_year": 120}, 120)) == []
    (note,) = dataset_notes({"papers_with_year": 12}, 120)
    assert note.startswith("108 of 120 papers have no year; ")
