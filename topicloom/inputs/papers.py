"""What a reader wants to know of a paper: title, year, DOI, authors, source and more, from the dataset."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from topicloom.errors import CorpusError
from topicloom.inputs.corpus import dataset_columns, nan_marked, read_dataset
from topicloom.inputs.decoding import TextForm, form_facts, text_form
from topicloom.inputs.paper_fields import column_of
from topicloom.inputs.years import read_year
from topicloom.machine.regular_files import file_is_there
from topicloom.settings.schema import Settings

if TYPE_CHECKING:
    import pandas as pd

TITLE, DOI = ("TI", "title", "Title"), ("DI", "DOI", "doi")
ABSTRACT = ("AB", "Abstract", "abstract")
_FIELDS = ("authors", "source", "keywords", "cited")  # of `topicloom.inputs.paper_fields`
_TITLE_LENGTH = 120  # of the text that stands in for a title
_DOI = re.compile(r"10\.\d{4,9}/\S+")


@dataclass(frozen=True)
class Dataset:
    """What the dataset tells of papers.

    columns: its own name for title, year, doi, authors, source, keywords, cited (how often) and abstract, as far as it
    has them. known: by UT, as texts, the same. form: how its bytes were read.
    """

    columns: Mapping[str, str]
    known: pd.DataFrame
    form: TextForm


def read_papers(settings: Settings) -> Dataset | None:
    """Read what the dataset of a project tells of its papers; None without a dataset that has the column of ids.

    Raises CorpusError for one that cannot be read.
    """
    path = settings.dataset_path
    if not file_is_there(path, CorpusError) or settings.tmo.id_column not in (present := dataset_columns(path)):
        return None
    wanted = {"title": TITLE, "year": (settings.tmo.year_column,), "doi": DOI, "abstract": ABSTRACT}
    found = {name: next((column for column in names if column in present), None) for name, names in wanted.items()}
    found |= {name: column_of(settings, name, present) for name in _FIELDS}
    columns = {name: column for name, column in found.items() if column}
    table = read_dataset(path, list(dict.fromkeys(columns.values())), settings.tmo.id_column)
    table = table.drop_duplicates("UT").set_index("UT", drop=False)
    return Dataset(columns, table[list(columns.values())].set_axis(list(columns), axis=1), text_form(path))


def paper_facts(dataset: Dataset | None, identifiers: Sequence[str], texts: Sequence[str]) -> pd.DataFrame:
    """What is known of papers, one row for each UT of `identifiers`, in its order.

    texts: of the same papers; where the dataset has no title the beginning of the text stands in.
    Columns: UT, title (text), year (Int64, missing where the dataset has none that can be read), doi (text, "" where
    unknown, without https://doi.org/), authors, source and keywords (text), cited (Int64). Without a dataset, or
    without these columns, they are empty. Abstract (bool): False where the dataset has abstracts, but none of this
    paper, or where the text carries the mark of a missing one.
    """
    import pandas as pd

    papers = pd.DataFrame({"UT": list(identifiers)})
    for name in ("title", "year", "doi", "authors", "source", "keywords", "cited", "abstract"):
        known = dataset is not None and name in dataset.columns
        papers[name] = papers["UT"].map(dataset.known[name]).fillna("") if dataset and known else ""
    papers["title"] = [
        title or beginning(text) for title, text in zip(map(_one_line, papers["title"]), texts, strict=True)
    ]
    papers["year"] = pd.array([read_year(year) for year in papers["year"]], dtype="Int64")
    papers["doi"] = [read_doi(doi) for doi in papers["doi"]]
    for name in ("authors", "source", "keywords"):
        papers[name] = [_one_line(text) for text in papers[name]]
    papers["cited"] = pd.array([int(text) if text.isdecimal() else None for text in papers["cited"]], dtype="Int64")
    lacking = nan_marked(pd.Series(list(texts), dtype=object, index=papers.index))
    if dataset is not None and "abstract" in dataset.columns:
        lacking |= papers["UT"].isin(dataset.known.index) & (papers["abstract"].str.strip() == "")
    papers["Abstract"] = ~lacking.astype(bool)
    return papers.drop(columns="abstract")


def dataset_facts(dataset: Dataset | None, identifiers: Sequence[str], year_column: str) -> dict[str, Any]:
    """How the dataset and the papers of a corpus go together, in counts, with an example of what does not.

    papers_in_dataset: by UT. absent: the UT of a paper that is not there; other: a UT that is there and in no paper.
    papers_with_year; unread_year: a value in which no year was found. year_column: the dataset's, None where it has
    none of that name. dataset_form: how its bytes were read.
    """
    import pandas as pd

    if dataset is None:
        return {"papers_in_dataset": None, "papers_with_year": 0}
    papers, known = pd.Index(identifiers), dataset.known.index
    there = papers.isin(known)
    years = dataset.known["year"].reindex(papers[there]) if "year" in dataset.columns else pd.Series(dtype=str)
    read = [read_year(year) for year in years]
    unread = [text for text, year in zip(years, read, strict=True) if year is None and text]
    return {
        "papers_in_dataset": int(there.sum()),
        "absent": _first(papers[~there]),
        "other": _first(known[~known.isin(papers)]),
        "year_column": year_column if "year" in dataset.columns else None,
        "papers_with_year": sum(year is not None for year in read),
        "unread_year": _first(unread),
        "dataset_form": form_facts(dataset.form),
    }


def _first(found: Sequence[str] | pd.Index[str]) -> str:
    return str(found[0]) if len(found) else ""


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
