"""Colours that are seen: one for each group of topics, in a dark set for white and a light one for black.

The colour of a topic (`topicloom.atlas.colours`) says to which of eight it belongs, and how light it is among its own.
Both sets were searched for, hue by hue near those of the atlas: each colour has a contrast of 3:1 or more with its
ground, and each two are far apart to normal, protanopic and deuteranopic eyes.
"""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from topicloom.atlas.colours import BASE
from topicloom.atlas.fields import GREY

LIGHT: Final = ("#4160CB", "#9C6610", "#34885C", "#731A35", "#1D6AA2", "#AF3337", "#463B00", "#5B1B68")
DARK: Final = ("#4383FA", "#B18107", "#28D9BC", "#AE6BCD", "#30D2FF", "#AE804A", "#FEB065", "#BA8DC8")
GREYS: Final = ("#5F646C", "#A7ADB6")  # of topics that are no fields
_SHADES = 5.0  # CIE lightness, up and down, in which topics of a group vary
_VARIES = 0.32  # lightness of the atlas's shades, up and down over that of their base
_PALER = 0.85  # how pure the atlas's shades are over their base
_TURN = 10.0  # weight of a hue against a purity
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.119192, 0.9503041]]
)


def page_colours(colours: Sequence[str]) -> list[tuple[str, str]]:
    """What the page shows for the colours of topics.

    Args:
        colours: Of the topics in the atlas, as #RRGGBB.

    Returns:
        For each its colour on white, and that on black.

    Example:
        >>> page_colours(["#0072B2", "#8A8F98"])
        [('#4160CB', '#4383FA'), ('#5F646C', '#A7ADB6')]
    """
    return [GREYS if colour.upper() == GREY else _shown(colour) for colour in colours]


def lab(colour: str) -> NDArray[np.float64]:
    """A colour as CIE L*a*b* (D65), (3,).

    Args:
        colour: As #RRGGBB.

    Returns:
        Lightness from 0 to 100, and the two of the hue.

    Example:
        >>> (abs(lab("#FFFFFF")).round() + 0).tolist()
        [100.0, 0.0, 0.0]
    """
    shares = (_TO_XYZ @ linear(colour)) / _TO_XYZ.sum(axis=1)
    steps = np.where(shares > 0.008856, np.cbrt(shares), 7.787 * shares + 16 / 116)
    return np.array([116 * steps[1] - 16, 500 * (steps[0] - steps[1]), 200 * (steps[1] - steps[2])])


def linear(colour: str) -> NDArray[np.float64]:
    """The light of a colour's red, green and blue, each from 0 to 1, (3,).

    Args:
        colour: As #RRGGBB.

    Returns:
        sRGB without its gamma.

    Example:
        >>> linear("#FF0000").tolist()
        [1.0, 0.0, 0.0]
    """
    parts = np.array([int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def _shown(colour: str) -> tuple[str, str]:
    lightness = _hls(colour)[1]
    place = min(range(len(BASE)), key=lambda base: _away(colour, BASE[base]))
    lighter = max(-1.0, min(1.0, (lightness / _hls(BASE[place])[1] - 1) / _VARIES))
    return _shifted(LIGHT[place], _SHADES * lighter), _shifted(DARK[place], _SHADES * lighter)


def _hls(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return colorsys.rgb_to_hls(red, green, blue)


def _away(colour: str, base: str) -> float:
    """How far a colour is from being a shade of a base: two blues have one hue and differ in how pure they are."""
    (hue, _, pure), (base_hue, _, base_pure) = _hls(colour), _hls(base)
    turn = min((hue - base_hue) % 1.0, (base_hue - hue) % 1.0)
    return _TURN * turn + min(abs(pure - base_pure), abs(pure - _PALER * base_pure))


def _shifted(colour: str, lightness: float) -> str:
    if abs(lightness) < 1e-9:
        return colour
    level, red, blue = lab(colour) + np.array([lightness, 0.0, 0.0])
    middle = (level + 16) / 116
    steps = np.array([middle + red / 500, middle, middle - blue / 200])
    shares = np.where(steps**3 > 0.008856, steps**3, (steps - 16 / 116) / 7.787) * _TO_XYZ.sum(axis=1)
    parts = np.clip(np.linalg.solve(_TO_XYZ, shares), 0, 1)
    parts = np.where(parts <= 0.0031308, parts * 12.92, 1.055 * parts ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(255 * part):02X}" for part in parts)
