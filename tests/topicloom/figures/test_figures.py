"""Static figures: drawn for any number of topics, printable as they are, labels that cover nothing."""

from __future__ import annotations

import dataclasses
import itertools
import re
import zlib
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from tests.topicloom.atlases import small_atlas
from topicloom.atlas.evolution import equal_periods, evolution
from topicloom.atlas.trends import topics_over_time
from topicloom.figures.alluvial import course_of, streams_of
from topicloom.figures.boxes import Box
from topicloom.figures.bubbles import drawn_bubbles
from topicloom.figures.free import in_free_places
from topicloom.figures.gallery import FiguresError, draw_figures
from topicloom.figures.maps import drawn_map
from topicloom.figures.metrics import block_width, cut, text_height, text_width, wrapped
from topicloom.figures.rim import Label, above_and_below, at_sides
from topicloom.figures.sheet import WIDTHS, Page, Sheet
from topicloom.figures.style import DPI, TYPE, styled
from topicloom.figures.years import drawn_years
from topicloom.output_files import PREVIEW

PNG = {"map", "map_by_year", "bubbles", "trends", "heatmap", "dendrogram", "coverage"}


def drawn_names(drawn) -> set[str]:
    return {file.removesuffix(".png") for file in drawn.files if file.endswith(".png")}


@pytest.mark.parametrize("topics", [0, 1, 2, 70])
def test_every_figure_that_the_data_allow_is_drawn(tmp_path, topics):
    drawn = draw_figures(small_atlas(topics), tmp_path)
    assert drawn.failed == {}
    lacking = {0: {"bubbles", "trends", "heatmap", "dendrogram", "coverage"}, 1: {"heatmap", "dendrogram"}}
    assert drawn_names(drawn) == PNG - lacking.get(topics, set())
    assert {path.name for path in tmp_path.iterdir()} == {*drawn.files, PREVIEW}
    with Image.open(tmp_path / "map.png") as image:
        assert image.size[0] == pytest.approx(WIDTHS["double"] * DPI / 72, abs=1)
        assert image.info["dpi"][0] == pytest.approx(DPI, abs=1)
        assert len(image.convert("RGB").getcolors(10**7)) > 10  # something is on it
    assert (tmp_path / PREVIEW).stat().st_size < 200_000


@pytest.fixture(scope="module")
def both_widths(tmp_path_factory):
    """All figures of an analysis in both widths and all formats."""
    folder = tmp_path_factory.mktemp("widths")
    atlas = small_atlas(70)
    draw_figures(atlas, folder, small_moves(atlas), "both", evolution=small_evolution(atlas))
    return folder


def small_evolution(atlas):
    """Periods of an atlas whose papers lie anywhere."""
    vectors = np.random.default_rng(1).normal(size=(len(atlas.papers), 8))
    return evolution(vectors, atlas.papers["Topic"].to_numpy(), atlas.papers["year"], equal_periods(atlas.years))


def small_moves(atlas):
    """A table of moves as far as figures read it."""
    count = len(atlas.topics)
    quarters = ("motor theme", "basic theme", "niche theme", "emerging or declining theme")
    return atlas.topics[["Topic"]].assign(
        State=["emerging" if topic % 7 == 0 else "no clear trend" for topic in range(count)],
        Centrality=np.linspace(0, 9, count),
        Density=np.linspace(5, 0, count) ** 2,
        Quarter=[quarters[topic % 4] for topic in range(count)],
    )


def test_figures_fit_the_columns_of_a_journal_and_their_type_has_seven_points_there(both_widths):
    wide = {path.stem for path in both_widths.glob("*.svg") if not path.stem.endswith("_single")}
    assert wide >= {*PNG, "strategic_map", "alluvial"}
    assert {path.stem for path in both_widths.glob("*.pdf")} == wide | {f"{name}_single" for name in wide}
    for path in both_widths.glob("*.svg"):
        width = ElementTree.parse(path).getroot().get("width")
        millimetres = float(width.removesuffix("pt")) * 25.4 / 72
        low, high = (85, 90) if path.stem.endswith("_single") else (170, 180)
        assert low <= round(millimetres, 1) <= high, path
        sizes = [float(size) for size in re.findall(r"font(?:-size)?: ([\d.]+)px", path.read_text())]
        assert sizes, path  # text is text
        assert min(sizes) >= TYPE, path


