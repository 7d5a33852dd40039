"""Numbers in the free places of a chart, each nearest to its point: they cover none of the points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from topicloom.figures.boxes import Box
from topicloom.figures.metrics import text_height, text_width
from topicloom.figures.sheet import Sheet
from topicloom.figures.style import TYPE

_GAP = 0.5  # points around a number
_CLOSE = 3.0  # points from a number to its point; from farther off a line leads to it
_FARTHEST = 60.0
_FINE = 2  # cells to a point


@dataclass(frozen=True)
class Numbered:
    """A number at its place.

    Args:
        text: The number.
        colour: As #RRGGBB.
        point: What it names, in points of the sheet.
        box: Where it stands.
    """

    text: str
    colour: str
    point: tuple[float, float]
    box: Box

    @property
    def nearest(self) -> tuple[float, float]:
        """The place of the box that is nearest to the point."""
        box = self.box
        return min(max(self.point[0], box.left), box.right), min(max(self.point[1], box.bottom), box.top)


def in_free_places(
    named: Sequence[tuple[tuple[float, float], str]],
    frame: Box,
    points: NDArray[np.float64],
    radii: NDArray[np.float64],
    taken: Sequence[Box],
) -> list[Numbered | None]:
    """Give each number the free place nearest to its point, in the order given; None where there is none near enough.

    Args:
        named: Points, on the sheet, and their colours; they are numbered from 1.
        frame: In which all numbers stand.
        points: (n, 2) what no number may cover.
        radii: (n,) how large these are, in points.
        taken: Boxes that are not free either.
    """
    free = _Free(frame)
    for (x, y), radius in zip(points, radii, strict=True):
        free.take(Box(x - radius, y - radius, 2 * radius, 2 * radius))
    for other in taken:
        free.take(other)
    placed: list[Numbered | None] = []
    for number, (point, colour) in enumerate(named):
        text = str(number + 1)
        box = free.nearest(point, text_width(text, TYPE), text_height(1, TYPE) * 0.75)
        placed.append(None if box is None else Numbered(text, colour, point, box))
        if box is not None:
            free.take(box)
    return placed


class _Free:
    """Which places of a frame are free, in cells of half a point."""

    def __init__(self, frame: Box) -> None:
        self.frame = frame
        self.taken = np.zeros((int(_FINE * frame.height), int(_FINE * frame.width)), dtype=np.int32)

    def take(self, box: Box) -> None:
        """No number may stand there any more."""
        edges = (box.bottom, box.top), (box.left, box.right)
        starts = (self.frame.bottom, self.frame.left)
        rows, columns = (
            slice(max(int(_FINE * (low - start)), 0), max(int(np.ceil(_FINE * (high - start))), 0))
            for (low, high), start in zip(edges, starts, strict=True)
        )
        self.taken[rows, columns] = 1

    def nearest(self, point: tuple[float, float], width: float, height: float) -> Box | None:
        """The free box of a size that is nearest to a point."""
        high, wide = (int(np.ceil(_FINE * (size + 2 * _GAP))) for size in (height, width))
        reach = int(_FINE * _FARTHEST)
        across, up = int(_FINE * (point[0] - self.frame.left)), int(_FINE * (point[1] - self.frame.bottom))
        bottom, left = max(up - reach - high, 0), max(across - reach - wide, 0)
        near = self.taken[bottom : up + reach + high, left : across + reach + wide]
        if near.shape[0] <= high or near.shape[1] <= wide:
            return None
        sums = np.pad(near.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
        inside = sums[high:, wide:] - sums[:-high, wide:] - sums[high:, :-wide] + sums[:-high, :-wide]
        free = np.argwhere(inside == 0)
        if not len(free):
            return None
        middles = free + np.array([bottom + high / 2, left + wide / 2])
        row, column = free[int(((middles - (up, across)) ** 2).sum(axis=1).argmin())]
        return Box(
            self.frame.left + (left + column) / _FINE + _GAP,
            self.frame.bottom + (bottom + row) / _FINE + _GAP,
            width,
            height,
        )


def draw_numbers(sheet: Sheet, placed: Sequence[Numbered | None]) -> None:
    """Write numbers, and draw lines to those that are not beside their points."""
    there = [one for one in placed if one is not None]
    far = [one for one in there if np.hypot(*np.subtract(one.nearest, one.point)) > _CLOSE]
    sheet.lines([(one.nearest, one.point) for one in far], [one.colour for one in far], 0.3, zorder=4)
    for one in there:
        box = one.box
        middle = box.bottom + box.height / 2
        sheet.write(box.left + box.width / 2, middle, one.text, color=one.colour, ha="center", va="center_baseline")
