"""What a reader wants to know of a paper: its title, year and DOI, from the dataset of the project."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from topicloom.inputs.corpus import dataset_columns, read_dataset
from topicloom.settings.schema import Settings

if TYPE_CHECKING:
    import pandas as pd

TITLE, DOI = ("TI", "title", "Title"), ("DI", "DOI", "doi")
_TITLE_LENGTH = 120  # of the text that stands in for a title
_YEAR = re.compile(r"^\s*(1[5-9]\d\d|20\d\d|21\d\d)(?:\.0+)?\s*$")
_DOI = re.compile(r"10\.\d{4,9}/\S+")


def paper_facts(settings: Settings, identifiers: Sequence[str], texts: Sequence[str]) -> pd.DataFrame:
    """Title, year and DOI of papers, one row for each UT of `identifiers`, in its order.

    texts: of the same papers; where the dataset has no title the beginning of the text stands in.
    Columns: UT, title (text), year (Int64, missing where the dataset has none that can be read), doi (text, "" where
    unknown, without https://doi.org/). Without a dataset, or without these columns, they are empty.
    """
    import pandas as pd

    papers = pd.DataFrame({"UT": list(identifiers)})
    columns = _columns(settings)
    if columns:
        dataset = read_dataset(settings.dataset_path, ["UT", *columns.values()])
        dataset = dataset.drop_duplicates("UT").set_index("UT")
    for name, column in columns.items():
        papers[name] = papers["UT"].map(dataset[column]).fillna("")
    for name in ("title", "year", "doi"):
        if name not in papers:
            papers[name] = ""
    papers["title"] = [
        title or beginning(text) for title, text in zip(map(_one_line, papers["title"]), texts, strict=True)
    ]
    papers["year"] = pd.array([read_year(year) for year in papers["year"]], dtype="Int64")
    papers["doi"] = [read_doi(doi) for doi in papers["doi"]]
    return papers[["UT", "title", "year", "doi"]]


def _columns(settings: Settings) -> dict[str, str]:
    """The dataset's columns for title, year and DOI, as far as it has them."""
    if not settings.dataset_path.is_file():
        return {}
    present = dataset_columns(settings.dataset_path)
    if "UT" not in present:
        return {}
    wanted = {"title": TITLE, "year": (settings.tmo.year_column,), "doi": DOI}
    found = {name: next((column for column in columns if column in present), None) for name, columns in wanted.items()}
    return {name: column for name, column in found.items() if column}


def read_year(value: str) -> int | None:
    """A year from 1500 to 2199, or None for what is none."""
    match = _YEAR.match(value)
    return int(match.group(1)) if match else None


def read_doi(value: str) -> str:
    """The DOI in a text, without the address of a resolver; "" where there is none."""
    match = _DOI.search(value)
    return match.group(0).rstrip(".,;") if match else ""


def beginning(text: str) -> str:
    """The beginning of a text, to stand in for a title."""
    line = _one_line(text)
    return line if len(line) <= _TITLE_LENGTH else line[: _TITLE_LENGTH - 1] + "…"


def _one_line(text: str) -> str:
    return " ".join(text.split())
