"""How many of the papers the largest topics cover."""

from __future__ import annotations

import numpy as np

from topicloom.atlas.atlas import Atlas
from topicloom.atlas.clear_colours import LIGHT
from topicloom.figures.boxes import Box
from topicloom.figures.metrics import wrapped
from topicloom.figures.sheet import MARGIN, Page, Sheet, notes_height, plain
from topicloom.figures.style import INK, MUTED, TYPE, few_ticks
from topicloom.phrasing import number_of

_HEIGHT = {"single": 120.0, "double": 150.0}
_LEFT, _BELOW = 30.0, 26.0  # points for the numbers and names of the axes


def coverage(atlas: Atlas, page: Page) -> list[str]:
    """Share of the assigned papers that the largest topics cover together; nothing without topics."""
    counts = np.sort(atlas.topics["Count"].to_numpy())[::-1]
    if not len(counts):
        return []
    share = 100 * counts.cumsum() / counts.sum()
    main = int(atlas.topics["Main"].sum())
    notes = [f"n = {number_of(int(counts.sum()), 'paper', form=',')} in {number_of(len(counts), 'topic', form=',')}"]
    below = notes_height(notes, page)
    sheet = Sheet(page, below + _BELOW + _HEIGHT[page.column] + 2 * MARGIN)
    sheet.notes(notes)
    box = Box(MARGIN + _LEFT, below + _BELOW, page.width - _LEFT - 3 * MARGIN - 4, _HEIGHT[page.column])
    axes = sheet.axes(box)
    ranks = np.arange(1, len(counts) + 1)
    axes.plot(ranks, share, color=MUTED, linewidth=1)
    axes.plot(ranks[:main], share[:main], color=LIGHT[0], linewidth=1.8, marker="o" if main == 1 else "")
    axes.fill_between(ranks[:main], share[:main], color=LIGHT[0], alpha=0.15, linewidth=0)
    axes.axhline(100 * atlas.others_threshold, color=LIGHT[5], linewidth=0.8, linestyle="--")
    axes.set_xlim(0.5 if len(counts) < 20 else 0, len(counts) + 0.5)
    axes.set_ylim(0, 102)
    plain(axes)
    sheet.name_axes(box, "topics, the largest first", "assigned papers covered, %")
    few_ticks(axes.xaxis, whole=True)
    if len(counts) == 1:
        axes.set_xticks([1])
    cover = number_of(main, "topic covers", "topics cover", form=",")
    said = f"{cover} {100 * atlas.covered:.1f} % of the assigned papers"
    text = wrapped(said, box.width * 0.6, TYPE, 3)
    sheet.write(box.right - 4, box.bottom + 4, text, ha="right", va="bottom", multialignment="right", color=INK)
    return sheet.keep("coverage")
