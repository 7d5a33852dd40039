"""What matplotlib draws for us: circles, and an image dot by dot; imported once a figure is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import CircleCollection
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure
from matplotlib.transforms import Transform
from numpy.typing import NDArray

from topicloom.figures.boxes import Box
from topicloom.figures.metrics import DPI


class Dots(Artist):
    """An image of 300 dpi. matplotlib's own looks at each dot several times before it draws."""

    def __init__(self, box: Box, dots: NDArray[np.uint8], zorder: float) -> None:
        super().__init__()
        self.box, self.dots = box, dots
        self.set_zorder(zorder)

    def draw(self, renderer: Any) -> None:
        """Draw it; renderers count rows from below."""
        gc = renderer.new_gc()
        across, up = (renderer.points_to_pixels(place) for place in (self.box.left, self.box.bottom))
        renderer.draw_image(gc, round(across, 2), round(up, 2), self.dots[::-1])
        gc.restore()


def bare_figure(width: float, height: float) -> Figure:
    """A figure of some points at 300 dpi; of no window and no global state, so that any thread may draw."""
    figure = Figure(figsize=(width / 72, height / 72), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def circles(places: Any, colours: Any, area: Any, transform: Transform, **look: Any) -> CircleCollection:
    """Circles at some places; area: in square points."""
    if isinstance(colours, np.ndarray):  # each colour is read once
        few, which = np.unique(colours, return_inverse=True)
        colours = to_rgba_array(list(few))[which]
    return CircleCollection(
        np.atleast_1d(np.asarray(area, dtype=float)),
        offsets=np.asarray(places, dtype=float),
        offset_transform=transform,
        **{"facecolors": colours, "linewidths": 0, **look},
    )
