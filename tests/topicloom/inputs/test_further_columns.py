"""Further columns of the dataset, by which the report colours and filters."""

from __future__ import annotations

import csv

import pytest

from topicloom.inputs.further_columns import further_columns, read_further
from topicloom.report.columns import other_columns
from topicloom.settings.reading import read_settings

ROWS = 60
COLUMNS = {
    "Language": lambda row: "English" if row % 3 else "German; French",
    "Open access": lambda row: ["gold", "", "<b>green</b>"][row % 3],
    "a:b score": lambda row: f"{row % 7}.5",
    "group": lambda row: f"g{row % 4}",
    "Funding": lambda row: f"A text of its own, number {row}",  # one a paper
    "running": lambda row: str(row),  # numbers that only count
    "same": lambda row: "all",
    "rare": lambda row: "x" if row == 1 else "y" if row == 2 else "",
    "CR": lambda row: f"{row % 3}",  # known as a long text
    "TC": lambda row: str(row % 9),  # has a place of its own
}


@pytest.fixture
def settings(project):
    """The settings of a project whose dataset has many columns, with a list of columns to colour by."""

    def of(colour=None):
        with project.dataset.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["UT", "TI", *COLUMNS])
            writer.writerows([f"S{row}", "A title", *(value(row) for value in COLUMNS.values())] for row in range(ROWS))
        project.write_settings(**({} if colour is None else {"columns": {"colour": colour}}))
        return read_settings(project.analysis)

    return of


def test_columns_of_few_values_and_numbers_are_found(settings):
    assert further_columns(settings()) == ["Language", "Open access", "a:b score", "group"]
    assert further_columns(settings([])) == []
    found, absent = read_further(settings(), ["S1", "S0", "not there"])
    assert absent == []
    assert found.to_dict("list") == {
        "Language": ["English", "German; French", ""],
        "Open access": ["", "gold", ""],
        "a:b score": [1.5, 0.5, None],
        "group (dataset)": ["g1", "g0", ""],  # topics have groups of their own
    }


def test_the_settings_may_name_any_column(settings):
    named = settings(["CR", "Funding", "Nowhere", "CR"])
    found, absent = read_further(named, [f"S{row}" for row in range(ROWS)])
    assert list(found) == ["CR (dataset)", "Funding"]
    assert absent == ["Nowhere"]
    shown = {column["key"]: column["kind"] for column in other_columns(found)}
    assert shown == {"CR (dataset)": "number", "Funding": "category"}


def test_without_a_dataset_there_are_none(settings, project):
    own = settings()
    project.dataset.unlink()
    assert further_columns(own) == []
    assert len(read_further(own, ["S1"])[0]) == 1
