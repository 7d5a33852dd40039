"""CSV tables that pandas, R and spreadsheets read alike: one row a record, whatever its texts hold."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# Python's csv module quotes a field for the characters of the line ending alone (before 3.11.9 and 3.12.3): with this
# one a text that holds a bare carriage return, as Excel for Mac and Scopus write it, is quoted too.
_QUOTED_FOR = "\r\n"


def write_csv(table: pd.DataFrame, path: Path) -> None:
    r"""Write a table as CSV: UTF-8, a line of column names, no index, lines ended by "\n".

    A field is quoted where it holds a comma, a quote, a line feed or a carriage return.
    """
    with _LineFeeds(path.open("wb"), encoding="utf-8", newline="") as file:
        table.to_csv(file, index=False, lineterminator=_QUOTED_FOR)


class _LineFeeds(io.TextIOWrapper):
    """A file that takes whole lines ended by a carriage return and a line feed, and ends them by a line feed."""

    def write(self, line: str) -> int:
        """Write one line; the csv module hands over one a call."""
        return super().write(line.removesuffix(_QUOTED_FOR) + "\n")


def records(frame: pd.DataFrame) -> Iterator[Any]:
    """The rows of a table, each with its columns as attributes."""
    yield from frame.itertuples()
