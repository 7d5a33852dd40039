"""Tables as text: comma, semicolon, tab or bar between the fields, quoted or not."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from typing import TextIO

from topicloom.intake.record import Export, FaultError, Opening, Refused
from topicloom.intake.tables.headers import known_names, layout_of
from topicloom.intake.tables.layout import plain
from topicloom.intake.tables.table import Row, Table, fitting, named

_DELIMITERS = ",\t;|"
_LONGEST_FIELD = (1 << 31) - 1
_PREAMBLE = re.compile(r'\s*"?(?:About the data\b|sep=)', re.IGNORECASE)
_WOS_TAG = re.compile(r"[A-Z][A-Z0-9]\Z")
_LEAST_NAMES = 2


def header_of(text: str) -> tuple[str, list[str]] | None:
    """Delimiter and names of the first line of a text that is a table; None where it is none."""
    for line in text.splitlines()[:3]:
        if not line.strip("\ufeff \t\r\n") or _PREAMBLE.match(line.lstrip("\ufeff")):
            continue
        options = [(delimiter, named(next(csv.reader([line], delimiter=delimiter), []))) for delimiter in _DELIMITERS]
        delimiter, names = max(options, key=lambda option: (known_names(option[1]), len(option[1])))
        return (delimiter, names) if len(names) >= _LEAST_NAMES or known_names(names) else None
    return None


def is_known_table(opening: Opening) -> bool:
    """Whether a text begins with the header of a database that is known, or with names of fields."""
    found = header_of(opening.text)
    return found is not None and (layout_of(found[1]) is not None or known_names(found[1]) >= _LEAST_NAMES)


def is_any_table(opening: Opening) -> bool:
    """Whether a text looks like a table: its first lines have the same number of fields, several of them."""
    found = header_of(opening.text)
    if found is None or len(found[1]) < _LEAST_NAMES:
        return False
    lines = [line for line in opening.text.splitlines()[:4] if line.strip()]
    counts = {line.count(found[0]) for line in lines[:3]}
    return len(lines) > 1 and (len(counts) == 1 or '"' in opening.text) and max(counts) >= 1


def delimited_table(export: Export) -> Table:
    """The table of a text file. Raises FaultError where a quote is not closed, or the last row is cut off."""
    csv.field_size_limit(_LONGEST_FIELD)
    with export.open() as file:
        head = file.read(1 << 16)
    found = header_of(head)
    if found is None:
        raise FaultError("It has no header: no line of column names.", "Add one, such as title,abstract,year.")
    delimiter, names = found
    unquoted = delimiter == "\t" and sum(map(bool, map(_WOS_TAG.match, names))) > len(names) // 2
    rows = _unquoted(export) if unquoted else _quoted(export, delimiter)
    return Table(names, _after_header(export, names, rows))


def _after_header(export: Export, names: list[str], rows: Iterator[Row | Refused]) -> Iterator[Row | Refused]:
    again = [plain(name) for name in names]
    last: Row | None = None
    for row in _without_preamble(rows, again):
        if isinstance(row, Refused):
            yield row
        elif not _is_header(row, again):  # one that stands again: files were put together
            yield from fitting(names, [row])
            last = row
    if last is not None and len(last.cells) < len(names) and not _ends_a_line(export):
        raise FaultError(
            f"Its last row, in line {last.line}, ends within a field: it has {len(last.cells)} of {len(names)}, so the "
            "file is cut off.",
            "Export it again, or take the last row out.",
        )


def _is_header(row: Row, header: list[str]) -> bool:
    """Whether a row says what the header says. header: its plain names; the first one decides for most rows."""
    first = next((plain(cell) for cell in row.cells), "")
    return bool(header) and first == header[0] and [plain(cell) for cell in named(row.cells)] == header


def _without_preamble(rows: Iterator[Row | Refused], header: list[str]) -> Iterator[Row | Refused]:
    for row in rows:
        if isinstance(row, Row) and _is_header(row, header):
            break
    yield from rows


def _ends_a_line(export: Export) -> bool:
    with export.path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(file.tell() - 4, 0))
        return any(byte in file.read() for byte in b"\r\n")


def _unquoted(export: Export) -> Iterator[Row | Refused]:
    """Web of Science's form, in which a quote is a letter; a field that a spreadsheet has quoted is freed of them."""
    for number, line in enumerate(export.lines(), 1):
        yield Row(number, [_freed(cell) for cell in line.split("\t")])


def _freed(cell: str) -> str:
    if len(cell) > 1 and cell[0] == cell[-1] == '"' and '""' in cell[1:-1] and '"' not in cell[1:-1].replace('""', ""):
        return cell[1:-1].replace('""', '"')
    return cell


class _Lines:
    """The lines of a file, counted; a bare carriage return within one is a space."""

    def __init__(self, file: TextIO) -> None:
        self._file, self.count = file, 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._file)
        self.count += 1
        body = line.rstrip("\r\n")
        return body.replace("\r", " ") + line[len(body) :]


def _quoted(export: Export, delimiter: str) -> Iterator[Row | Refused]:
    with export.open() as file:
        lines = _Lines(file)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        begins = 1
        while (row := _next(reader, begins, lambda: lines.count)) is not None:
            yield row
            begins = lines.count + 1


def _next(reader: Iterator[list[str]], begins: int, line: Callable[[], int]) -> Row | Refused | None:
    try:
        return Row(begins, next(reader))
    except StopIteration:
        return None
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            raise FaultError(
                f"The quote that opens a field of the row in line {begins} is never closed, so the file is cut off, or "
                "a quote is missing.",
                "Export it again, or close the quote.",
            ) from error
        return Refused(begins, f"A quote stands within a field, up to line {line()}: {error}.")
