"""Tables as text: comma, semicolon, tab or bar between the fields, quoted or not."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from topicloom.intake.record import Export, FaultError, Opening, Refused
from topicloom.intake.tables.headers import known_names, layout_of
from topicloom.intake.tables.layout import ALIASES, plain
from topicloom.intake.tables.quoted import quoted_rows
from topicloom.intake.tables.table import Row, Table, fitting, named

_DELIMITERS = ",\t;|"
_LONGEST_FIELD = (1 << 31) - 1
_PREAMBLE = re.compile(r'\s*"?(?:About the data\b|sep=)', re.IGNORECASE)
_WOS_TAG = re.compile(r"[A-Z][A-Z0-9]\Z")
_LEAST_NAMES = 2
_LOOKED_AT = 10  # lines in which a header below remarks is looked for


def header_of(text: str) -> tuple[str, list[str]] | None:
    """Delimiter and names of the first line of a text that is a table; None where it is none."""
    for line in text.splitlines()[:3]:
        if not line.strip("\ufeff \t\r\n") or _PREAMBLE.match(line.lstrip("\ufeff")):
            continue
        delimiter, names = _names_in(line)
        return (delimiter, names) if len(names) >= _LEAST_NAMES or known_names(names) else None
    return None


def _names_in(line: str) -> tuple[str, list[str]]:
    options = [(delimiter, named(next(csv.reader([line], delimiter=delimiter), []))) for delimiter in _DELIMITERS]
    return max(options, key=lambda option: (known_names(option[1]), len(option[1])))


def _lower_header(text: str) -> tuple[str, list[str]] | None:
    """Delimiter and names of a header below some lines of remarks; None where no line has names of fields."""
    lines = [line for line in text.splitlines()[:_LOOKED_AT] if line.strip()]
    found = [(delimiter, names) for delimiter, names in map(_names_in, lines) if known_names(names) >= _LEAST_NAMES]
    return max(found, key=lambda option: known_names(option[1]), default=None)


def is_known_table(opening: Opening) -> bool:
    """Whether a text begins with the header of a database that is known, or with names of fields."""
    found = header_of(opening.text)
    return found is not None and (layout_of(found[1]) is not None or known_names(found[1]) >= _LEAST_NAMES)


def is_any_table(opening: Opening) -> bool:
    """Whether a text looks like a table: its first lines have the same number of fields, several of them."""
    found = header_of(opening.text)
    if _lower_header(opening.text) or (found and _is_one_column(found[1])):
        return True
    if found is None or len(found[1]) < _LEAST_NAMES:
        return False
    lines = [line for line in opening.text.splitlines()[:4] if line.strip()]
    counts = {line.count(found[0]) for line in lines[:3]}
    return len(lines) > 1 and (len(counts) == 1 or '"' in opening.text) and max(counts) >= 1


def _is_one_column(names: list[str]) -> bool:
    """Whether a header names titles, and nothing else."""
    return len(names) == 1 and plain(names[0]) in ALIASES["TI"]


def delimited_table(export: Export) -> Table:
    """The table of a text file. Raises FaultError where a quote is not closed, or the last row is cut off."""
    csv.field_size_limit(_LONGEST_FIELD)
    with export.open() as file:
        head = file.read(1 << 16)
    found = header_of(head)
    if found is None or (known_names(found[1]) < _LEAST_NAMES and not _is_one_column(found[1])):
        found = _lower_header(head) or found
    if found is None:
        raise FaultError("It has no header: no line of column names.", "Add one, such as title,abstract,year.")
    delimiter, names = found
    unquoted = delimiter == "\t" and sum(map(bool, map(_WOS_TAG.match, names))) > len(names) // 2
    if _is_one_column(names):
        rows: Iterator[Row | Refused] = _one_column(export)
    else:
        rows = _unquoted(export) if unquoted else quoted_rows(export, delimiter, len(names))
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
        return file.read().replace(b"\0", b"").endswith((b"\n", b"\r"))  # UTF-16 has zeros around


def _unquoted(export: Export) -> Iterator[Row | Refused]:
    """Web of Science's form, in which a quote is a letter; a field that a spreadsheet has quoted is freed of them."""
    for number, line in enumerate(export.lines(), 1):
        yield Row(number, [_freed(cell) for cell in line.split("\t")])


def _one_column(export: Export) -> Iterator[Row]:
    """A text a line; commas and quotes are part of it, but for quotes around the whole."""
    for number, line in enumerate(export.lines(), 1):
        cell = line.strip("\ufeff \t")
        quoted = len(cell) > 1 and cell[0] == cell[-1] == '"'
        yield Row(number, [cell[1:-1].replace('""', '"') if quoted else cell])


def _freed(cell: str) -> str:
    if len(cell) > 1 and cell[0] == cell[-1] == '"' and '""' in cell[1:-1] and '"' not in cell[1:-1].replace('""', ""):
        return cell[1:-1].replace('""', '"')
    return cell
