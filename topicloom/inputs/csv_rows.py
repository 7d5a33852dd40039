"""The rows of a CSV file, as its header names them: a row that does not fit the header is refused with its line.

pandas reads such files without a word: a row with one field more than the header moves all columns by one, a row that
is too short is filled up, and a quote that is not closed swallows the rows after it.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from topicloom.errors import InputError, Problem, quoted_list, shown
from topicloom.inputs.decoding import open_head, open_text
from topicloom.machine.regular_files import file_is_there, unreadable
from topicloom.phrasing import number_of

_LONGEST_NAME = 1000  # letters of a column's name
_LONGEST_FIELD = (1 << 31) - 1  # the csv module's own limit of 128 KiB is shorter than a full text
_ROW_NAME = re.compile("[0-9]{1,12}")
_ADD_QUOTES = 'Put a text with commas into quotes, and double a quote that belongs to the text ("").'


@dataclass(frozen=True)
class CsvRows:
    """Columns of a CSV file. lines: the line in which each row begins, counted from 1."""

    columns: dict[str, list[str]]
    lines: list[int]


def read_header(
    path: Path, error: type[InputError], *, delimiter: str = ",", first_line_only: bool = False
) -> list[str]:
    """The names of the columns; one without a name is "Unnamed: 2" by its place, a second "note" is "note.1".

    Args:
        path: The file.
        error: What is raised where it is none, is empty, or begins with no names.
        delimiter: What fields are apart by.
        first_line_only: Do not look at the rest of the file to find its encoding: enough for names in ASCII letters.
    """
    with _opened(path, error, first_line_only=first_line_only) as file:
        return _distinct(_header(path, _records(path, file, error, delimiter), error))


def read_rows(
    path: Path,
    error: type[InputError],
    wanted: Sequence[str] | None = None,
    *,
    once: Sequence[str] = (),
    delimiter: str = ",",
    most: int | None = None,
) -> CsvRows:
    """Read some columns of a CSV file, or all of them, as texts; rows and lines that are blank are left out.

    A row may end in blank fields that the header does not have (spreadsheets write a comma after the last field), and
    may lack fields at its end that are not wanted. The names of rows that R writes before the first column, without a
    name in the header, are left out.

    Args:
        path: The file.
        error: What is raised for a file that cannot be used.
        wanted: Names of the columns; they must be there. None for all.
        once: Columns that must not be there twice, beside those wanted by name.
        delimiter: What fields are apart by.
        most: Rows that are read, the first ones; None for all.

    Raises:
        InputError: of the kind `error`, with the line, for a row that does not fit the header or a quote that is not
            closed, and for what `read_header` refuses.
    """
    with _opened(path, error) as file:
        records = _records(path, file, error, delimiter)
        header = _header(path, records, error)
        _require_once(path, header, [*once, *(wanted or ())], error)
        names = _distinct(header)
        chosen = names if wanted is None else list(wanted)
        places = [names.index(name) for name in chosen]
        values: list[list[str]] = [[] for _ in chosen]
        lines = []
        fitting = _fitting(path, records, len(names), max(places, default=-1) + 1, error)
        for line, row in itertools.islice(fitting, most):
            lines.append(line)
            for column, place in zip(values, places, strict=True):
                column.append(row[place])
    return CsvRows(dict(zip(chosen, values, strict=True)), lines)


def delimiter_of(path: Path, error: type[InputError]) -> str:
    """What sets fields apart in a table of ours that a person may have saved from a spreadsheet: comma or semicolon.

    Raises InputError, of the kind `error`, for a file that cannot be read.
    """
    try:
        with _opened(path, error) as file:
            first = file.readline()
    except OSError as found:
        raise error(path, unreadable(found)) from found
    return ";" if first.count(";") > first.count(",") else ","


def _opened(path: Path, error: type[InputError], *, first_line_only: bool = False) -> TextIO:
    if not file_is_there(path, error):
        raise error(path, Problem("There is no such file.", "Correct the path."))
    try:
        return open_head(path) if first_line_only else open_text(path)
    except OSError as found:
        raise error(path, unreadable(found)) from found


class _Lines:
    """The lines of a file; `taken` are those since it was last emptied.

    A bare carriage return within a line is hidden from the csv module, which would end the row there.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines, self.taken = iter(lines), list[str]()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        if "\r" in line:
            line = _with_returns_hidden(line)
        self.taken.append(line)
        return line


_HIDDEN = "\0"  # of which text that is read holds none


