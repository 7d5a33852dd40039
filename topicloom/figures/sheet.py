"""A figure as a sheet of a journal's width, all places on it stated in points from its lower left corner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from topicloom.figures.artists import Dots, bare_figure, circles
from topicloom.figures.boxes import Box
from topicloom.figures.metrics import DPI, LEADING, rounded, text_height, wrapped
from topicloom.figures.style import GRID, INK, MUTED, TYPE, keep

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

# Points, a whole number of dots at 300 dpi: 85 and 174 mm, which go into the columns of the larger publishers.
WIDTHS: Final = {"single": 1004 * 72 / DPI, "double": 2055 * 72 / DPI}
MARGIN: Final = 2.0


@dataclass(frozen=True)
class Page:
    """Where figures go, and what they must fit into.

    Args:
        folder: It gets the files.
        column: "single" or "double".
        formats: Endings of the files: png, svg, pdf.
        suffix: Of the names of the files, before the ending.
    """

    folder: Path
    column: str = "double"
    formats: Sequence[str] = ("png", "svg", "pdf")
    suffix: str = ""

    @property
    def width(self) -> float:
        """Of a figure, in points."""
        return WIDTHS[self.column]

    @property
    def narrow(self) -> bool:
        """Whether it is one column of two."""
        return self.column == "single"


class Sheet:
    """A figure under way. What is drawn needs no axes, which would take most of the time.

    Args:
        page: Where it goes.
        height: In points.
    """

    def __init__(self, page: Page, height: float) -> None:
        from matplotlib.transforms import Affine2D

        self.page = page
        self.width, self.height = page.width, rounded(height)
        self.figure = bare_figure(self.width, self.height)
        self.points = Affine2D().scale(1 / 72) + self.figure.dpi_scale_trans

    def axes(self, box: Box) -> Axes:
        """Axes whose frame is a box of the sheet."""
        return self.figure.add_axes(
            (box.left / self.width, box.bottom / self.height, box.width / self.width, box.height / self.height),
            zorder=1,
        )

    def add(self, artist: Artist) -> None:
        """Draw an artist of matplotlib whose numbers are points of the sheet."""
        artist.set_transform(self.points)
        self.figure.add_artist(artist)

    def write(self, x: float, y: float, text: str, **look: Any) -> None:
        """Write a text; look: as matplotlib's Text takes it. Left-aligned on its baseline where nothing is said.

        Each line is a text of its own: only so an SVG says how it is aligned, and a PDF does without a second font.
        """
        lines = text.split("\n")
        # Which share of the lines below the first one lies above the place.
        above = {"top": 0.0, "bottom": 1.0, "center": 0.5}.get(look.get("va", "bottom"), 1.0)
        look.pop("multialignment", None)
        for number, line in enumerate(lines):
            up = (above * (len(lines) - 1) - number) * text_height(1, TYPE)
            self._write_line(x, y + up, line, look)

    def _write_line(self, x: float, y: float, text: str, look: Mapping[str, Any]) -> None:
        from matplotlib.text import Text

        style = {"size": TYPE, "color": INK, "va": "baseline", "linespacing": LEADING, "parse_math": False, "zorder": 9}
        written = Text(x, y, text, **{**style, **look})
        # Two letters that are one glyph would need a second font in a PDF; before matplotlib 3.11 there are none.
        if hasattr(written, "set_fontfeatures"):
            written.set_fontfeatures(("-liga",))
        self.add(written)

    def name_axes(self, box: Box, across: str, up: str) -> None:
        """Write what a chart's axes show, below its box and left of it."""
        self.write(box.left + box.width / 2, box.bottom - 15, across, ha="center", va="top")
        self.write(MARGIN, box.bottom + box.height / 2, up, ha="left", va="center", rotation=90)

    def lines(self, segments: Iterable[Any], colours: Any, width: float, **look: Any) -> None:
        """Draw lines, each a sequence of places; width: in points."""
        from matplotlib.collections import LineCollection

        self.add(LineCollection(list(segments), colors=colours, linewidths=width, **look))

    def areas(self, outlines: Iterable[Any], colours: Any, **look: Any) -> None:
        """Fill areas, each a sequence of places."""
        from matplotlib.collections import PolyCollection

        self.add(PolyCollection(list(outlines), facecolors=colours, **{"linewidths": 0, **look}))

    def dots(self, places: Any, colours: Any, area: Any, **look: Any) -> None:
        """Draw circles at some places; area: in square points."""
        if len(places):
            self.figure.add_artist(circles(places, colours, area, self.points, **look))

    def image(self, box: Box, dots: NDArray[np.uint8], zorder: float = 0.5) -> None:
        """Show an image of 300 dpi, (rows, columns, 4), whose lower left corner is that of a box, dot by dot."""
        self.figure.add_artist(Dots(box, dots, zorder))

    def notes(self, sentences: Sequence[str], bottom: float = MARGIN) -> None:
        """Write what a reader must know at the foot of the sheet."""
        text = note_text(sentences, self.width - 2 * MARGIN)
        self.write(MARGIN, bottom, text, color=MUTED, va="bottom")

    def keep(self, name: str) -> list[str]:
        """Write the figure in the formats of its page; returns the names of the files."""
        return keep(self.figure, self.page.folder, f"{name}{self.page.suffix}", self.page.formats)


def note_text(sentences: Sequence[str], width: float) -> str:
    """The notes of a figure as lines; width: in points."""
    return wrapped("; ".join(sentence for sentence in sentences if sentence), width, TYPE, most=6)


def notes_height(sentences: Sequence[str], page: Page) -> float:
    """How much of a sheet's height its notes take, in points, with the room above them."""
    lines = note_text(sentences, page.width - 2 * MARGIN).count("\n") + 1
    return text_height(lines, TYPE) + MARGIN + 4


def plain(axes: Axes) -> None:
    """The look of axes with a frame: thin lines, letters of 7 points."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=2, width=0.5, pad=2, colors=MUTED, labelsize=TYPE)
    axes.grid(axis="y", color=GRID, linewidth=0.4)
    axes.set_axisbelow(True)
