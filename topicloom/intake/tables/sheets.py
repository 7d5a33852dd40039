"""Tables in Excel's .xlsx and in Parquet files."""

from __future__ import annotations

import datetime
import warnings
import zipfile
from collections.abc import Iterator
from typing import Any

from topicloom.intake.archives import require_bounded
from topicloom.intake.record import Export, FaultError
from topicloom.intake.tables.headers import known_names
from topicloom.intake.tables.table import Row, Table, fitting, named

_LOOKED_AT = 10  # rows in which a header is looked for
_BATCH = 2000


def sheet_table(export: Export) -> Table:
    """The first sheet of a workbook that holds a table. Raises FaultError for one that cannot be opened."""
    import openpyxl

    try:
        with zipfile.ZipFile(export.path) as archive:
            require_bounded(archive)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(export.path, read_only=True, data_only=True)
    except FaultError:
        raise
    except Exception as error:  # openpyxl raises whatever its parts raise
        raise FaultError(
            f"It is no workbook that can be opened: {str(error)[:100]}.", "Save it again as .xlsx or CSV."
        ) from error
    rows = _sheet_rows(book)
    begun: list[Row] = []
    for row in rows:
        begun.append(row)
        if known_names(named(row.cells)) > 1 or len(begun) >= _LOOKED_AT:
            break
    if not begun:
        raise FaultError("It holds no rows.", "Export it again.")
    best = max(begun, key=lambda row: (known_names(named(row.cells)), -row.line))
    names = named(best.cells)
    before = [row for row in begun if row.line > best.line]
    return Table(names, fitting(names, _padded(_chained(before, rows), len(names))))


def _chained(first: list[Row], rest: Iterator[Row]) -> Iterator[Row]:
    yield from first
    yield from rest


def _padded(rows: Iterator[Row], width: int) -> Iterator[Row]:
    """Rows of a sheet end with their last cell that is not blank."""
    return (Row(row.line, row.cells + [""] * (width - len(row.cells))) for row in rows)


def _sheet_rows(book: Any) -> Iterator[Row]:
    try:
        for sheet in book.worksheets:
            number = 0
            for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
                yield Row(number, [cell_text(value) for value in values])
            if number > 1:
                return
    except Exception as error:  # broken sheets show while they are read
        raise FaultError(f"A sheet of it cannot be read: {str(error)[:100]}.", "Save it again as CSV.") from error


def cell_text(value: Any) -> str:
    """A cell as text: 2019.0 is 2019, a missing one blank, a list joined."""
    if value is None or value != value:  # NaN
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()[:10]
    if isinstance(value, list | tuple):
        return "; ".join(filter(None, map(cell_text, value)))
    if isinstance(value, dict):
        return "; ".join(f"{key}: {cell_text(item)}" for key, item in value.items())
    return str(value)


def parquet_table(export: Export) -> Table:
    """The table of a Parquet file. Raises FaultError for one that cannot be read."""
    import pyarrow
    import pyarrow.parquet as parquet

    try:
        file = parquet.ParquetFile(export.path)
        names = [str(name) for name in file.schema_arrow.names]
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise FaultError(f"It is no whole Parquet file: {str(error)[:100]}.", "Write it again.") from error
    return Table(names, fitting(names, _parquet_rows(file)))


def _parquet_rows(file: Any) -> Iterator[Row]:
    import pyarrow

    number = 0
    try:
        for batch in file.iter_batches(batch_size=_BATCH):
            columns = [column.to_pylist() for column in batch.columns]
            for values in zip(*columns, strict=True):
                number += 1
                yield Row(number, [cell_text(value) for value in values])
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise FaultError(
            f"Row {number + 1} and what follows cannot be read: {str(error)[:100]}.", "Write it again."
        ) from error
