"""How topics relate: the heatmap of their similarity, in the order of their tree."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from topicloom.atlas.atlas import Atlas
from topicloom.figures.boxes import Box
from topicloom.figures.ground import group_colours, short
from topicloom.figures.metrics import DPI, cut, rounded, text_height
from topicloom.figures.rim import Label, draw_labels, in_column
from topicloom.figures.sheet import MARGIN, Page, Sheet, notes_height
from topicloom.figures.style import INK, MUTED, TYPE

_NAMES = 172.0  # points: the column of names beside the image
_AWAY = 9.0
_BAR, _SCALE = 7.0, 36.0  # width of the bar of colours, and of it with its numbers and the room before it
_MOST = {"single": 12, "double": 30}  # names
_COLOURS = "cividis"
_STEPS = 64  # of colour


@dataclass(frozen=True)
class Blocks:
    """Neighbours in the order of the tree that have one name.

    Args:
        starts: (b,) place of the first topic of each.
        ends: (b,) place after its last.
        names: (b,)
        colours: (b,) as #RRGGBB.
        whole: Whether each is one topic.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    names: list[str]
    colours: list[str]
    whole: bool


def blocks_of(atlas: Atlas, most: int) -> Blocks:
    """The finest level of groups, or the topics, that has `most` members or fewer, as blocks of the tree's order."""
    order = atlas.order
    sizes = [int(atlas.levels[:, level].max()) for level in range(atlas.levels.shape[1])]
    level = max((level for level, size in enumerate(sizes) if size <= most), default=0)
    whole = level == len(sizes) - 1
    codes = atlas.levels[order, level]
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    of_level = atlas.groups[atlas.groups["Level"] == level].set_index("Code")["Label"]
    colours = group_colours(atlas, level)
    names = [str(of_level[code]) for code in codes[starts]]
    ends = np.append(starts[1:], len(order))
    return Blocks(starts, ends, names, [colours[code] for code in codes[starts]], whole)


def heatmap(atlas: Atlas, page: Page) -> list[str]:
    """Cosine similarity of all topics, neighbours of the tree side by side; nothing below two topics."""
    order = atlas.order
    if len(order) < 2:
        return []
    blocks = blocks_of(atlas, _MOST[page.column])
    beside = 0.0 if page.narrow else _NAMES + _AWAY
    side = rounded(page.width - 2 * MARGIN - beside - _SCALE)
    notes = [
        f"n = {len(order):,} topics",
        "cosine similarity of their mean embeddings; rows and columns in the order of their tree",
        "" if blocks.whole else f"squares: {len(blocks.names)} groups of topics",
    ]
    key = text_height(len(blocks.names), TYPE) + 6 if page.narrow else 0.0
    below = notes_height(notes, page) + key
    sheet = Sheet(page, below + side + 4 * MARGIN)
    sheet.notes(notes)
    box = Box(rounded(MARGIN + beside), rounded(below + 2 * MARGIN), side, side)
    _draw_similarity(sheet, box, atlas, order)
    _outline(sheet, box, blocks, len(order))
    if page.narrow:
        _number(sheet, box, blocks, len(order), below)
    else:
        middles = box.top - (blocks.starts + blocks.ends) / 2 * side / len(order)
        names = [
            Label(box.left - 1.5, float(y), short(name), colour)
            for y, name, colour in zip(middles, blocks.names, blocks.colours, strict=True)
        ]
        high = 2 if 2 * text_height(1, TYPE) * len(names) <= side else 1
        column = Box(MARGIN, box.bottom, _NAMES, box.height)
        draw_labels(sheet, in_column(names, column, ending=True, lines=high), dots=False)
    return sheet.keep("heatmap")


def _draw_similarity(sheet: Sheet, box: Box, atlas: Atlas, order: NDArray[np.int64]) -> None:
    from matplotlib import colormaps

    shown = atlas.similarity[np.ix_(order, order)]
    others = shown[~np.eye(len(order), dtype=bool)]
    high = float(others.max())
    low = min(float(np.quantile(others, 0.02)), high - 0.01)
    colours = (255 * colormaps[_COLOURS](np.linspace(0, 1, _STEPS))[:, :3]).round().astype(np.uint8)
    step = np.clip((shown - low) / max(high - low, 1e-9) * _STEPS, 0, _STEPS - 1).astype(np.int64)
    dots = round(box.width * DPI / 72)
    # Each topic takes whole dots, so that the image is the same in every program that shows it.
    cell = np.minimum(np.arange(dots) * len(order) // dots, len(order) - 1)
    sheet.image(box, _opaque(colours[step[np.ix_(cell, cell)]]))
    bar = Box(box.right + 6, box.bottom + box.height / 4, _BAR, box.height / 2)
    edges = np.linspace(bar.bottom, bar.top, _STEPS + 1)
    outlines = [
        [(bar.left, low), (bar.right, low), (bar.right, high), (bar.left, high)]
        for low, high in itertools.pairwise(edges)
    ]
    sheet.areas(outlines, colours / 255, edgecolors=colours / 255, linewidths=0.2)
    for share in (0.0, 0.5, 1.0):
        y = bar.bottom + share * bar.height
        sheet.write(bar.right + 3, y, f"{low + share * (high - low):.2f}", va="center_baseline", color=MUTED)


def _opaque(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.concatenate([colours, np.full((*colours.shape[:2], 1), 255, dtype=np.uint8)], axis=2)


def _outline(sheet: Sheet, box: Box, blocks: Blocks, topics: int) -> None:
    """A square around each block on the diagonal."""
    if blocks.whole:
        return
    cell = box.width / topics
    corners = []
    for start, end in zip(blocks.starts, blocks.ends, strict=True):
        (left, right), (top, bottom) = (
            (box.left + start * cell, box.left + end * cell),
            (
                box.top - start * cell,
                box.top - end * cell,
            ),
        )
        corners.append([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)])
    sheet.lines(corners, "white", 0.7, zorder=3)


def _number(sheet: Sheet, box: Box, blocks: Blocks, topics: int, foot: float) -> None:
    """Numbers on the blocks, and below the image a name for each."""
    cell = box.width / topics
    for number, (start, end, name) in enumerate(zip(blocks.starts, blocks.ends, blocks.names, strict=True)):
        middle = (start + end) / 2 * cell
        sheet.write(
            box.left + middle,
            box.top - middle,
            str(number + 1),
            **{"ha": "center", "va": "center", "color": INK, "zorder": 4},
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6},
        )
        y = foot - 4 - text_height(1, TYPE) * (number + 1)
        text = cut(f"{number + 1}  {short(name)}", sheet.width - 2 * MARGIN, TYPE)
        sheet.write(MARGIN, y, text, va="bottom", color=blocks.colours[number])
