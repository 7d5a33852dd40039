"""topics.xlsx: the tables on topics as one workbook, its texts never formulas."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

_LONGEST = 32_767  # characters that a cell holds
_MOST_ROWS = 1_048_575  # that a sheet holds, below the names of the columns
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NO_TIME = datetime(1980, 1, 1)  # one workbook of one result has one content
_WIDEST = 60  # letters of a column


def write_workbook(sheets: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Write tables as a workbook, a sheet each, the names of the columns in bold and always in sight.

    Args:
        sheets: Tables by the names of their sheets. A text that begins as a formula does is a text.
        path: Where to. The same tables make the same bytes.
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    book.properties.created = book.properties.modified = _NO_TIME
    for name, table in sheets.items():
        _write_sheet(book, name, table)
    made = io.BytesIO()
    book.save(made)
    _write_timeless(made, path)


def _write_sheet(book: Any, name: str, table: pd.DataFrame) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet, bold = book.create_sheet(name), Font(bold=True)
    sheet.freeze_panes = "A2"
    for number, column in enumerate(table.columns, start=1):
        longest = max([len(str(column)), *(len(str(value)) for value in table[column].head(200))])
        sheet.column_dimensions[get_column_letter(number)].width = min(longest + 2, _WIDEST)
    last = get_column_letter(max(len(table.columns), 1))
    sheet.auto_filter.ref = f"A1:{last}{min(len(table), _MOST_ROWS) + 1}"
    head = [WriteOnlyCell(sheet, value=str(column)) for column in table.columns]
    for cell in head:
        cell.font = bold
    sheet.append(head)
    texts = [position for position, dtype in enumerate(table.dtypes) if not is_numeric_dtype(dtype)]
    for row in table.head(_MOST_ROWS).itertuples(index=False, name=None):
        values = [None if pd.isna(value) else value for value in row]
        for position in texts:
            values[position] = _text_cell(sheet, values[position], WriteOnlyCell)
        sheet.append(values)


def _text_cell(sheet: Any, value: Any, cell_of: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = _NOT_XML.sub("", value)[:_LONGEST]
    if not text.startswith("="):
        return text
    cell = cell_of(sheet, value=text)
    cell.data_type = "s"  # openpyxl takes it for a formula
    return cell


def _write_timeless(made: io.BytesIO, path: Path) -> None:
    """Pack the parts of a workbook anew, without the time of day."""
    with zipfile.ZipFile(made) as parts, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for part in parts.infolist():
            content = parts.read(part)
            if part.filename == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>1980-01-01T00:00:00Z", content)
            timeless = zipfile.ZipInfo(part.filename, date_time=(1980, 1, 1, 0, 0, 0))
            timeless.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(timeless, content)
