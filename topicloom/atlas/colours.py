"""One colour per topic, the same in every figure, chosen so that colour-blind eyes can distinguish them too.

Groups of the coarsest level take the colours of Okabe and Ito (2008), of which the yellow, too pale on white, is an
olive here; topics within a group take lighter and darker shades of it.
"""

from __future__ import annotations

import colorsys
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from topicloom.atlas.tree import COARSEST

BASE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C7A00", "#7A5AA6")
OUTLIER = "#B4B4B4"
_DARKER, _LIGHTER = 0.68, 1.32  # lightness of shades over that of the base
_DARKEST, _LIGHTEST = 0.24, 0.62  # between them every colour is seen on white and on black


def _topic_colours(groups: Sequence[int]) -> list[str]:
    """Colour of each topic as #rrggbb. groups: group of each topic, by number, in the order of the tree's leaves or
    any other; the first topic of a group has its base colour.
    """
    seen: Counter[int] = Counter()
    colours = []
    for group in groups:
        colours.append(_shade(BASE[group % len(BASE)], seen[group]))
        seen[group] += 1
    return colours


def group_colours(levels: Sequence[NDArray[np.int64]], counts: NDArray[np.int64]) -> list[str]:
    """A colour for each topic: its coarsest group's, the group's largest topic first.

    Args:
        levels: Groups of the topics from coarse to fine, (t,) int64 each, as `topicloom.atlas.tree.group_levels` finds
            them.
        counts: (t,) papers of each topic.

    Returns:
        t colours as #RRGGBB.

    Example:
        >>> group_colours([np.array([0, 0, 1]), np.array([0, 1, 2])], np.array([9, 5, 3]))
        ['#0072B2', '#0E6FB1', '#E69F00']
    """
    if not levels:
        return []
    # Where there is only the level of topics, each is a group of its own, and colours come round again.
    groups = levels[0] if len(levels) > 1 else levels[0] % COARSEST
    by_size = np.lexsort((np.arange(len(counts)), -counts))
    found = [""] * len(counts)
    for topic, colour in zip(by_size.tolist(), _topic_colours(groups[by_size].tolist()), strict=True):
        found[topic] = colour
    return found


def _shade(base: str, position: int) -> str:
    """Shade number `position` of a colour; number 0 is the colour itself."""
    if position == 0:
        return base
    red, green, blue = (int(base[start : start + 2], 16) / 255 for start in (1, 3, 5))
    hue, middle, saturation = colorsys.rgb_to_hls(red, green, blue)
    # The golden ratio spreads shades evenly, however many there are.
    lightness = middle * (_DARKER + (_LIGHTER - _DARKER) * ((position * 0.618034) % 1.0))
    lightness = min(max(lightness, _DARKEST), _LIGHTEST)
    shifted = (hue + 0.03 * (((position * 0.7548777) % 1.0) - 0.5)) % 1.0
    mixed = colorsys.hls_to_rgb(shifted, lightness, saturation * 0.85)
    return "#" + "".join(f"{round(255 * channel):02X}" for channel in mixed)
