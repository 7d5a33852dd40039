"""The colours of the page: seen on their ground, and told apart by eyes that lack a cone."""

from __future__ import annotations

import itertools
import re
from importlib.resources import files

import numpy as np
import pytest

from benchmarks.colours import EYES, as_seen, contrast
from topicloom.atlas.clear_colours import DARK, GREYS, LIGHT, lab, linear, page_colours
from topicloom.atlas.colours import BASE, OUTLIER, _shade
from topicloom.atlas.fields import GREY

CSS = files("topicloom.report").joinpath("assets", "report.css").read_text(encoding="utf-8")
OPACITY = 0.9  # of a point; map.js


def css(theme: int, name: str) -> str:
    """A colour of the style sheet: the first theme is the light one."""
    return re.findall(rf"--{name}: (#[0-9a-f]{{6}})", CSS)[theme].upper()


def mixed(colour: str, ground: str) -> str:
    pairs = [(int(colour[at : at + 2], 16), int(ground[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(OPACITY * one + (1 - OPACITY) * other):02X}" for one, other in pairs)


@pytest.mark.parametrize("theme", [0, 1])
def test_every_colour_of_a_topic_has_a_contrast_of_three_to_one(theme):
    ground = css(theme, "paper")
    shown = [colours[theme] for colours in page_colours([_shade(base, place) for base in BASE for place in range(60)])]
    for colour in [*shown, GREYS[theme], css(theme, "outlier")]:
        assert contrast(linear(mixed(colour, ground)), linear(ground)) >= 3, colour
    assert contrast(linear(css(theme, "field")), linear(ground)) >= 3
    for name in ("ink", "muted", "accent"):
        for behind in ("paper", "raised"):
            assert contrast(linear(css(theme, name)), linear(css(theme, behind))) >= 4.5, (name, behind)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
@pytest.mark.parametrize("eyes", EYES)
def test_each_two_groups_are_apart_to_every_eye(palette, eyes):
    theme = (LIGHT, DARK).index(palette)
    seen = [lab(as_seen(colour, eyes)) for colour in [*palette, css(theme, "outlier")]]
    least = min(float(np.linalg.norm(one - other)) for one, other in itertools.combinations(seen, 2))
    assert least >= (17 if eyes != "normal" else 24)


def test_a_topic_keeps_the_hue_of_its_group_and_greys_stay_grey():
    for place, base in enumerate(BASE):
        assert page_colours([base]) == [(LIGHT[place], DARK[place])]
        for light, _ in page_colours([_shade(base, number) for number in range(40)]):
            nearest = min(LIGHT, key=lambda other, light=light: float(np.linalg.norm(lab(other) - lab(light))))
            assert nearest == LIGHT[place]
            assert abs(lab(light)[0] - lab(LIGHT[place])[0]) <= 6
    assert page_colours([GREY]) == [GREYS]
    assert page_colours([OUTLIER])  # any colour has one
