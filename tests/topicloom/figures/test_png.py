"""PNG files of our own writing, read by another program."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from topicloom.figures.png import write_png
from topicloom.figures.style import keep, new_figure, picture, styled


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 7, 4), (50, 1, 3), (301, 257, 4)])
def test_each_dot_is_read_as_it_was(shape, tmp_path):
    dots = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    write_png(tmp_path / "dots.png", dots, 300)
    with Image.open(tmp_path / "dots.png") as image:
        image.verify()  # the sums of all parts
    with Image.open(tmp_path / "dots.png") as image:
        assert (image.mode, image.format) == ("RGB", "PNG")
        np.testing.assert_array_equal(np.asarray(image), dots[..., :3])


def test_it_says_what_pillow_says(tmp_path):
    dots = np.zeros((3, 5, 3), dtype=np.uint8)
    write_png(tmp_path / "ours.png", dots, 300)
    Image.fromarray(dots).save(tmp_path / "theirs.png", dpi=(300, 300))
    with Image.open(tmp_path / "ours.png") as ours, Image.open(tmp_path / "theirs.png") as theirs:
        assert ours.info == theirs.info


def test_a_figure_is_written_dot_by_dot(tmp_path):
    with styled():
        figure, axes = new_figure(2.0)
        axes.plot([0, 1, 2], [0, 1, 0], color="#AA3311")
        axes.set_title("naïve maps")
        assert keep(figure, tmp_path, "figure", ("png",)) == ["figure.png"]
        expected = picture(figure)
    with Image.open(tmp_path / "figure.png") as image:
        assert len(image.getcolors(10**6)) > 10  # something is on it
        assert image.tobytes() == expected.tobytes()
