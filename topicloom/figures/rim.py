"""Labels at the rim of a map, with leader lines to what they name: they cover no data, and no two lines cross."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from topicloom.figures.boxes import Box
from topicloom.figures.metrics import block_width, text_height, wrapped
from topicloom.figures.style import TYPE

if TYPE_CHECKING:
    from topicloom.figures.sheet import Sheet

_GAP, _LEAST_GAP = 3.0, 0.8  # points between two labels
_OFF = 1.5  # points between a label and its line
_TRIES = 400
_LINES = 3  # of a label beside the map
_BAND_LINES = 5  # of one above or below it


@dataclass(frozen=True)
class Label:
    """A text that belongs at a place of the sheet, in points."""

    x: float
    y: float
    text: str
    colour: str


@dataclass(frozen=True)
class Placed:
    """A label that has its place.

    Args:
        label: What it names.
        text: In lines.
        box: That it fills.
        port: Where its line begins.
        align: Of its text: left, right or center.
    """

    label: Label
    text: str
    box: Box
    port: tuple[float, float]
    align: str


def at_sides(labels: Sequence[Label], left: Box, right: Box) -> list[Placed]:
    """Labels in two columns beside a map; those for which there is no room are left out, the last ones first."""
    texts = [wrapped(label.text, left.width, TYPE, _LINES) for label in labels]
    heights = np.array([text_height(text.count("\n") + 1, TYPE) + _LEAST_GAP for text in texts])
    across = np.array([label.x for label in labels])
    for count in range(len(labels), 0, -1):
        sides = _halves(across[:count], heights[:count])
        if all(heights[side].sum() <= left.height + _LEAST_GAP for side in sides):
            break
    else:
        return []
    return [
        *in_column([labels[i] for i in sides[0]], left, ending=True),
        *in_column([labels[i] for i in sides[1]], right),
    ]


def in_column(labels: Sequence[Label], box: Box, *, ending: bool = False, lines: int = _LINES) -> list[Placed]:
    """Labels one above another in a column that holds them all; ending: they end at its right edge.

    lines: of a label, at most.
    """
    texts = [wrapped(label.text, box.width, TYPE, lines) for label in labels]
    highs = [text_height(text.count("\n") + 1, TYPE) for text in texts]
    gap = min(_GAP, max((box.height - sum(highs)) / max(len(highs) - 1, 1), 0.0))
    port = box.right if ending else box.left
    order, middles = _untangled(
        np.arange(len(labels)),
        np.array([label.y for label in labels]),
        np.array([label.x for label in labels]),
        np.array(highs) + gap,
        (box.bottom - gap / 2, box.top + gap / 2),
        [(port, np.nan)] * len(labels),
        1,
    )
    placed = []
    for number, middle in zip(order, middles, strict=True):
        width, high = block_width(texts[number], TYPE), highs[number]
        own = Box(box.right - width if ending else box.left, middle - high / 2, width, high)
        placed.append(Placed(labels[number], texts[number], own, (port, middle), "right" if ending else "left"))
    return placed


def above_and_below(labels: Sequence[Label], top: Box, bottom: Box) -> list[Placed]:
    """Labels in two rows, above and below a map; those that do not fit are left out, the last ones first."""
    if not labels:
        return []
    ups = np.array([label.y for label in labels])
    across = np.array([label.x for label in labels])
    below, above = _halves(ups, np.ones(len(labels)))
    placed = []
    for side, box in ((above, top), (below, bottom)):
        if not len(side):
            continue
        room = np.full(len(labels), top.width / max(len(side), 2))
        port = box.bottom if box is top else box.top
        ends = [(np.nan, port)] * len(side)
        limits = (box.left - _GAP / 2, box.right + _GAP / 2)
        order, middles = _untangled(side, across, ups, room, limits, ends, 0)
        for number, middle in zip(order, middles, strict=True):
            text = wrapped(labels[number].text, room[number] - _GAP, TYPE, _BAND_LINES)
            width, high = block_width(text, TYPE), text_height(text.count("\n") + 1, TYPE)
            start = min(max(middle - width / 2, box.left), box.right - width)
            foot = box.bottom if box is top else box.top - high
            placed.append(
                Placed(labels[number], text, Box(start, foot, width, high), (start + width / 2, port), "center")
            )
    return placed


def band_height(labels: Sequence[Label], width: float) -> float:
    """How high a row of half of the labels is above or below a map, in points; width: of the row."""
    room = width / max(-(-len(labels) // 2), 2) - _GAP
    lines = [wrapped(label.text, room, TYPE, _BAND_LINES).count("\n") + 1 for label in labels]
    return text_height(max(lines, default=0), TYPE)


def _halves(at: NDArray[np.float64], sizes: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The labels of the lower half and those of the upper half along an axis, each half as large as the other."""
    order = np.argsort(at, kind="stable")
    before = sizes[order].cumsum() - sizes[order] / 2
    cut = int((before < sizes.sum() / 2).sum())
    return order[:cut], order[cut:]


