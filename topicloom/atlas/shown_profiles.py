"""What the report shows of the profiles of topics: values, most cited papers, countries and sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicloom.atlas.values import Values
from topicloom.store.csv_tables import records

MOST_SHOWN: Final = 5  # values of a field, and papers, of a topic
_COMPARED = ("countries", "sources")  # fields whose commonest values stand against all topics
_MOST_COMPARED = 20
_CODED = {"type": "types", "country": "countries"}  # what each paper has one of, and the field of its values
_TITLES: Final[Mapping[str, str]] = {
    "authors": "Authors",
    "sources": "Sources",
    "types": "Kinds of documents",
    "keywords": "Keywords of the authors",
    "indexed": "Keywords of the database",
    "categories": "Subject categories",
    "areas": "Research areas",
    "countries": "Countries",
    "institutions": "Institutions",
}


def shown_profiles(
    papers: pd.DataFrame, table: pd.DataFrame, citations: pd.DataFrame, values: Mapping[str, Values]
) -> dict[str, Any]:
    """What the report shows, as plain values.

    Args:
        papers: With columns Topic and cited.
        table: What `profile_table` found.
        citations: What `citation_table` found.
        values: The values of each field.

    Returns:
        fields: name and number of papers of each field. sets: level, code, and the profile of each topic and group:
        of each field the five commonest values (name, papers, and lift with the bounds of its interval, or None),
        `citations`, and of a topic `cited`, rows and citations of its most cited papers. crossings: papers of
        each topic with the 20 commonest countries and sources. papers: of each paper the codes of its first
        kind of document and first country, with their names.

    Example:
        >>> from topicloom.atlas.profiles import CITATION_COLUMNS, PROFILE_COLUMNS
        >>> from topicloom.atlas.values import values_of
        >>> table, citations = pd.DataFrame(columns=PROFILE_COLUMNS), pd.DataFrame(columns=CITATION_COLUMNS)
        >>> papers = pd.DataFrame({"Topic": [-1, -1], "cited": [None, 3]})
        >>> shown_profiles(papers, table, citations, {"types": values_of(["Article", ""])})["papers"]
        {'type': [1, 0], 'types': ['', 'Article']}
    """
    topics = papers["Topic"].to_numpy()
    profiles = _commonest(table)
    for row in records(citations):
        profiles.setdefault((int(row.Level), int(row.Code)), {})["citations"] = {
            "papers": int(row.Known),
            "total": int(row.Citations),
            "median": _number(row.MedianCitations),
            "percentile": _number(row.MeanPercentile),
        }
    of_topics = citations[citations["Topic"].notna()]
    places = {int(row.Topic): (int(row.Level), int(row.Code)) for row in records(of_topics)}
    for topic, found in _most_cited(topics, papers["cited"]).items():
        profiles[places[topic]]["cited"] = found
    return {
        "fields": {name: {"name": _TITLES[name], "papers": int(found.known.sum())} for name, found in values.items()},
        "sets": [[level, code, profile] for (level, code), profile in sorted(profiles.items())],
        "crossings": {name: _crossing(topics, values[name]) for name in _COMPARED if name in values},
        "papers": _of_papers(values),
    }


def _commonest(table: pd.DataFrame) -> dict[tuple[int, int], dict[str, Any]]:
    """The commonest values of each set, by its level and code."""
    found: dict[tuple[int, int], dict[str, Any]] = {}
    columns = ("Level", "Code", "Field", "Value", "Papers", "Lift", "LiftLow", "LiftHigh")
    for level, code, field, value, papers, *lift in zip(*(table[name] for name in columns), strict=True):
        of_field = found.setdefault((int(level), int(code)), {}).setdefault(str(field), [])
        if len(of_field) < MOST_SHOWN:
            of_field.append([str(value), int(papers), *map(_number, lift)])
    return found


def _most_cited(topics: NDArray[np.int64], cited: pd.Series[Any]) -> dict[int, list[list[int]]]:
    """Row and citations of the most cited papers of each topic; of equals the first. Uncited papers are none."""
    numbers = cited.fillna(0).to_numpy(dtype=np.int64)
    rows = np.flatnonzero((topics >= 0) & (numbers > 0))
    found: dict[int, list[list[int]]] = {}
    for row in rows[np.lexsort((rows, -numbers[rows]))]:
        of_topic = found.setdefault(int(topics[row]), [])
        if len(of_topic) < MOST_SHOWN:
            of_topic.append([int(row), int(numbers[row])])
    return found


def _crossing(topics: NDArray[np.int64], values: Values) -> dict[str, Any]:
    """Papers of each topic with each of the commonest values."""
    in_all = np.asarray(values.held.sum(axis=0)).ravel()
    chosen = np.argsort(-in_all, kind="stable")[:_MOST_COMPARED]
    wanted = int(topics.max(initial=-1)) + 1
    rows = np.flatnonzero(topics >= 0)
    counts = np.zeros((wanted, len(chosen)), dtype=np.int64)
    np.add.at(counts, topics[rows], values.held[rows][:, chosen].toarray())
    return {
        "names": [values.names[value] for value in chosen],
        "all": in_all[chosen].tolist(),
        "counts": counts.tolist(),
        "known": np.bincount(topics[rows][values.known[rows]], minlength=wanted).tolist(),
    }


def _of_papers(values: Mapping[str, Values]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one, field in _CODED.items():
        if field in values:
            found[one], found[field] = _first(values[field])
    return found


def _first(values: Values) -> tuple[list[int], list[str]]:
    """The code of the value that stands first with each paper, and the names of all codes; "" where it has none."""
    used, codes = np.unique(values.first, return_inverse=True)
    return codes.tolist(), ["" if value < 0 else values.names[value] for value in used]


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else round(float(value), 2)
