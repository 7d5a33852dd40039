"""Labels on a map that do not collide: the most important first, each where there is room, else left out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from topicloom.figures.style import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text
    from matplotlib.transforms import Bbox

_LINE = 20  # characters
_LINES = 3
_GAP = 3.0  # points between two labels
_POINT = 3.0  # points around a point that a label beside it must not cover
# Where a label may go, in widths and heights of its own from its point: nearest first.
_PLACES = ((0.0, 0.0), (0.0, 1.15), (0.0, -1.15), (0.55, 1.15), (-0.55, 1.15), (0.55, -1.15), (-0.55, -1.15))
_BESIDE = ((0.0, 0.5), (0.0, -0.5), (0.5, 0.0), (-0.5, 0.0), (0.5, 0.5), (-0.5, 0.5), (0.5, -0.5), (-0.5, -0.5))


@dataclass(frozen=True)
class Label:
    """A text that belongs at a point. size: of the font, in points."""

    x: float
    y: float
    text: str
    size: float
    bold: bool = False


def place_labels(axes: Axes, labels: Sequence[Label], *, beside: bool = False) -> list[Text]:
    """Draw as many labels as fit, in the order given; returns those that are drawn.

    No two of them overlap, and none leaves the axes. Limits and size of the axes must be settled before.

    beside: each stands beside its point, and on no other label's.
    """
    figure = axes.figure
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    gap = _GAP * figure.dpi / 72
    frame = axes.get_window_extent(renderer)
    taken: list[Bbox] = list(_points(axes, labels)) if beside else []
    places, apart = (_BESIDE, 1.2 * _POINT * figure.dpi / 72) if beside else (_PLACES, 0.0)
    drawn = []
    for label in labels:
        text = _draw(axes, label)
        for across, up in places:
            box = _move(axes, text, label, (across, up), apart)
            if frame.contains(box.x0, box.y0) and frame.contains(box.x1, box.y1):
                wide = box if beside else box.padded(gap)
                if not any(wide.overlaps(other) for other in taken):
                    taken.append(box)
                    drawn.append(text)
                    break
        else:
            text.remove()
    return drawn


def _points(axes: Axes, labels: Sequence[Label]) -> Iterator[Bbox]:
    """A small box around the point of each label."""
    from matplotlib.transforms import Bbox

    radius = _POINT * axes.figure.dpi / 72
    for x, y in axes.transData.transform([(label.x, label.y) for label in labels]) if labels else ():
        yield Bbox.from_extents(x - radius, y - radius, x + radius, y + radius)


def _draw(axes: Axes, label: Label) -> Text:
    from matplotlib.patheffects import withStroke

    return axes.text(
        label.x,
        label.y,
        wrapped(label.text),
        parse_math=False,
        ha="center",
        va="center",
        fontsize=label.size,
        fontweight="bold" if label.bold else "normal",
        color=INK,
        linespacing=0.95,
        path_effects=[withStroke(linewidth=2.2, foreground="white", alpha=0.85)],
        zorder=10,
    )


def _move(axes: Axes, text: Text, label: Label, place: tuple[float, float], apart: float) -> Bbox:
    """Shift a text by a share of its own size, and by some pixels more that way; its box on the canvas."""
    renderer = axes.figure.canvas.get_renderer()  # type: ignore[attr-defined]
    text.set_position((label.x, label.y))
    box = text.get_window_extent(renderer)
    if any(place):
        x, y = axes.transData.transform((label.x, label.y))
        across, up = (
            share * size + apart * ((share > 0) - (share < 0))
            for share, size in zip(place, (box.width, box.height), strict=True)
        )
        left, top = axes.transData.inverted().transform((x + across, y + up))
        text.set_position((float(left), float(top)))
        box = text.get_window_extent(renderer)
    return box


def wrapped(text: str) -> str:
    """A text in lines of about twenty characters, three at most."""
    lines = textwrap.wrap(text, _LINE, break_long_words=True) or [""]
    return "\n".join(lines if len(lines) <= _LINES else [*lines[: _LINES - 1], f"{lines[_LINES - 1][: _LINE - 1]}…"])
