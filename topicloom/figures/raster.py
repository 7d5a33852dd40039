"""Many points as one image, drawn once for all formats of a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from topicloom.figures.artists import bare_figure, circles
from topicloom.figures.boxes import Box

if TYPE_CHECKING:
    from topicloom.figures.sheet import Sheet

_CELLS = 160  # of the density, along the image's longer side
_SMOOTH, _REACH = 2.0, 8  # cells: of the bell that smooths, and how far it reaches
_LEVELS = (0.25, 0.5, 0.75)  # roots of shares of the densest place
_COLOURS, _NEARLY_WHITE = 256, 252


def draw_points(
    sheet: Sheet, box: Box, places: NDArray[np.float64], colours: Any, area: Any, *, density: bool, **look: Any
) -> None:
    """Draw points into a box of the sheet, as an image.

    Args:
        sheet: The figure.
        box: What the image covers; its edges are to be whole dots at 300 dpi.
        places: (n, 2) middles of the points, in points of the sheet.
        colours: (n,) as matplotlib takes them.
        area: Of a point, in square points.
        density: Whether faint lines show where points lie densely.
        look: As matplotlib's collections take it.
    """
    from matplotlib.collections import LineCollection
    from matplotlib.transforms import Affine2D
    from PIL import Image

    figure = bare_figure(box.width, box.height)
    transform = Affine2D().translate(-box.left, -box.bottom).scale(1 / 72) + figure.dpi_scale_trans
    if density:
        lines = LineCollection(_density(box, places), colors="#A9B1BC", linewidths=0.3)
        lines.set_transform(transform)
        figure.add_artist(lines)
    figure.add_artist(circles(places, colours, area, transform, **look))
    canvas: Any = figure.canvas
    canvas.draw()
    drawn = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba()).convert("RGB")
    # As many colours as an image with a palette has: files half as large, written in half of the time.
    few = drawn.quantize(_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    dots = np.array(few.convert("RGBA"))
    dots[dots[..., :3].min(axis=2) >= _NEARLY_WHITE] = 255  # the ground stays that of the sheet
    sheet.image(box, dots)


def _density(box: Box, places: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Lines where points lie as dense as shares of the densest place."""
    import contourpy

    cell = max(box.width, box.height) / _CELLS
    edges = [np.arange(start, end + cell, cell) for start, end in ((box.left, box.right), (box.bottom, box.top))]
    counts, across, up = np.histogram2d(places[:, 0], places[:, 1], bins=edges)
    # The root keeps the few densest places from being all that is seen.
    near = np.exp(-0.5 * (np.arange(-_REACH, _REACH + 1) / _SMOOTH) ** 2)
    for _ in range(2):  # along the one side and the other
        counts = np.stack([np.convolve(row, near, mode="same") for row in counts]).T
    dense = np.sqrt(counts)
    middles = [(of[1:] + of[:-1]) / 2 for of in (across, up)]
    found: Any = contourpy.contour_generator(middles[0], middles[1], dense.T / max(float(dense.max()), 1e-9))
    return [line for level in _LEVELS for line in found.lines(level)]
