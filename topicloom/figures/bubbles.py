"""Topics as bubbles: their sizes, and which is most similar to which."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicloom.atlas.atlas import Atlas
from topicloom.figures.ground import Ground, new_ground, topic_names
from topicloom.figures.metrics import text_width
from topicloom.figures.sheet import MARGIN, Page
from topicloom.figures.style import GRID, INK, MUTED, TYPE
from topicloom.phrasing import number_of

_INK = 0.2  # share of the map that the bubbles would cover side by side
_RADIUS = 14.0  # points; of the largest bubble
_LEAST = 1.5  # square points
_FOOT = 2 * _RADIUS + 6  # height of the circles below the map
_ROUND = (1, 2, 5)


def bubbles(atlas: Atlas, page: Page) -> list[str]:
    """Each topic as a bubble at the middle of its papers, its area their number; nothing without topics."""
    return drawn_bubbles(atlas, page).sheet.keep("bubbles") if len(atlas.topics) else []


def drawn_bubbles(atlas: Atlas, page: Page) -> Ground:
    """The figure of `bubbles`, not yet written."""
    topics = atlas.topics.sort_values(["Count", "Topic"], ascending=[False, True])
    counts = topics["Count"].to_numpy(dtype=float)
    names = topic_names(atlas, page)
    pairs = _nearest(atlas)
    notes = [
        f"n = {number_of(int(counts.sum()), 'paper', form=',')} in {number_of(len(topics), 'topic', form=',')}",
        "lines join each topic to the one most similar to it" if len(pairs) else "",
    ]
    ground = new_ground(page, topics["x"], topics["y"], names, notes, _FOOT, pad=_RADIUS + 1)
    scale = min(_INK * ground.box.width * ground.box.height / counts.sum(), np.pi * _RADIUS**2 / counts.max())
    all_places = pd.DataFrame(ground.at(atlas.topics["x"], atlas.topics["y"]), index=atlas.topics["Topic"])
    middles = all_places.to_numpy()
    ground.sheet.lines([(middles[one], middles[other]) for one, other in pairs], GRID, 0.6, zorder=2)
    ground.sheet.dots(
        all_places.loc[topics["Topic"]].to_numpy(),
        topics["Colour"].tolist(),
        np.maximum(scale * counts, _LEAST),
        alpha=0.8,
        edgecolors="white",
        linewidths=0.4,
        zorder=3,
    )
    _draw_sizes(ground, scale, counts, ground.foot)
    ground.name(names)
    return ground


def _nearest(atlas: Atlas) -> NDArray[np.int64]:
    """Pairs of topics, each once, of which one is the other's most similar, (p, 2)."""
    similar = np.array(atlas.similarity, dtype=float)
    if len(similar) < 2:
        return np.zeros((0, 2), dtype=np.int64)
    np.fill_diagonal(similar, -np.inf)
    pairs = np.sort(np.column_stack([np.arange(len(similar)), similar.argmax(axis=1)]), axis=1)
    return np.unique(pairs, axis=0)


def _draw_sizes(ground: Ground, scale: float, counts: NDArray[np.float64], bottom: float) -> None:
    """Three circles of round sizes below the map."""
    sizes = _round_sizes(counts)
    sheet = ground.sheet
    names = [f"{size:,}" for size in sizes]
    radii = [float(np.sqrt(max(scale * size, _LEAST) / np.pi)) for size in sizes]
    middle = bottom + _FOOT / 2 - 2
    title = "papers of a topic:"
    needed = text_width(title, TYPE) + sum(
        2 * radius + 16 + text_width(name, TYPE) for radius, name in zip(radii, names, strict=True)
    )
    x = max((sheet.width - needed) / 2, MARGIN)
    sheet.write(x, middle, title, va="center_baseline", color=INK)
    x += text_width(title, TYPE)
    for name, radius in zip(names, radii, strict=True):
        x += 10 + radius
        look = {"facecolors": "none", "edgecolors": MUTED, "linewidths": 0.6}
        sheet.dots([(x, middle)], None, 4 * radius * radius, **look)
        x += radius + 3
        sheet.write(x, middle, name, va="center_baseline", color=INK)
        x += text_width(name, TYPE)


def _round_sizes(counts: NDArray[np.float64]) -> list[int]:
    """Up to three round numbers from the smallest to the largest topic."""
    low, high = max(float(counts.min()), 1.0), float(counts.max())
    wanted = [low, (low * high) ** 0.5, high]
    found = {
        max(int(digit * 10**power) for power in range(9) for digit in _ROUND if digit * 10**power <= size + 1e-9)
        for size in wanted
    }
    return sorted(found)
