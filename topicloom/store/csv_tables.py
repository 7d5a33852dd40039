"""CSV tables that pandas, R and spreadsheets read alike: one row a record, whatever its texts hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_QUOTED = re.compile(r'[,"\r\n]')  # what a field holds that must stand in quotes
_ROWS = 10_000  # written at once

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
    with path.open("w", encoding="utf-8-sig" if for_excel else "utf-8", newline="") as file:
        file.write(",".join(_field(name) for name in table.columns) + "\n")
        fields = [_fields_of(table.iloc[:, place]) for place in range(table.shape[1])]
        for row in range(0, len(table), _ROWS):
            lines = zip(*(column(row, row + _ROWS) for column in fields), strict=True)
            file.writelines(f"{','.join(line)}\n" for line in lines)


def _fields_of(column: pd.Series) -> Callable[[int, int], list[str]]:
    """What makes the fields of some rows of a column: from the first, up to the last, which is left out."""
    import pandas as pd
    from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_numeric_dtype

    if is_numeric_dtype(column.dtype) or is_bool_dtype(column.dtype) or is_datetime64_any_dtype(column.dtype):
        return lambda first, last: _numbers(column.iloc[first:last])
    missing, values = pd.isna(column).tolist(), column.tolist()
    known: dict[int, str] = {}  # by the place in memory: what a topic says stands in all of its papers' rows

    def fields(first: int, last: int) -> list[str]:
        found = []
        for value, gone in zip(values[first:last], missing[first:last], strict=True):
            field = known.get(id(value))
            if field is None:
                field = known[id(value)] = "" if gone else _field(value)
            found.append(field)
        return found

    return fields


def _field(value: Any) -> str:
    """A value as a field of a line: in quotes where it holds a comma, a quote or the end of a line."""
    text = value if isinstance(value, str) else str(value)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def _numbers(column: pd.Series) -> list[str]:
    """Numbers, booleans, dates as pandas writes them; a missing one as an empty field."""
    written: str = column.to_frame().to_csv(index=False, header=False, lineterminator="\n")
    # A field that is empty and alone in its line is quoted.
    return [line.strip('"') for line in written.split("\n")[: len(column)]]


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
