"""How figures look, and how they are kept: one style, PNG at 300 dpi, SVG and PDF, the same bytes for the same data."""

from __future__ import annotations

import contextlib
import io
import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicloom.figures.metrics import DPI, FONT
from topicloom.machine.guards import tell_slower

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import XAxis, YAxis
    from matplotlib.figure import Figure
    from PIL import Image

WIDTH = 6.85  # inches: two columns of a journal
TYPE = 7.0  # points: the least that journals print
FORMATS = ("png", "svg", "pdf")
_QUICK = 1  # of zlib's levels: the third is slower by a third for 2 % less
INK, MUTED, GRID = "#1F2933", "#6B7280", "#D8DCE2"
_UNDRAWABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# The first that is installed and has a letter draws it, so that papers in other scripts need only their font.
_FONTS = (
    *(
        FONT,
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
        "font.size": TYPE,
        "axes.titlesize": TYPE,
        "axes.titlelocation": "left",
        "axes.labelsize": TYPE,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": INK,
        "text.color": INK,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelsize": TYPE,
        "ytick.labelsize": TYPE,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.6,
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
        "svg.hashsalt": "topicloom",
        "svg.fonttype": "none",  # text stays text
        "pdf.fonttype": 42,  # TrueType, as journals ask
        "ps.fonttype": 42,  # by it matplotlib 3.11 parts the letters of a PDF; by 42 it does not
        "pdf.compression": _QUICK,
        "text.hinting": "none",
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


def new_figure(height: float, width: float = WIDTH) -> tuple[Figure, Axes]:
    """A figure of some inches with one axes; of no window and no global state, so that any thread may draw."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def keep(figure: Figure, folder: Path, name: str, formats: Sequence[str] = FORMATS) -> list[str]:
    """Write a figure as NAME.png, NAME.svg and NAME.pdf, or some of them, into a folder; returns the file names."""
    if (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")  # laid out once
    for ending in formats:
        _WRITERS[ending](figure, folder / f"{name}.{ending}")
    return [f"{name}.{ending}" for ending in formats]


def picture(figure: Figure) -> Image.Image:
    """A figure as dots, at 300 dpi."""
    from PIL import Image

    figure.set_dpi(DPI)
    canvas: Any = figure.canvas
    canvas.draw()
    return Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba()).convert("RGB")


def _png(figure: Figure, path: Path) -> None:
    picture(figure).save(path, compress_level=_QUICK, dpi=(DPI, DPI))


def _svg(figure: Figure, path: Path) -> None:
    written = io.StringIO()
    figure.savefig(written, format="svg", dpi=DPI, metadata={"Date": None, "Creator": None})
    # On a machine without our font another of the same widths; matplotlib would look for each, at each text.
    path.write_text(written.getvalue().replace(f"'{FONT}'", f"'{FONT}', Verdana, sans-serif"), encoding="utf-8")


def _pdf(figure: Figure, path: Path) -> None:
    with _quick_fonts():
        figure.savefig(path, dpi=DPI, metadata={"CreationDate": None, "Creator": None, "Producer": None})


# How letters may be replaced and moved: a PDF says of each where it stands, and no reader of it looks there.
_OF_TYPESETTING = ["GSUB", "GPOS", "GDEF", "kern"]


@contextlib.contextmanager
def _quick_fonts() -> Iterator[None]:
    """Embedded fonts lack tables that take most of the time of embedding; whole ones where fontTools has moved."""
    from fontTools.subset import Options  # type: ignore[import-untyped]

    inside = "_drop_tables_default"
    dropped = getattr(Options, inside, None)
    if not isinstance(dropped, list):
        tell_slower("fontTools", "drops tables of fonts otherwise", "PDFs embed fonts with all their tables.")
        yield
        return
    setattr(Options, inside, [*dropped, *_OF_TYPESETTING])
    try:
        yield
    finally:
        setattr(Options, inside, dropped)


_WRITERS = {"png": _png, "svg": _svg, "pdf": _pdf}


def few_ticks(axis: XAxis | YAxis, most: int = 8, *, whole: bool = False) -> None:
    """At most so many ticks on an axis; whole: on whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=most, integer=whole))