def test_a_pdf_embeds_one_truetype_font_and_its_text_can_be_found(both_widths):
    for path in both_widths.glob("*.pdf"):
        pdf = path.read_bytes()
        assert b"/CIDFontType2" in pdf or b"/TrueType" in pdf, path
        assert b"/FontFile2" in pdf, path
        assert b"/Type3" not in pdf, path
        assert re.search(rb"/MediaBox \[ 0 0 (\d+\.?\d*)", pdf), path
        streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S)
        assert any(b"Tj" in found or b"TJ" in found for found in map(inflated, streams)), path


def inflated(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


def test_every_figure_states_how_many_it_shows_and_none_names_a_folder(both_widths):
    for path in both_widths.glob("*.svg"):
        text = " ".join(re.findall(r"<text[^>]*>([^<]*)", path.read_text()))
        assert "n = " in text, path
        assert "Q338" not in text
        assert str(both_widths.name) not in text


@pytest.mark.parametrize("column", ["single", "double"])
@pytest.mark.parametrize("topics", [1, 12, 70, 300])
def test_labels_of_a_map_cover_no_paper_and_their_lines_do_not_cross(tmp_path, column, topics):
    atlas = small_atlas(topics, papers_each=20)
    with styled():
        for ground in (drawn_map(atlas, Page(tmp_path, column)), drawn_years(atlas, Page(tmp_path, column))):
            assert ground.placed
            assert ground.under_labels(atlas.papers["x"], atlas.papers["y"]) <= 0.05 * len(atlas.papers)
            assert ground.under_labels(atlas.papers["x"], atlas.papers["y"]) == 0
            for one, other in itertools.combinations(ground.placed, 2):
                assert not overlap(one.box, other.box), (one.text, other.text)
            sheet = ground.sheet
            for placed in ground.placed:
                assert placed.box.left >= 0
                assert placed.box.right <= sheet.width
                assert placed.box.bottom >= 0
                assert placed.box.top <= sheet.height


@pytest.mark.parametrize("column", ["single", "double"])
def test_no_text_leaves_the_sheet(tmp_path, column):
    atlas = small_atlas(70)
    atlas.papers["year"] = 2000 + atlas.papers["Topic"] % 4  # steps with decimals
    page = Page(tmp_path, column)
    with styled():
        for sheet in (drawn_map(atlas, page).sheet, drawn_years(atlas, page).sheet, drawn_bubbles(atlas, page).sheet):
            right, top = sheet.width * DPI / 72, sheet.height * DPI / 72
            for artist in sheet.figure.artists:
                if isinstance(artist, Text):
                    box = artist.get_window_extent()
                    assert box.x0 >= 0, artist
                    assert box.y0 >= 0, artist
                    assert box.x1 <= right, artist
                    assert box.y1 <= top, artist


def overlap(one: Box, other: Box) -> bool:
    return (
        one.left < other.right - 1e-6
        and other.left < one.right - 1e-6
        and one.bottom < other.top - 1e-6
        and other.bottom < one.top - 1e-6
    )


def crossings(placed) -> int:
    def turn(a, b, c):
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    lines = [(one.port, (one.label.x, one.label.y)) for one in placed]
    return sum(
        turn(a, b, c) * turn(a, b, d) < 0 and turn(c, d, a) * turn(c, d, b) < 0
        for (a, b), (c, d) in itertools.combinations(lines, 2)
    )


@pytest.mark.parametrize("seed", range(5))
def test_lines_to_labels_at_the_rim_do_not_cross(seed):
    rng = np.random.default_rng(seed)
    labels = [Label(*rng.uniform(120, 380, 2), f"label {i} of some words", "#000000") for i in range(24)]
    beside = at_sides(labels, Box(2, 110, 104, 280), Box(390, 110, 104, 280))
    assert len(beside) == 24
    assert crossings(beside) == 0
    around = above_and_below(labels[:8], Box(0, 390, 500, 40), Box(0, 60, 500, 40))
    assert len(around) == 8
    assert crossings(around) == 0


def test_labels_without_room_are_left_out_the_last_ones_first():
    labels = [Label(200.0, 100.0 + i, f"label {i}", "#000000") for i in range(60)]
    placed = at_sides(labels, Box(2, 100, 100, 90), Box(300, 100, 100, 90))
    assert {one.text for one in placed} == {f"label {i}" for i in range(len(placed))}
    assert 10 < len(placed) < 30


def test_the_width_of_a_text_is_what_a_renderer_makes_of_it(tmp_path):
    with styled():
        sheet = Sheet(Page(tmp_path), 100)
        for text in ("word sense disambiguation (WSD), cross-lingual", "WMT 2018: Überblick", "ä€ñ — 12 %"):
            sheet.write(2, 50, text)
            drawn = sheet.figure.artists[-1].get_window_extent().width * 72 / DPI
            assert text_width(text, TYPE) == pytest.approx(drawn, rel=0.03)
            assert text_width(text, TYPE) >= drawn - 0.5


def test_text_is_broken_to_a_width_and_cut_only_where_lines_end():
    text = "neural machine translation, speech translation, 代謝工学と合成生物学における展開"
    for width in (40, 80, 160):
        lines = wrapped(text, width, TYPE, 20)
        assert block_width(lines, TYPE) <= max(width, text_width("translation,", TYPE))
        assert lines.replace("\n", "").replace(" ", "") == text.replace(" ", "")
    short = wrapped(text, 60, TYPE, 2)
    assert short.count("\n") == 1
    assert short.endswith("…")
    assert block_width(short, TYPE) <= 60
    assert cut("abc", 100, TYPE) == "abc"
    assert text_height(2, TYPE) == pytest.approx(2 * text_height(1, TYPE))


def test_numbers_of_a_chart_cover_none_of_its_points_and_none_another():
    rng = np.random.default_rng(0)
    points = rng.uniform(10, 190, (150, 2))
    named = [((float(x), float(y)), "#000000") for x, y in points[:20]]
    placed = in_free_places(named, Box(0, 0, 200, 200), points, np.full(150, 2.0), [Box(0, 190, 60, 10)])
    found = [one for one in placed if one is not None]
    assert len(found) == 20
    for one in found:
        x, y = points[:, 0], points[:, 1]
        inside = (x > one.box.left) & (x < one.box.right) & (y > one.box.bottom) & (y < one.box.top)
        assert not inside.any()
    assert not any(overlap(one.box, other.box) for one, other in itertools.combinations(found, 2))


def test_labels_with_control_characters_break_no_figure_and_no_svg(tmp_path):
    atlas = small_atlas(12)
    for table, name in ((atlas.topics, "topic"), (atlas.groups, "group")):
        table["Label"] = [f"{name} {chr(code)}{chr(code + 9)} x" for code in range(len(table))]
    atlas.topics.loc[0, "Label"] = "half \ud800 \x7f \x85 \ufffe \uffff --> <b>"
    drawn = draw_figures(atlas, tmp_path)
    assert drawn.failed == {}
    assert drawn_names(drawn) == PNG
    for file in tmp_path.glob("*.svg"):
        ElementTree.parse(file)


def test_without_years_and_outliers_the_figures_that_need_them_are_left_out(tmp_path):
    drawn = draw_figures(small_atlas(3, years=False, outliers=False), tmp_path, formats=["png"])
    assert drawn_names(drawn) == PNG - {"map_by_year", "trends"}
    assert all(file.endswith(".png") for file in drawn.files)


@pytest.mark.parametrize("undated", [[1], [0, 1, 2]])
def test_topics_without_a_dated_paper_have_an_empty_chart(tmp_path, undated):
    """Books and early access have no year; where no topic has one, trends are left out."""
    known = small_atlas(3)
    papers = known.papers.copy()
    papers.loc[papers["Topic"].isin(undated), "year"] = None
    over_time = topics_over_time(papers["Topic"].to_numpy(), papers["year"], 2018)
    drawn = draw_figures(dataclasses.replace(known, papers=papers, over_time=over_time), tmp_path, formats=["png"])
    assert drawn.failed == {}
    assert ("trends" in drawn_names(drawn)) == (len(undated) < 3)


@pytest.mark.slow
def test_two_thousand_topics(tmp_path):
    drawn = draw_figures(small_atlas(2000, papers_each=2), tmp_path, width="both")
    assert drawn_names(drawn) == {*PNG, *(f"{name}_single" for name in PNG)}
    assert drawn.failed == {}


def test_the_same_atlas_gives_the_same_bytes(tmp_path):
    atlas = small_atlas(12)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        draw_figures(atlas, tmp_path / folder, small_moves(atlas), evolution=small_evolution(atlas))
    drawn, again = ({file.name: file.read_bytes() for file in (tmp_path / folder).iterdir()} for folder in ("a", "b"))
    assert len(drawn) >= 25
    assert drawn == again


def test_one_figure_that_fails_leaves_the_others(tmp_path, monkeypatch):
    from topicloom.figures import gallery

    def broken(*_):
        raise ValueError("no ink")

    monkeypatch.setitem(gallery._FIGURES, "heatmap", broken)
    drawn = draw_figures(small_atlas(12), tmp_path, formats=["png"])
    assert drawn_names(drawn) == PNG - {"heatmap"}
    assert drawn.failed == {"heatmap": "ValueError: no ink"}
    for name in gallery._FIGURES:
        monkeypatch.setitem(gallery._FIGURES, name, broken)
    with pytest.raises(FiguresError, match="no ink"):
        draw_figures(small_atlas(2), tmp_path)


def words_of(path) -> str:
    return " ".join(re.findall(r"<text[^>]*>([^<]*)", path.read_text()))


@pytest.mark.parametrize("topics", [40, 5])
def test_streams_hold_the_papers_of_the_periods_and_come_from_those_before(topics):
    atlas = small_atlas(topics, papers_each=60)
    atlas.topics.loc[2, "Field"] = False
    found, streams = small_evolution(atlas), streams_of(atlas)
    fields = set(atlas.topics.loc[atlas.topics["Field"], "Topic"])
    assert sorted(topic for stream in streams for topic in stream.topics) == sorted(fields)
    course = course_of(streams, found)
    own = found[found["Topic"].isin(fields)].drop_duplicates(["Period", "Topic"])
    assert course.sizes.sum(axis=1).tolist() == own.groupby("Period")["Papers"].sum().tolist()
    assert course.shares.sum(axis=1) == pytest.approx(1)
    known = found[found["Topic"].isin(fields) & found["EarlierTopic"].isin(fields)]
    assert course.flows[1:].sum() == known["FromEarlier"].sum() > 0
    assert (course.flows.sum(axis=1) <= course.sizes).all()
    first = streams[0]
    inside = known["Topic"].isin(first.topics) & known["EarlierTopic"].isin(first.topics)
    assert course.flows[:, 0, 0].sum() == known.loc[inside, "FromEarlier"].sum()


def test_the_alluvial_names_each_stream_and_the_papers_of_each_period(both_widths):
    atlas = small_atlas(70)
    course = course_of(streams_of(atlas), small_evolution(atlas))
    for name in ("alluvial", "alluvial_single"):
        text = words_of(both_widths / f"{name}.svg")
        # In one column the years of a period stand in two lines.
        assert all(years.replace("–", "– ") in text.replace("– ", "–").replace("–", "– ") for years in course.years)
        assert all(f" {papers:,} " in f" {text} " for papers in course.sizes.sum(axis=1))
        assert f"n = {course.sizes.sum():,} papers" in text
    labels = {stream.name.split(",")[0].split(" ")[0] for stream in streams_of(atlas)}
    assert len(labels) > 1
    assert all(label in text for label in labels)


def test_without_periods_or_with_one_stream_there_is_no_alluvial(tmp_path):
    for atlas in (small_atlas(12, papers_each=3), small_atlas(1, papers_each=300), small_atlas(0)):
        drawn = draw_figures(atlas, tmp_path, formats=["png"], evolution=small_evolution(atlas))
        assert drawn.failed == {}
        assert "alluvial" not in drawn_names(drawn)


@pytest.mark.parametrize(("by_edges", "said"), [(True, "resolution"), (False, "Ward")])
def test_the_tree_says_how_topics_were_joined(tmp_path, by_edges, said):
    atlas = dataclasses.replace(small_atlas(12), by_edges=by_edges)
    draw_figures(atlas, tmp_path, formats=["svg"])
    text = words_of(tmp_path / "dendrogram.svg")
    assert said in text
    assert ("Ward" in text) != by_edges


@pytest.mark.parametrize(("topics", "share"), [(1, "1 topic covers 100.0 %"), (4, "3 topics cover 75.0 %")])
def test_the_coverage_states_what_the_main_topics_cover(tmp_path, topics, share):
    draw_figures(small_atlas(topics), tmp_path, formats=["svg"])
    assert share in words_of(tmp_path / "coverage.svg")


def test_no_topic_is_called_growing_where_no_interval_leaves_0_out(tmp_path):
    atlas = small_atlas(12)
    unclear = atlas.topics.assign(Trend=np.linspace(-3, 3, 12), TrendLow=-9.0, TrendHigh=9.0)
    draw_figures(dataclasses.replace(atlas, topics=unclear), tmp_path, small_moves(atlas), formats=["svg"])
    text = words_of(tmp_path / "growth.svg")
    assert "no clear trend, share rising" in text
    assert "growing" not in text
    assert "declining" not in text


def test_a_topic_has_one_colour_in_all_figures():
    atlas = small_atlas(70)
    assert atlas.topics["Colour"].is_unique
    assert atlas.topics["Colour"].str.fullmatch(r"#[0-9A-F]{6}").all()