def _with_returns_hidden(line: str) -> str:
    body = line.rstrip("\r\n")
    return body.replace("\r", _HIDDEN) + line[len(body) :]


def _records(path: Path, file: TextIO, error: type[InputError], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the line in which it begins."""
    csv.field_size_limit(_LONGEST_FIELD)
    lines = _Lines(file)
    line, begins = 0, 0
    try:
        for row in csv.reader(lines, delimiter=delimiter):
            begins, taken = line + 1, lines.taken.copy()
            line += len(lines.taken)
            lines.taken.clear()
            if len(taken) > 1 and (fault := _fault_of_quotes(taken, delimiter)):
                raise error(path, _unbalanced(begins, fault))
            if any(_HIDDEN in text for text in taken):
                row = [field.replace(_HIDDEN, "\r") for field in row]
            if any(field.strip() for field in row):
                yield begins, row
        if begins and "end of data" in (fault := _fault_of_quotes(taken, delimiter)):
            raise error(path, _unbalanced(begins, fault))
    except csv.Error as found:
        raise error(path, Problem(f"It is no CSV table: line {line + 1}: {found}.", _ADD_QUOTES)) from found
    except OSError as found:
        raise error(path, unreadable(found)) from found


def _fault_of_quotes(lines: list[str], delimiter: str) -> str:
    """What is wrong with the quotes of one row; "" where nothing is."""
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        return str(error)
    return ""


def _unbalanced(line: int, fault: str) -> Problem:
    what = "that is closed nowhere" if "end of data" in fault else "that is closed within a text"
    return Problem(f"It is no CSV table: the row in line {line} has a quote {what}.", _ADD_QUOTES)


def _header(path: Path, records: Iterator[tuple[int, list[str]]], error: type[InputError]) -> list[str]:
    _, header = next(records, (0, []))
    if not header:
        raise error(path, Problem("It is empty.", "Check the step that wrote it."))
    if any(ord(letter) < ord(" ") and letter not in "\t\r\n" for name in header for letter in name):
        found = "its first line holds control characters"
        raise error(path, Problem(f"It is no CSV table: {found}.", "Check the step that wrote it."))
    longest = max(header, key=len)
    if len(longest) > _LONGEST_NAME:
        raise error(
            path,
            Problem(
                f"The name of a column has {len(longest):,} letters: {shown(longest)}; at most {_LONGEST_NAME:,} are "
                "allowed.",
                "Write the names of the columns into its first line.",
            ),
        )
    return header


def _require_once(path: Path, header: Sequence[str], names: Iterable[str], error: type[InputError]) -> None:
    counts = Counter(header)
    repeated = [name for name in dict.fromkeys(names) if counts[name] > 1]
    if repeated:
        raise error(
            path,
            Problem(
                f"It has more than one column {quoted_list(repeated)}, so it is open which is meant.",
                "Take one of them out, or give it another name.",
            ),
        )


def _distinct(header: Sequence[str]) -> list[str]:
    """The names as pandas makes them distinct, so that outputs have the columns that they always had."""
    names: dict[str, None] = {}
    seen: Counter[str] = Counter()
    for place, given in enumerate(header):
        name = distinct = given or f"Unnamed: {place}"
        while distinct in names:
            seen[name] += 1
            distinct = f"{name}.{seen[name]}"
        names[distinct] = None
    return list(names)


def _fitting(
    path: Path, records: Iterator[tuple[int, list[str]]], width: int, least: int, error: type[InputError]
) -> Iterator[tuple[int, list[str]]]:
    """The rows without what the header does not name. width: of the header, least: fields that every row must have."""
    named: bool | None = None
    last = -1
    for line, row in records:
        if named is None:
            named = _is_named(row, width, last) and row[-1].strip() != ""
        if named and _is_named(row, width, last):
            last = int(row[0])
            yield line, row[1:]
        elif not named and len(row) >= least and not any(field.strip() for field in row[width:]):
            yield line, row
        else:
            found = f"line {line} has {number_of(len(row), 'field')} and the first line has {number_of(width, 'name')}"
            raise error(path, Problem(f"It is no CSV table: {found}.", _ADD_QUOTES))


def _is_named(row: Sequence[str], width: int, last: int) -> bool:
    """Whether a row begins with a name as R's write.table puts it before the first column: a number above the last."""
    return len(row) == width + 1 and _ROW_NAME.fullmatch(row[0]) is not None and int(row[0]) > last
