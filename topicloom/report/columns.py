"""Other columns of the papers, small enough for the page to colour and filter by."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

# What the page has in a form of its own, or what means nothing to a reader.
_KNOWN = frozenset(
    {
        *("UT", "uuid", "title", "year", "doi", "authors", "source", "sources", "keywords", "cited", "type", "types"),
        *("country", "countries", "institutions", "Abstract", "Topic", "Score", "Typicality", "placed", "x", "y"),
    }
)
_MOST_VALUES = 300  # of a column of categories
_FIGURES = 6  # of a number that is not whole


def other_columns(papers: pd.DataFrame) -> list[dict[str, Any]]:
    """The columns that a reader may colour and filter by, beside those that each analysis has.

    Args:
        papers: As `Atlas` holds them, and further columns.

    Returns:
        For each column of numbers key, title, kind "number" and values (None where there is none); for each of texts
        with at most 300 different values, several of a paper apart by semicolons, kind "category", names (of the
        values), sets (of places among names) and codes (for each paper the place of its set, -1 for none). Columns in
        which all papers are alike are left out.

    Example:
        >>> papers = pd.DataFrame({"UT": ["a", "b", "c"], "Topic": [0, 0, 1], "language": ["en", "en; fr", ""]})
        >>> other_columns(papers)[0]["names"], other_columns(papers)[0]["sets"], other_columns(papers)[0]["codes"]
        (['en', 'fr'], [[0], [0, 1]], [0, 1, -1])
    """
    found = []
    for key in papers.columns:
        if key in _KNOWN or not isinstance(key, str):
            continue
        column = papers[key]
        numeric = is_numeric_dtype(column) and not is_bool_dtype(column)
        made = _numbers(column) if numeric else _categories(column)
        if made:
            found.append({"key": key, "title": key, **made})
    return found


def _numbers(column: pd.Series[Any]) -> dict[str, Any] | None:
    values = [_rounded(float(value)) for value in column.astype("Float64").to_numpy(dtype=float, na_value=np.nan)]
    return {"kind": "number", "values": values} if len(set(values) - {None}) > 1 else None


def _rounded(value: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    short = value if value == int(value) else float(f"{value:.{_FIGURES}g}")
    return int(short) if short == int(short) else short


def _categories(column: pd.Series[Any]) -> dict[str, Any] | None:
    texts = column.astype("string").fillna("").to_numpy(dtype=object)
    codes, found = pd.factorize(texts)
    if len(found) > 20 * _MOST_VALUES:
        return None
    several = [list(dict.fromkeys(part.strip() for part in text.split(";") if part.strip())) for text in found]
    names = {name: place for place, name in enumerate(dict.fromkeys(name for set_ in several for name in set_))}
    lacking = any(not set_ for set_ in several)
    if len(names) + lacking < 2 or len(names) > _MOST_VALUES:
        return None
    place: list[int] = []
    sets: list[list[int]] = []
    for names_of_set in several:
        place.append(len(sets) if names_of_set else -1)
        if names_of_set:
            sets.append([names[name] for name in names_of_set])
    return {"kind": "category", "names": list(names), "sets": sets, "codes": np.array(place)[codes].tolist()}
