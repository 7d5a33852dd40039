"""Profiles of topics: which authors, sources, countries and more their papers have, and how often they are cited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicloom.atlas.lift import lifts
from topicloom.atlas.values import Values

LEAST_PAPERS: Final = 2  # of a topic with a value: what one paper alone has is no profile
LEAST_FOR_LIFT: Final = 3  # papers of the topic with the value; below no lift is stated
MOST_VALUES: Final = 100  # of a topic and field
PROFILE_COLUMNS: Final = (
    *("Level", "Code", "Topic", "Label", "topic_uid", "Field", "Value"),
    *("Papers", "FractionalPapers", "Known", "Share", "Lift", "LiftLow", "LiftHigh"),
)
CITATION_COLUMNS: Final = (
    *("Level", "Code", "Topic", "Label", "topic_uid", "Papers", "Known", "Citations"),
    *("MeanCitations", "MedianCitations", "MeanPercentile", "TopTenth"),
)
_LEAST_OF_YEAR = 10  # papers of a year among which one is ranked
_TOP = 90.0  # percentile from which a paper is of the most cited tenth


@dataclass(frozen=True)
class Sets:
    """The topics and the groups of topics, as sets of papers.

    Args:
        rows: One row a set: Level, Code, Topic (missing for a group), Label, topic_uid, as `topic_groups.csv` has them.
        members: (s, n) sparse, 1 where a set has a paper.
    """

    rows: pd.DataFrame
    members: csr_matrix


def sets_of(topics: NDArray[np.int64], levels: NDArray[np.int64], groups: pd.DataFrame, table: pd.DataFrame) -> Sets:
    """The groups of each level, the coarsest first, and the topics.

    Args:
        topics: (n,) topic of each paper, -1 for outliers.
        levels: (t, l) code of each topic on each level, from 1; the last level is the topics.
        groups: With Level, Code and Label.
        table: With Topic, Label and topic_uid, in the order of the topics.

    Returns:
        The sets. A topic is one on the last level alone, and not as a group of one.

    Example:
        >>> topics = pd.DataFrame({"Topic": [0, 1], "Label": ["a", "b"], "topic_uid": ["", ""]})
        >>> groups = pd.DataFrame({"Level": [0, 1, 1], "Code": [1, 1, 2], "Label": ["both", "a", "b"]})
        >>> found = sets_of(np.array([0, 1, -1]), np.array([[1, 1], [1, 2]]), groups, topics)
        >>> found.rows["Label"].tolist(), found.members.toarray().tolist()
        (['both', 'a', 'b'], [[1, 1, 0], [1, 0, 0], [0, 1, 0]])
    """
    rows, papers, sets = [], np.flatnonzero(topics >= 0), []
    labels = {(int(level), int(code)): str(label) for level, code, label in groups[["Level", "Code", "Label"]].values}
    first = 0
    for level in range(levels.shape[1]):
        codes, last = levels[:, level], level == levels.shape[1] - 1
        for code in range(1, int(codes.max(initial=0)) + 1):
            topic = int(np.flatnonzero(codes == code)[0]) if last else None
            rows.append(
                {
                    "Level": level,
                    "Code": code,
                    "Topic": None if topic is None else int(table["Topic"].iloc[topic]),
                    "Label": labels[level, code] if topic is None else str(table["Label"].iloc[topic]),
                    "topic_uid": "" if topic is None else str(table["topic_uid"].iloc[topic]),
                }
            )
        sets.append(first + codes[topics[papers]] - 1)
        first = len(rows)
    of_papers = np.concatenate(sets) if sets else np.zeros(0, dtype=np.int64)
    ones = np.ones(len(of_papers), dtype=np.int64)
    members = csr_matrix((ones, (of_papers, np.tile(papers, len(sets)))), shape=(len(rows), len(topics)))
    frame = pd.DataFrame(rows, columns=["Level", "Code", "Topic", "Label", "topic_uid"])
    return Sets(frame.astype({"Topic": "Int64"}), members)


def profile_table(sets: Sets, fields: Mapping[str, Values]) -> pd.DataFrame:
    """What the papers of each topic and group have in each field.

    Args:
        sets: The topics and groups.
        fields: The values of each field, by its name.

    Returns:
        `PROFILE_COLUMNS`, a row a set, field and value that two of its papers have or more, the commonest first, at
        most 100 of a set and field. Papers counts a paper whole for each of its values, FractionalPapers 1 in all.
        Known: papers of the set with that field, of which Share is. Lift: Share over that of all papers with the field,
        outliers included, with its 95 % interval; missing below 3 papers.

    Example:
        >>> from topicloom.atlas.values import values_of
        >>> topics = pd.DataFrame({"Topic": [0, 1], "Label": ["a", "b"], "topic_uid": ["", ""]})
        >>> groups = pd.DataFrame({"Level": [0, 0], "Code": [1, 2], "Label": ["a", "b"]})
        >>> sets = sets_of(np.array([0, 0, 0, 1, -1]), np.array([[1], [2]]), groups, topics)
        >>> found = profile_table(sets, {"countries": values_of(["Peru; Chad", "Peru", "Peru", "Chad", "Chad"])})
        >>> found[["Topic", "Value", "Papers", "FractionalPapers", "Share"]].values.tolist()
        [[0, 'Peru', 3, 2.5, 1.0]]
    """
    tables = [_of_field(sets, field, values) for field, values in fields.items() if values.names]
    empty = pd.DataFrame(columns=list(PROFILE_COLUMNS))
    if not (tables := [table for table in tables if len(table)]):
        return empty
    found = pd.concat(tables, ignore_index=True)
    order = found["Field"].map({field: place for place, field in enumerate(fields)})
    # Stable: within a set and field the order of the values stays.
    return found.iloc[np.lexsort((order, found["Code"], found["Level"]))].reset_index(drop=True)[list(PROFILE_COLUMNS)]


def _of_field(sets: Sets, field: str, values: Values) -> pd.DataFrame:
    known = np.asarray(sets.members @ values.known.astype(np.int64))
    in_all = np.asarray(values.held.sum(axis=0)).ravel()
    counts = (sets.members @ values.held).tocoo()
    shared = (sets.members @ values.shares).tocsr()
    kept = counts.data >= LEAST_PAPERS
    of_set, value, papers = counts.row[kept], counts.col[kept], counts.data[kept]
    fractional = np.asarray(shared[of_set, value]).ravel() if len(of_set) else np.zeros(0)
    found = lifts(papers, known[of_set], in_all[value], int(values.known.sum()))
    told = papers >= LEAST_FOR_LIFT
    table = sets.rows.iloc[of_set].reset_index(drop=True)
    table["Field"], table["Value"] = field, np.array(values.names, dtype=object)[value]
    table["Papers"], table["FractionalPapers"] = papers, fractional.round(3)
    table["Known"], table["Share"] = known[of_set], (papers / known[of_set]).round(5)
    for name, column in zip(("Lift", "LiftLow", "LiftHigh"), found, strict=True):
        table[name] = np.where(told, column.round(3), np.nan)
    order = np.lexsort((table["Value"].to_numpy(dtype=str), -found.lift, -papers, of_set))
    table = table.iloc[order]
    first = table.groupby(of_set[order]).cumcount().to_numpy() < MOST_VALUES
    commonest: pd.DataFrame = table.loc[first]
    return commonest


def citation_percentiles(cited: pd.Series[Any], years: pd.Series[Any]) -> NDArray[np.float64]:
    """The rank of each paper by citations among the papers of its year, in percent.

    Args:
        cited: (n,) how often cited, missing where unknown.
        years: (n,) missing where unknown.

    Returns:
        (n,) from 0 to 100, equal for equals, the mean of a year 50; NaN where citations or year are unknown, and for
        years with fewer than 10 papers whose citations are known.

    Example:
        >>> cited = pd.Series([0, 0, 3, *range(10, 17)])
        >>> citation_percentiles(cited, pd.Series([2020] * 10)).tolist()
        [10.0, 10.0, 25.0, 35.0, 45.0, 55.0, 65.0, 75.0, 85.0, 95.0]
    """
    known = cited.astype("Float64").where(years.notna())
    of_year = known.groupby(years.fillna(-1).astype(int))
    counts = of_year.transform("count").to_numpy(dtype=np.float64)
    ranks = of_year.rank(method="average").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(counts >= _LEAST_OF_YEAR, 100 * (ranks - 0.5) / np.maximum(counts, 1), np.nan)


def citation_table(sets: Sets, cited: pd.Series[Any], percentiles: NDArray[np.float64]) -> pd.DataFrame:
    """How often the papers of each topic and group are cited.

    Args:
        sets: The topics and groups.
        cited: (n,) how often each paper is cited, missing where unknown.
        percentiles: (n,) as `citation_percentiles` finds them.

    Returns:
        `CITATION_COLUMNS`, a row a set; Known: its papers with a count, of which the others are. MeanPercentile: 50 is
        what papers of the same years have. TopTenth: share of its papers among the most cited tenth of their year.
        No rows without topics, and where no paper has a count.

    Example:
        >>> topics = pd.DataFrame({"Topic": [0], "Label": ["a"], "topic_uid": [""]})
        >>> groups = pd.DataFrame({"Level": [0], "Code": [1], "Label": ["a"]})
        >>> sets = sets_of(np.array([0, 0, 0]), np.array([[1]]), groups, topics)
        >>> cited = pd.Series([4, 8, None], dtype="Int64")
        >>> found = citation_table(sets, cited, np.array([20.0, 95.0, np.nan]))
        >>> found[["Known", "Citations", "TopTenth"]].values.tolist()
        [[2.0, 12.0, 0.5]]
    """
    if not len(sets.rows) or not cited.notna().any():
        return pd.DataFrame(columns=list(CITATION_COLUMNS))
    numbers = cited.to_numpy(dtype=np.float64, na_value=np.nan)
    rows = [_citations(numbers[papers], percentiles[papers]) for papers in _members(sets)]
    return pd.concat([sets.rows, pd.DataFrame(rows, index=sets.rows.index)], axis=1)[list(CITATION_COLUMNS)]


def _members(sets: Sets) -> list[NDArray[np.int32]]:
    return np.split(sets.members.indices, sets.members.indptr[1:-1]) if len(sets.rows) else []


def _citations(cited: NDArray[np.float64], percentiles: NDArray[np.float64]) -> dict[str, Any]:
    known, ranked = cited[~np.isnan(cited)], percentiles[~np.isnan(percentiles)]
    return {
        "Papers": len(cited),
        "Known": len(known),
        "Citations": int(known.sum()),
        "MeanCitations": round(float(known.mean()), 2) if len(known) else np.nan,
        "MedianCitations": float(np.median(known)) if len(known) else np.nan,
        "MeanPercentile": round(float(ranked.mean()), 1) if len(ranked) else np.nan,
        "TopTenth": round(float((ranked >= _TOP).mean()), 4) if len(ranked) else np.nan,
    }
