"""CSV tables that pandas, R and spreadsheets read alike: one row a record, whatever its texts hold."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# Python's csv module quotes a field for the characters of the line ending alone (before 3.11.9 and 3.12.3): with this
# one a text that holds a bare carriage return, as Excel for Mac and Scopus write it, is quoted too.
_QUOTED_FOR = "\r\n"

# What spreadsheets take for the begin of a formula, by OWASP's page on CSV injection: the wide signs are those of
# Japanese and Chinese keyboards. Apostrophes before it are counted in, so that no two texts become one.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\0＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def write_csv(table: pd.DataFrame, path: Path, *, escape_formulas: bool = False, for_excel: bool = False) -> None:
    r"""Write a table as CSV: UTF-8, a line of column names, no index, lines ended by "\n".

    A field is quoted where it holds a comma, a quote, a line feed or a carriage return.

    Args:
        table: What is written.
        path: Where to; the file is written in place.
        escape_formulas: Put an apostrophe before texts and column names that a spreadsheet would take for a formula.
        for_excel: Begin with the mark by which Excel knows UTF-8. Tables that the notebook's readers read have none.
    """
    if escape_formulas:
        table = _escaped_table(table)
    encoding = "utf-8-sig" if for_excel else "utf-8"
    with _LineFeeds(path.open("wb"), encoding=encoding, newline="") as file:
        table.to_csv(file, index=False, lineterminator=_QUOTED_FOR)


class _LineFeeds(io.TextIOWrapper):
    """A file that takes whole lines ended by a carriage return and a line feed, and ends them by a line feed."""

    def write(self, line: str) -> int:
        """Write one line; the csv module hands over one a call."""
        return super().write(line.removesuffix(_QUOTED_FOR) + "\n")


def escaped(value: Any) -> Any:
    """A text that begins as a formula does, with an apostrophe before it; a number and any other value as it is.

    Args:
        value: The value of a cell.

    Returns:
        `'=1+2` for `=1+2`; and `''=1+2` for `'=1+2`, so that `unescaped` finds each text again.
    """
    is_formula = isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value)
    return "'" + value if is_formula else value


def unescaped(value: Any) -> Any:
    """What `escaped` was given, by what it has returned."""
    return value[1:] if isinstance(value, str) and value.startswith("'") and _FORMULA.match(value) else value


def read_back(table: pd.DataFrame, record: Mapping[str, Any]) -> pd.DataFrame:
    """A table of an analysis with its texts as they were before `write_csv`, whatever was escaped.

    Args:
        table: The table as read from its file.
        record: run.json of the run that has written it.
    """
    tmo = record.get("settings", {}).get("tmo", {})
    return _mapped(table, unescaped) if tmo.get("export", {}).get("escape_formulas") is True else table


def _escaped_table(table: pd.DataFrame) -> pd.DataFrame:
    return _mapped(table, escaped).rename(columns=escaped)


def _mapped(table: pd.DataFrame, function: Any) -> pd.DataFrame:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    mapped = table.copy(deep=False)
    for place, dtype in enumerate(table.dtypes):
        if not is_numeric_dtype(dtype) and not is_bool_dtype(dtype):
            mapped.isetitem(place, table.iloc[:, place].map(function).array)
    return mapped


def records(frame: pd.DataFrame) -> Iterator[Any]:
    """The rows of a table, each with its columns as attributes."""
    yield from frame.itertuples()
