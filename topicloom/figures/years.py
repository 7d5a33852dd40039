"""The map by year: hexagons in the colour of the mean year of their papers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from topicloom.atlas.atlas import Atlas
from topicloom.figures.ground import Ground, Names, new_ground, rim_names
from topicloom.figures.metrics import text_height, text_width
from topicloom.figures.rim import Label
from topicloom.figures.sheet import MARGIN, Page
from topicloom.figures.style import INK, TYPE

_STEPS = 6
_PALEST = 0.82  # of viridis; what is paler is not seen on white
_EACH = 8.0  # papers of a hexagon, on average over those that have any
_LEAST = 2  # papers; of one alone there is no mean
_SIDES = (3.0, 9.0)  # points, from the middle of a hexagon to a corner
_SWATCH = 14.0  # points
_BAR = 2 * text_height(1, TYPE) + 8


def year_map(atlas: Atlas, page: Page) -> list[str]:
    """Where the papers of which years lie; nothing where no year is known."""
    if not atlas.papers["year"].notna().any():
        return []
    return drawn_years(atlas, page).sheet.keep("map_by_year")


def drawn_years(atlas: Atlas, page: Page) -> Ground:
    """The map of `year_map`, not yet written."""
    known = atlas.papers[atlas.papers["year"].notna()]
    names = rim_names(atlas, page)
    names = Names([Label(label.x, label.y, label.text, INK) for label in names.labels], names.sentence, names.of)
    least = _LEAST if len(known) >= 10 * _LEAST else 1
    notes = [
        f"n = {len(known):,} papers with a year"
        + (f" of {len(atlas.papers):,}" if len(known) < len(atlas.papers) else ""),
        "a hexagon has the mean year of its papers" + (f", {least} or more" if least > 1 else ""),
    ]
    ground = new_ground(page, atlas.papers["x"], atlas.papers["y"], names, notes, _BAR, pad=_SIDES[1])
    middles, years, side = _hexagons(ground.at(known["x"], known["y"]), known["year"].to_numpy(dtype=float), least)
    edges = _steps(years)
    colours = _colours(len(edges) - 1)
    step = np.clip(np.searchsorted(edges, years, side="right") - 1, 0, len(colours) - 1)
    _draw_hexagons(ground, middles, [colours[number] for number in step], side)
    _draw_bar(ground, edges, colours, ground.foot)
    ground.name(names)
    return ground


def _hexagons(
    places: NDArray[np.float64], years: NDArray[np.float64], least: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Middles of the hexagons that have papers enough, (h, 2), their mean years, and how large they are."""
    side = _SIDES[0]
    for side in np.linspace(*_SIDES, 13):
        middles, inverse, counts = _binned(places, float(side))
        if len(places) / len(counts) >= _EACH:
            break
    means = np.bincount(inverse, weights=years, minlength=len(counts)) / counts
    kept = counts >= least
    return middles[kept], means[kept], float(side)


def _binned(
    places: NDArray[np.float64], side: float
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Middles of the hexagons with papers, which of them each paper is in, and how many each has."""
    wide, high = side * np.sqrt(3), side * 1.5
    # Of the two lattices of rectangles that make up one of hexagons, the one whose point is nearer.
    found = []
    for shift in (0.0, 0.5):
        cells = np.round(places / (wide, 2 * high) - shift)
        middles = (cells + shift) * (wide, 2 * high)
        found.append((middles, ((places - middles) ** 2).sum(axis=1)))
    nearest = np.where((found[0][1] <= found[1][1])[:, None], found[0][0], found[1][0])
    middles, inverse, counts = np.unique(nearest.round(6), axis=0, return_inverse=True, return_counts=True)
    return middles, inverse.ravel(), counts


def _steps(years: NDArray[np.float64]) -> NDArray[np.float64]:
    """The edges of six steps or fewer between the years that most hexagons have, in whole years or tenths."""
    if not len(years):
        return np.array([0.0, 1.0])
    low, high = np.quantile(years, (0.03, 0.97))
    for size in (0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0):
        start = np.floor(low / size + 1e-9) * size
        count = max(int(np.ceil((high - start) / size - 1e-9)), 1)
        if count <= _STEPS + 1:
            break
    return np.asarray(start + size * np.arange(count + 1))


def _colours(count: int) -> list[str]:
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(colormaps["viridis"](_PALEST * share)) for share in np.linspace(0, 1, max(count, 2))][:count]


def _draw_hexagons(ground: Ground, middles: NDArray[np.float64], colours: list[str], side: float) -> None:
    turns = np.pi / 6 + np.pi / 3 * np.arange(6)
    corners = side * np.column_stack([np.cos(turns), np.sin(turns)])
    ground.sheet.areas(middles[:, None] + corners, colours, edgecolors="white", linewidths=0.25)


def _draw_bar(ground: Ground, edges: NDArray[np.float64], colours: list[str], bottom: float) -> None:
    """The steps of the years, below the map; the first and the last one hold what is beyond, too."""
    sheet = ground.sheet
    digits = 0 if np.allclose(edges, edges.round()) else 1 if np.allclose(edges * 10, (edges * 10).round()) else 2
    names = [f"{edge:.{digits}f}" for edge in edges]
    title, name = "mean year", text_width(names[0], TYPE)
    before, after = MARGIN + text_width(title, TYPE) + 8 + name / 2, MARGIN + name / 2
    width = min(max(name + 6, _SWATCH), (sheet.width - before - after) / len(colours))
    left = max((sheet.width - width * len(colours)) / 2, before)
    foot = bottom + text_height(1, TYPE) + 2
    sheet.write(left - 8 - name / 2, foot, title, ha="right", color=INK)
    sheet.areas([_swatch(left + number * width, foot, width) for number in range(len(colours))], colours)
    every = int(np.ceil((name + 4) / width))  # of the edges has room for its year
    for number in range(0, len(names), every):
        sheet.write(left + number * width, bottom + 2, names[number], ha="center", color=INK)


def _swatch(left: float, bottom: float, width: float) -> list[tuple[float, float]]:
    right, top = left + width, bottom + 7
    return [(left, bottom), (right, bottom), (right, top), (left, top)]
