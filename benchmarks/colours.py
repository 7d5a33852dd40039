"""How well the colours of topics are seen: python -m benchmarks.colours FOLDER; a line for each set of colours.

FOLDER: the stored result of the stage describe, ROOT/PROJECT/.topicloom/describe/KEY. Measured: topics whose contrast
with their ground is below 3:1, and topics of which one of another group is nearer than 10 (CIE76), to three kinds of
eyes, as Machado, Oliveira and Fernandes (2009) model them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from topicloom.atlas.atlas import Atlas
from topicloom.atlas.clear_colours import lab, linear, page_colours
from topicloom.atlas.kept import read_atlas

GROUNDS = ("#FFFFFF", "#14181D")  # of the page, light and dark
EYES = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
}
_NEAR = 10.0


def main(folder: Path) -> None:
    """Print what was measured: for the colours of the atlas, and for those of the page."""
    atlas = read_atlas(folder)
    own = list(atlas.topics["Colour"])
    for theme, ground in enumerate(GROUNDS):
        for name, colours in (("atlas", own), ("page", [pair[theme] for pair in page_colours(own)])):
            faint = sum(contrast(linear(colour), linear(ground)) < 3 for colour in colours)
            near = ", ".join(f"{eyes} {confused(atlas, colours, eyes):.1%}" for eyes in EYES)
            print(f"{name:<6} on {ground}: below 3:1 {faint} of {len(colours)}; near another group's: {near}")


def confused(atlas: Atlas, colours: Sequence[str], eyes: str) -> float:
    """Share of the topics that are fields of which a topic of another group has nearly the same colour."""
    groups, fields = atlas.levels[:, 0], atlas.topics["Field"].to_numpy(dtype=bool)
    seen = np.array([lab(as_seen(colour, eyes)) for colour in colours])
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=-1)
    apart[groups[:, None] == groups[None]] = np.inf
    apart[:, ~fields] = np.inf
    return float((apart[fields].min(axis=1) < _NEAR).mean())


def as_seen(colour: str, eyes: str) -> str:
    """The colour that normal eyes take for what these eyes see."""
    light = np.clip(np.asarray(EYES[eyes]) @ linear(colour), 0, 1)
    parts = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(255 * part):02X}" for part in parts)


def luminance(light: ArrayLike) -> float:
    """Of the light of red, green and blue, from 0 to 1."""
    return float(np.dot([0.2126, 0.7152, 0.0722], np.asarray(light)))


def contrast(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Contrast of two lights as WCAG has it, from 1 to 21."""
    lower, higher = sorted((luminance(one), luminance(other)))
    return (higher + 0.05) / (lower + 0.05)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
