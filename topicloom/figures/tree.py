"""The tree of topics; of many topics the upper part, down to groups that have names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from topicloom.atlas.atlas import Atlas
from topicloom.figures.boxes import Box
from topicloom.figures.metrics import cut, round_scale, text_height, text_width, wrapped
from topicloom.figures.relations import Blocks, blocks_of
from topicloom.figures.sheet import MARGIN, Page, Sheet, notes_height
from topicloom.figures.style import INK, MUTED, TYPE

_LEAVES = {"single": 30, "double": 40}
_TREE = {"single": 0.3, "double": 0.45}  # share of the width
_LINE = text_height(1, TYPE)
_AXIS = 2 * _LINE + 8  # points below the tree, for the scale
_AWAY = 4.0


@dataclass(frozen=True)
class Branch:
    """Where two parts of the tree join.

    Args:
        at: Their distance.
        ups: Where they lie, by their leaves, 0 at the top.
        ends: At which distances their own parts join; 0 for a leaf.
        colour: Of what is below.
    """

    at: float
    ups: tuple[float, float]
    ends: tuple[float, float]
    colour: str


def branches_of(atlas: Atlas, blocks: Blocks) -> list[Branch]:
    """The branches of a tree above its blocks, whose leaves they are."""
    topics, order = len(atlas.topics), atlas.order
    leaf = np.empty(topics, dtype=np.int64)
    for number, (start, end) in enumerate(zip(blocks.starts, blocks.ends, strict=True)):
        leaf[order[start:end]] = number
    coarse = atlas.levels[:, 0]
    colours = [blocks.colours[number] for number in leaf]
    inside = [int(number) for number in leaf]  # the block that all below lies in, -1 for several
    groups = [int(code) for code in coarse]  # the same with coarsest groups
    ups, ends = [float(number) for number in leaf], [0.0] * topics
    found = []
    for left, right, distance, _ in atlas.tree:
        one, other = int(left), int(right)
        within = inside[one] if inside[one] == inside[other] else -1
        same = groups[one] if groups[one] == groups[other] else -1
        if within < 0:
            colour = colours[one] if same >= 0 else MUTED
            found.append(Branch(float(distance), (ups[one], ups[other]), (ends[one], ends[other]), colour))
        inside.append(within)
        groups.append(same)
        colours.append(colours[one])
        ups.append(ups[one] if within >= 0 else (ups[one] + ups[other]) / 2)
        ends.append(0.0 if within >= 0 else float(distance))
    return found


def dendrogram(atlas: Atlas, page: Page) -> list[str]:
    """The tree of topics, its leaves groups where there are many; nothing below two topics."""
    if not len(atlas.tree):
        return []
    blocks = blocks_of(atlas, _LEAVES[page.column])
    texts = _texts(atlas, blocks, page)
    highs = np.array([text_height(text.count("\n") + 1, TYPE) + (2 if page.narrow else 0.6) for text in texts])
    notes = [
        f"n = {len(atlas.topics):,} topics",
        "in brackets: papers" if blocks.whole else f"leaves: {len(texts)} groups; in brackets: their topics and papers",
    ]
    below = notes_height(notes, page)
    sheet = Sheet(page, below + _AXIS + highs.sum() + 2 * MARGIN)
    sheet.notes(notes)
    box = Box(MARGIN, below + _AXIS, page.width * _TREE[page.column], float(highs.sum()))
    middles = box.top - (highs.cumsum() - highs / 2)
    for middle, text, colour in zip(middles, texts, blocks.colours, strict=True):
        sheet.write(box.right + _AWAY, middle, text, va="center", color=colour)
    _draw_tree(sheet, box, branches_of(atlas, blocks), middles, _scale_name(atlas, narrow=page.narrow))
    return sheet.keep("dendrogram")


def _texts(atlas: Atlas, blocks: Blocks, page: Page) -> list[str]:
    """What stands beside each leaf: its name, its topics, its papers."""
    room = page.width * (1 - _TREE[page.column]) - _AWAY - 2 * MARGIN
    counts = atlas.topics["Count"].to_numpy()[atlas.order]
    texts = []
    for start, end, name in zip(blocks.starts, blocks.ends, blocks.names, strict=True):
        many = f"{end - start} topics, " if end - start > 1 else "" if blocks.whole else "1 topic, "
        said = f" ({many}{counts[start:end].sum():,}{'' if blocks.whole else ' papers'})"
        if page.narrow and not blocks.whole:
            texts.append(wrapped(f"{name} ({end - start:,}; {counts[start:end].sum():,})", room, TYPE, 3))
        elif page.narrow:
            texts.append(wrapped(name + said, room, TYPE, 3))
        else:
            texts.append(cut(name, room - text_width(said, TYPE), TYPE) + said)
    return texts


def _scale_name(atlas: Atlas, *, narrow: bool) -> str:
    """What the heights of the tree are."""
    if atlas.by_edges:
        return "1 / (1 + resolution)" if narrow else "1 / (1 + r), r the resolution at which they join"
    return "distance (Ward)" if narrow else "distance (Ward's method on unit vectors)"


def _draw_tree(sheet: Sheet, box: Box, branches: list[Branch], middles: NDArray[np.float64], scale_name: str) -> None:
    """Draw the branches from the leaves at the right to the root at the left, and the scale below."""
    farthest = max(branch.at for branch in branches)
    end, step = 1.02 * farthest, round_scale(farthest)[1]
    leaves = np.arange(len(middles))

    def place(distance: float, up: float) -> tuple[float, float]:
        return box.right - box.width * distance / end, float(np.interp(up, leaves, middles))

    lines = []
    for branch in branches:
        (one, other), (first, second) = branch.ups, branch.ends
        lines.append([place(first, one), place(branch.at, one), place(branch.at, other), place(second, other)])
    sheet.lines(lines, [branch.colour for branch in branches], 0.8, zorder=2)
    foot = box.bottom - 3
    sheet.lines([[(box.left, foot), (box.right, foot)]], MUTED, 0.5)
    for value in np.arange(0, end + 1e-9, step):
        x, _ = place(float(value), 0)
        sheet.lines([[(x, foot), (x, foot - 2)]], MUTED, 0.5)
        sheet.write(x, foot - 3, f"{value:g}", ha="center", va="top", color=MUTED)
    sheet.write(box.right, foot - 4 - _LINE, scale_name, ha="right", va="top", color=INK)
