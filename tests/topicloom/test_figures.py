"""Static figures: drawn for any number of topics, labels that do not collide, one colour per topic."""

from __future__ import annotations

import dataclasses
import itertools
from xml.etree import ElementTree

import pytest
from PIL import Image

from tests.topicloom.atlases import small_atlas
from topicloom.atlas.trends import topics_over_time
from topicloom.figures.gallery import FiguresError, draw_figures
from topicloom.figures.labels import Label, place_labels, wrapped
from topicloom.figures.style import DPI, WIDTH, new_figure, styled
from topicloom.output_files import PREVIEW

PNG = {"map", "map_by_year", "bubbles", "trends", "heatmap", "dendrogram", "coverage"}


def drawn_names(drawn) -> set[str]:
    return {file.removesuffix(".png") for file in drawn.files if file.endswith(".png")}


@pytest.mark.parametrize("topics", [0, 1, 2, 70])
def test_every_figure_that_the_data_allow_is_drawn(tmp_path, topics):
    drawn = draw_figures(small_atlas(topics), tmp_path, "Q338/a01 $x$")
    assert drawn.failed == {}
    lacking = {0: {"bubbles", "trends", "heatmap", "dendrogram", "coverage"}, 1: {"heatmap", "dendrogram"}}
    assert drawn_names(drawn) == PNG - lacking.get(topics, set())
    assert {path.name for path in tmp_path.iterdir()} == {*drawn.files, PREVIEW}
    with Image.open(tmp_path / "map.png") as image:
        assert image.size[0] == pytest.approx(WIDTH * DPI, abs=2)
        assert image.info["dpi"][0] == pytest.approx(DPI, abs=1)
        assert len(image.convert("RGB").getcolors(10**7)) > 10  # something is on it
    assert (tmp_path / PREVIEW).stat().st_size < 200_000


def test_labels_with_control_characters_break_no_figure_and_no_svg(tmp_path):
    atlas = small_atlas(12)
    for table, name in ((atlas.topics, "topic"), (atlas.groups, "group")):
        table["Label"] = [f"{name} {chr(code)}{chr(code + 9)} x" for code in range(len(table))]
    atlas.topics.loc[0, "Label"] = "half \ud800 \x7f \x85 \ufffe \uffff --> <b>"
    drawn = draw_figures(atlas, tmp_path, "Q338/a01\x00\x1b[31m")
    assert drawn.failed == {}
    assert drawn_names(drawn) == PNG
    for file in tmp_path.glob("*.svg"):
        ElementTree.parse(file)


def test_without_years_and_outliers_the_figures_that_need_them_are_left_out(tmp_path):
    drawn = draw_figures(small_atlas(3, years=False, outliers=False), tmp_path, "a")
    assert drawn_names(drawn) == PNG - {"map_by_year", "trends"}


@pytest.mark.parametrize("undated", [[1], [0, 1, 2]])
def test_topics_without_a_dated_paper_have_an_empty_chart(tmp_path, undated):
    """Books and early access have no year; where no topic has one, trends are left out."""
    known = small_atlas(3)
    papers = known.papers.copy()
    papers.loc[papers["Topic"].isin(undated), "year"] = None
    over_time = topics_over_time(papers["Topic"].to_numpy(), papers["year"], 2018)
    drawn = draw_figures(dataclasses.replace(known, papers=papers, over_time=over_time), tmp_path, "a")
    assert drawn.failed == {}
    assert ("trends" in drawn_names(drawn)) == (len(undated) < 3)


@pytest.mark.slow
def test_two_thousand_topics(tmp_path):
    drawn = draw_figures(small_atlas(2000, papers_each=2), tmp_path, "many")
    assert drawn_names(drawn) == PNG
    assert drawn.failed == {}


def test_the_same_atlas_gives_the_same_bytes(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        draw_figures(small_atlas(12), tmp_path / folder, "a")
    drawn, again = ({file.name: file.read_bytes() for file in (tmp_path / folder).iterdir()} for folder in ("a", "b"))
    assert len(drawn) >= 10
    assert drawn == again


def test_one_figure_that_fails_leaves_the_others(tmp_path, monkeypatch):
    from topicloom.figures import gallery

    def broken(*_):
        raise ValueError("no ink")

    monkeypatch.setitem(gallery._FIGURES, "heatmap", (broken, ""))
    drawn = draw_figures(small_atlas(12), tmp_path, "a")
    assert drawn_names(drawn) == PNG - {"heatmap"}
    assert drawn.failed == {"heatmap": "ValueError: no ink"}
    for name in gallery._FIGURES:
        monkeypatch.setitem(gallery._FIGURES, name, (broken, ""))
    with pytest.raises(FiguresError, match="no ink"):
        draw_figures(small_atlas(2), tmp_path, "a")


def test_labels_do_not_collide_and_the_first_come_first():
    with styled():
        figure, axes = new_figure(4)
        axes.set_xlim(0, 10)
        axes.set_ylim(0, 10)
        labels = [Label(5 + 0.05 * i, 5, f"a label number {i}", 8) for i in range(60)]
        drawn = place_labels(axes, labels)
        assert 3 < len(drawn) < 60
        assert drawn[0].get_text() == wrapped("a label number 0")
        assert set(drawn) == set(axes.texts)  # those without room are gone
        renderer = figure.canvas.get_renderer()
        boxes = [text.get_window_extent(renderer) for text in drawn]
        assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
        frame = axes.get_window_extent(renderer)
        assert all(frame.contains(box.x0, box.y0) and frame.contains(box.x1, box.y1) for box in boxes)


def test_a_topic_has_one_colour_in_all_figures():
    atlas = small_atlas(70)
    assert atlas.topics["Colour"].is_unique
    assert atlas.topics["Colour"].str.fullmatch(r"#[0-9A-F]{6}").all()
