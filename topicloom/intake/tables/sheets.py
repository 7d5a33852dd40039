"""Tables in Excel's .xlsx and in Parquet files."""

from __future__ import annotations

import contextlib
import datetime
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from topicloom.intake.archives import require_bounded
from topicloom.intake.record import Export, FaultError
from topicloom.intake.tables.headers import known_names
from topicloom.intake.tables.layout import plain
from topicloom.intake.tables.table import Row, Table, fitting, named

_LOOKED_AT = 10  # rows in which a header is looked for
_BATCH = 2000


def sheet_table(export: Export) -> Table:
    """The sheets of a workbook whose header is the same as that of the one that knows most names, as one table.

    The other ones are named in the notes of the export. Raises FaultError for a workbook that cannot be opened.
    """
    with contextlib.ExitStack() as opened:
        sheets = list(_sheets(_book(export, opened)))
        if not sheets:
            raise FaultError("It holds no rows.", "Export it again.")
        first = max(sheets, key=lambda sheet: known_names(sheet.names))
        same = [sheet for sheet in sheets if _plain(sheet.names) == _plain(first.names)]
        for sheet in sheets:
            if sheet not in same:
                export.notes.append(f"the sheet {sheet.title} is not read: its columns are others")
        rows = _while_open(_rows_of(same), opened.pop_all())
        return Table(first.names, fitting(first.names, _padded(rows, len(first.names))))


def _book(export: Export, opened: contextlib.ExitStack) -> Any:
    """A workbook by its content: of a path openpyxl asks for the ending of its name. opened: gets its file."""
    import openpyxl

    try:
        with zipfile.ZipFile(export.path) as archive:
            require_bounded(archive)
            if "xl/workbook.xml" not in archive.namelist():
                raise FaultError(
                    "It is an office document, and no workbook of Excel.", "Save its table as .xlsx or CSV."
                )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = opened.enter_context(export.path.open("rb"))
            return openpyxl.load_workbook(file, read_only=True, data_only=True)
    except FaultError:
        raise
    except Exception as error:  # openpyxl raises whatever its parts raise
        raise FaultError(
            f"It is no workbook that can be opened: {_first_line(error)}.", "Save it again as .xlsx or CSV."
        ) from error


def _while_open(rows: Iterator[Row], opened: contextlib.ExitStack) -> Iterator[Row]:
    """Rows of a file that is closed after the last one."""
    with opened:
        yield from rows


@dataclass(frozen=True)
class _Sheet:
    """title: its name. names: its header. rows: those below it."""

    title: str
    names: list[str]
    rows: Iterator[Row]


def _sheets(book: Any) -> Iterator[_Sheet]:
    """The sheets of a workbook that hold anything, each with the row of its first ones that knows most names."""
    for sheet in _worksheets(book):
        rows = _sheet_rows(sheet)
        begun: list[Row] = []
        for row in rows:
            begun.append(row)
            if known_names(named(row.cells)) > 1 or len(begun) >= _LOOKED_AT:
                break
        if not any(cell for row in begun for cell in row.cells):
            continue
        best = max(begun, key=lambda row: (known_names(named(row.cells)), -row.line))
        yield _Sheet(
            str(sheet.title), named(best.cells), _chained([row for row in begun if row.line > best.line], rows)
        )


def _plain(names: list[str]) -> list[str]:
    return list(map(plain, names))


def _rows_of(sheets: list[_Sheet]) -> Iterator[Row]:
    """The rows of sheets one after another; those of later ones are numbered on."""
    before = last = 0
    for sheet in sheets:
        for row in sheet.rows:
            last = before + row.line
            yield Row(last, row.cells)
        before = last


def _chained(first: list[Row], rest: Iterator[Row]) -> Iterator[Row]:
    yield from first
    yield from rest


def _padded(rows: Iterator[Row], width: int) -> Iterator[Row]:
    """Rows of a sheet end with their last cell that is not blank."""
    return (Row(row.line, row.cells + [""] * (width - len(row.cells))) for row in rows)


def _worksheets(book: Any) -> list[Any]:
    try:
        return list(book.worksheets)
    except Exception as error:  # broken workbooks show where they are looked into
        raise _unreadable(error) from error


def _sheet_rows(sheet: Any) -> Iterator[Row]:
    try:
        for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
            yield Row(number, [cell_text(value) for value in values])
    except Exception as error:  # broken sheets show while they are read
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> FaultError:
    return FaultError(f"A sheet of it cannot be read: {_first_line(error)}.", "Save it again as CSV.")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200].rstrip(".")


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
        return _name_of(value) or "; ".join(f"{key}: {cell_text(item)}" for key, item in value.items())
    return str(value)


def _name_of(value: dict[Any, Any]) -> str:
    """What an object such as an author is called; "" where it has no name."""
    last, first = value.get("last_name") or value.get("family"), value.get("first_name") or value.get("given")
    if isinstance(last, str) and isinstance(first, str):
        return f"{last}, {first}"
    name = value.get("name") or value.get("display_name") or value.get("fullName")
    return name if isinstance(name, str) else ""


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
