"""How figures look, and how they are kept: one style, PNG at 300 dpi and SVG, the same bytes for the same data."""

from __future__ import annotations

import contextlib
import logging
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import XAxis, YAxis
    from matplotlib.figure import Figure

WIDTH = 7.2  # inches: two columns of a journal; fonts of 7 points stay legible at half of it in a slide
DPI = 300
INK, MUTED, GRID = "#1F2933", "#6B7280", "#D8DCE2"
_UNDRAWABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# The first that is installed and has a letter draws it, so that papers in other scripts need only their font.
_FONTS = (
    *(
        "DejaVu Sans",
        "Noto Sans CJK SC",
        "Noto Sans CJK JP",
        "Noto Sans SC",
        "WenQuanYi Zen Hei",
        "WenQuanYi Micro Hei",
    ),
    *("Droid Sans Fallback", "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Arial Unicode MS"),
)


def drawable(text: str) -> str:
    """A text with a space for each letter that no font has and no SVG may hold: control characters and the like."""
    return _UNDRAWABLE.sub(" ", text)


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """The style of the figures, for the block."""
    import matplotlib

    installed = _installed()
    look: dict[Any, Any] = {
        "font.family": [font for font in _FONTS if font in installed] or ["sans-serif"],
        "font.size": 8,
        "axes.titlesize": 9,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.labelsize": 8,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": INK,
        "text.color": INK,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelsize": 7,
        "ytick.labelsize": 7,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.6,
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
        "svg.hashsalt": "topicloom",
        "svg.fonttype": "path",
        "path.simplify_threshold": 0.3,
    }
    # A letter that no font has is drawn as a box; once for each letter would fill the log.
    quiet = logging.getLogger("matplotlib.font_manager")
    level = quiet.level
    quiet.setLevel(logging.ERROR)
    try:
        with matplotlib.rc_context(look), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
            yield
    finally:
        quiet.setLevel(level)


def _installed() -> set[str]:
    from matplotlib.font_manager import fontManager

    return {font.name for font in fontManager.ttflist}


def blank_figure(height: float, width: float = WIDTH) -> Figure:
    """A figure of some inches; of no window and no global state, so that any thread may draw."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def new_figure(height: float, width: float = WIDTH) -> tuple[Figure, Axes]:
    """A `blank_figure` with one axes."""
    figure = blank_figure(height, width)
    return figure, figure.add_subplot()


def keep(figure: Figure, folder: Path, name: str) -> list[str]:
    """Write a figure as NAME.png and NAME.svg into a folder; returns the file names."""
    figure.savefig(folder / f"{name}.png", dpi=DPI, metadata={"Software": None})
    figure.savefig(folder / f"{name}.svg", dpi=DPI, metadata={"Date": None, "Creator": None})
    return [f"{name}.png", f"{name}.svg"]


def bare(axes: Axes) -> None:
    """No axes around a map, whose coordinates mean nothing."""
    axes.set_axis_off()
    axes.set_aspect("equal", adjustable="datalim")


def few_ticks(axis: XAxis | YAxis, most: int = 8, *, whole: bool = False) -> None:
    """At most so many ticks on an axis; whole: on whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=most, integer=whole))
