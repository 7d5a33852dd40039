"""Rows of a table whose fields may stand in quotes; a quote too many costs its own row, not those after it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TextIO

from topicloom.intake.record import Export, FaultError, Refused
from topicloom.intake.tables.table import Row


class _Lines:
    """The lines of a file, counted; some can be given back. A bare carriage return within one is a space."""

    def __init__(self, file: TextIO) -> None:
        self._file, self.count = file, 0
        self.taken: list[str] = []
        self._back: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._back.pop() if self._back else self._next()
        self.count += 1
        self.taken.append(line)
        return line

    def _next(self) -> str:
        line = next(self._file)
        body = line.rstrip("\r\n")
        return body.replace("\r", " ") + line[len(body) :]

    def give_back(self, lines: list[str]) -> None:
        """The last lines that were taken come once more."""
        self._back.extend(reversed(lines))
        self.count -= len(lines)


def quoted_rows(export: Export, delimiter: str, width: int) -> Iterator[Row | Refused]:
    """The rows of a file. width: fields of its header. Raises FaultError where a quote is never closed."""
    with export.open() as file:
        lines = _Lines(file)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            begins = lines.count + 1
            lines.taken.clear()
            try:
                yield Row(begins, next(reader))
            except StopIteration:
                return
            except csv.Error as error:
                if "unexpected end of data" in str(error):
                    raise _never_closed(begins) from error
                yield _mended(lines, begins, delimiter, width)


def _mended(lines: _Lines, begins: int, delimiter: str, width: int) -> Row | Refused:
    """What becomes of lines in which a quote stands within a field: the first one as a row, if it is whole.

    Else it is refused, and with it what follows, up to the next line that is a whole row by itself.
    """
    taken = list(lines.taken)
    row = _alone(taken[0], delimiter, strict=False)
    if len(row) == width and not row[-1].endswith(("\n", "\r")):
        lines.give_back(taken[1:])
        return Row(begins, row)
    whole = [place for place, line in enumerate(taken[1:], 1) if len(_alone(line, delimiter, strict=True)) == width]
    if whole:
        lines.give_back(taken[whole[0] :])
    last = begins + (whole[0] if whole else len(taken)) - 1
    span = f"line {begins}" if last == begins else f"lines {begins} to {last}"
    return Refused(begins, f"A quotation mark stands within a field ({span}), so its fields cannot be told apart.")


def _alone(line: str, delimiter: str, *, strict: bool) -> list[str]:
    """The fields of a line by itself; none where it is no row."""
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=strict), [])
    except csv.Error:
        return []


def _never_closed(begins: int) -> FaultError:
    return FaultError(
        f"The quote that opens a field of the row in line {begins} is never closed, so the file is cut off, or a quote "
        "is missing.",
        "Export it again, or close the quote.",
    )
