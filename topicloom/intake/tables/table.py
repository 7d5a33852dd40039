"""A table as its carrier gives it: a header, and rows that fit it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from topicloom.intake.record import Refused
from topicloom.phrasing import number_of


@dataclass(frozen=True)
class Row:
    """A row. line: where it begins, from 1. cells: as many as the header has names."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Table:
    """header: names of the columns, as they stand. rows: to be gone through once."""

    header: list[str]
    rows: Iterator[Row | Refused]


def fitting(header: list[str], rows: Iterable[Row]) -> Iterator[Row | Refused]:
    """The rows, each as long as the header; blank ones left out. Blank cells beyond the header are dropped."""
    width = len(header)
    for row in rows:
        cells = row.cells
        if not any(cell.strip() for cell in cells):
            continue
        while len(cells) > width and not cells[-1].strip():
            cells = cells[:-1]
        if len(cells) == width:
            yield Row(row.line, cells)
        else:
            yield Refused(row.line, f"It has {number_of(len(cells), 'field')}, and the header {width}.")


def named(header: list[str]) -> list[str]:
    """The names of a header without marks and spaces around them, blank ones at its end left out."""
    names = [name.strip('\ufeff \t\r\n"') for name in header]
    while names and not names[-1]:
        names.pop()
    return names
