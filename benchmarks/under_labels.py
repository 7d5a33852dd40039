"""How many papers lie under the labels of the figures: python -m benchmarks.under_labels FOLDER.

FOLDER: the stored result of the stage describe, ROOT/PROJECT/.topicloom/describe/KEY. Printed for the maps of both
widths: labels that are written, papers (or middles of bubbles) inside the box of one, and lines of labels that cross.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from topicloom.atlas.kept import read_atlas
from topicloom.figures.bubbles import drawn_bubbles
from topicloom.figures.maps import drawn_map
from topicloom.figures.rim import Placed, lines_cross
from topicloom.figures.sheet import WIDTHS, Page
from topicloom.figures.style import styled
from topicloom.figures.years import drawn_years


def main(folder: Path) -> None:
    """Print what was measured, a line a figure."""
    atlas = read_atlas(folder)
    figures = {
        "map": (drawn_map, atlas.papers),
        "map_by_year": (drawn_years, atlas.papers),
        "bubbles": (drawn_bubbles, atlas.topics),
    }
    with tempfile.TemporaryDirectory() as scratch, styled():
        for column, (name, (draw, points)) in itertools.product(WIDTHS, figures.items()):
            ground = draw(atlas, Page(Path(scratch), column))
            under = ground.under_labels(points["x"], points["y"])
            print(
                f"{name}, {column}: {len(ground.placed)} labels, {under} of {len(points):,} points under them "
                f"({under / max(len(points), 1):.1%}), {crossings(ground.placed)} lines cross"
            )


def crossings(placed: Sequence[Placed]) -> int:
    """Pairs of labels whose lines cross."""
    lines = [(one.port, (one.label.x, one.label.y)) for one in placed]
    return sum(lines_cross(*one, *other) for one, other in itertools.combinations(lines, 2))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