def _untangled(
    side: NDArray[np.int64],
    along: NDArray[np.float64],
    away: NDArray[np.float64],
    sizes: NDArray[np.float64],
    limits: tuple[float, float],
    ends: Sequence[tuple[float, float]],
    axis: int,
) -> tuple[list[int], NDArray[np.float64]]:
    """The labels of one side in an order in which no two of their lines cross, and the middle of each.

    along, away: where what they name lies, along the side and across it. ends: where lines begin, of which the number
    along the side is not yet known. axis: 0 where the side runs across the sheet, 1 where it runs up.
    """
    order = [int(number) for number in side[np.argsort(along[side], kind="stable")]]

    def lines(middles: NDArray[np.float64]) -> list[tuple[tuple[float, float], tuple[float, float]]]:
        found = []
        for number, middle, end in zip(order, middles, ends, strict=True):
            target = (away[number], along[number]) if axis else (along[number], away[number])
            found.append(((end[0], float(middle)) if axis else (float(middle), end[1]), target))
        return found

    middles = spread(along[order], sizes[order], limits)
    for _ in range(_TRIES):
        drawn = lines(middles)
        crossing = _first(drawn, lines_cross)
        if crossing is None:
            break
        one, other = crossing
        order[one], order[other] = order[other], order[one]
        middles = spread(along[order], sizes[order], limits)
    return order, middles


def _first(
    drawn: Sequence[tuple[tuple[float, float], tuple[float, float]]], true: Callable[..., bool]
) -> tuple[int, int] | None:
    """The first pair of neighbours, or else of any, of which something is true."""
    for apart in range(1, len(drawn)):
        for one in range(len(drawn) - apart):
            if true(*drawn[one], *drawn[one + apart]):
                return one, one + apart
    return None


def lines_cross(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], d: tuple[float, float]) -> bool:
    """Whether the lines from a to b and from c to d cross."""
    return _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def spread(wanted: NDArray[np.float64], sizes: NDArray[np.float64], limits: tuple[float, float]) -> NDArray[np.float64]:
    """Places on a line, in the order given, as near as can be to those wanted, and none upon another.

    Args:
        wanted: (n,) where the middle of each should be.
        sizes: (n,) room that each takes.
        limits: Between which all lie; they hold the sum of the sizes.

    Returns:
        (n,) the middles, of the least sum of squared distances (isotonic regression by pooling neighbours).

    Example:
        >>> spread(np.array([1.0, 1.0]), np.array([2.0, 2.0]), (0.0, 10.0)).tolist()
        [1.0, 3.0]
        >>> spread(np.array([5.0, 5.0]), np.array([2.0, 2.0]), (0.0, 10.0)).tolist()
        [4.0, 6.0]
    """
    starts = sizes.cumsum() - sizes / 2
    pools: list[tuple[float, int]] = []
    for value in wanted - starts:
        mean, count = float(value), 1
        while pools and pools[-1][0] >= mean:
            other, more = pools.pop()
            mean, count = (mean * count + other * more) / (count + more), count + more
        pools.append((mean, count))
    pooled = np.repeat([mean for mean, _ in pools], [count for _, count in pools])
    inside: NDArray[np.float64] = np.clip(pooled, limits[0], max(limits[1] - sizes.sum(), limits[0])) + starts
    return inside


def _off(placed: Placed) -> tuple[float, float]:
    """Where a line begins: a bit off its label."""
    x, y = placed.port
    if placed.align == "center":
        return x, y + (_OFF if placed.label.y > y else -_OFF)
    return x + (_OFF if placed.align == "right" else -_OFF), y


def draw_labels(sheet: Sheet, placed: Sequence[Placed], *, dots: bool = True) -> None:
    """Write labels, and draw the line of each to what it names, with a dot at its end."""
    lines = [(_off(label), (label.label.x, label.label.y)) for label in placed]
    colours = [label.label.colour for label in placed]
    sheet.lines(lines, "white", 1.6, alpha=0.7, zorder=6)
    sheet.lines(lines, colours, 0.5, zorder=7)
    sheet.dots([end for _, end in lines if dots], colours, 9, edgecolors="white", linewidths=0.6, zorder=8)
    for label in placed:
        x = {"left": label.box.left, "right": label.box.right}.get(label.align, label.box.left + label.box.width / 2)
        middle = label.box.bottom + label.box.height / 2
        sheet.write(
            x, middle, label.text, color=label.label.colour, ha=label.align, va="center", multialignment=label.align
        )
