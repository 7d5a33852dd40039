"""Topics of several analyses compared."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topicloom.comparison.pairs import (
    Analysis,
    ComparisonError,
    compare,
    compare_two,
    comparison_table,
    likeness_flows,
    paper_flows,
)
from topicloom.comparison.writing import write_comparison
from topicloom.settings.reading import read_settings


def analysis(name: str, of_paper: dict[str, int], vectors: bool = True) -> Analysis:
    papers = pd.Series(of_paper, dtype=int)
    counts = papers[papers != -1].value_counts().sort_index()
    topics = pd.DataFrame(
        {
            "Topic": counts.index,
            "Label": [f"{name} <b>{topic}</b>" for topic in counts.index],
            "Count": counts.to_numpy(),
            "Colour": "#0072B2",
        }
    )
    return Analysis(name, topics, papers, np.eye(8)[: len(topics)] if vectors else None)


ONE = analysis("one", {"a": 0, "b": 0, "c": 1, "d": -1, "e": 0})
OTHER = analysis("other", {"a": 0, "b": 1, "c": 1, "d": 0, "x": 1})


def test_papers_are_matched_by_ut_and_outliers_kept_apart():
    pair = compare_two(ONE, OTHER)
    assert pair.shared.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    # Topic 0 of one has three papers and topic 0 of the other two; they share a.
    assert pair.overlap[0, 0] == pytest.approx(1 / 4)
    assert pair.overlap[1, 1] == pytest.approx(1 / 3)


@given(st.lists(st.tuples(st.integers(-1, 5), st.integers(-1, 5)), min_size=1, max_size=60))
def test_flows_keep_every_shared_paper(topics):
    def renumbered(numbers):
        ranked = {number: rank for rank, number in enumerate(sorted({n for n in numbers if n >= 0}))}
        return {str(row): ranked.get(number, -1) for row, number in enumerate(numbers)}

    one, other = (analysis(str(side), renumbered([pair[side] for pair in topics])) for side in (0, 1))
    flows = paper_flows([one, other])
    assert sum(width for *_, width in flows.links) == len(topics)
    assert compare_two(one, other).shared.sum() == len(topics)


def test_beyond_the_thirty_largest_topics_flow_as_one():
    many = analysis("many", {f"p{row}": row // 3 for row in range(150)}, vectors=False)
    flows = paper_flows([many, ONE.__class__("m2", many.topics, many.of_paper, None)])
    assert len(flows.nodes[0]) == 32
    assert flows.nodes[0][30][0] == "20 smaller topics"
    assert (0, 30, 30, 60.0) in flows.links
    assert likeness_flows([many, many]) is None


def test_the_table_has_shared_papers_and_the_most_similar():
    table = comparison_table(compare([ONE, OTHER]))
    assert set(table["Shared"]) == {0, 1}
    row = table[(table["Topic"] == 0) & (table["OtherTopic"] == 0)].iloc[0]
    assert (row["Shared"], row["Jaccard"], row["Similarity"]) == (1, 0.25, 1.0)
    assert comparison_table(compare([ONE, analysis("o", {"z": 0}, vectors=False)])).empty


def test_three_analyses_make_three_pairs_and_two_steps():
    assert len(compare([ONE, OTHER, ONE])) == 3
    assert {link[0] for link in paper_flows([ONE, OTHER, ONE]).links} == {0, 1}


def named(folder, label: str) -> None:
    """Write a summary as the stage describe does, with one label for all topics."""
    info = pd.read_csv(folder / "topic_model_info.csv")
    topics = info.loc[info["Topic"] != -1, ["Topic"]].assign(Label=label, Colour="#0072B2")
    topics.to_csv(folder / "topic_summary.csv", index=False)


def test_files_of_two_real_analyses(finished, run, tmp_path):
    second = finished.write_settings("a02", min_topic_size=9)
    run(second)
    for folder in (finished.analysis, second):
        named(folder, "a \x00 name a person gave \x1b[31m")
    settings = [read_settings(finished.analysis), read_settings(second)]
    files = write_comparison(settings, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == files
    assert {"comparison.html", "comparison.csv", "comparison_heatmap.png", "sankey_shared_papers.png"} <= set(files)
    table = pd.read_csv(tmp_path / "out" / "comparison.csv")
    # All papers are in both, so every paper that both assign is counted once.
    coords = [pd.read_csv(s.analysis_path / "document_coords.csv").set_index("UT")["Topic"] for s in settings]
    assert table["Shared"].sum() == ((coords[0] != -1) & (coords[1] != -1)).sum()
    assert table["Similarity"].between(-1, 1.0001).all()
    page = (tmp_path / "out" / "comparison.html").read_text()
    assert "<script src" not in page
    for file in (tmp_path / "out").glob("*.svg"):
        ElementTree.parse(file)
    before = (tmp_path / "out" / "comparison.csv").read_bytes()
    write_comparison(settings, tmp_path / "out")
    assert (tmp_path / "out" / "comparison.csv").read_bytes() == before


def test_labels_are_escaped(tmp_path):
    from topicloom.comparison.page import comparison_page

    page = comparison_page(["<x>"], compare([ONE, OTHER]), [paper_flows([ONE, OTHER])], ["a <note>"])
    assert "one <b>0" not in page
    assert "<note>" not in page
    assert "<x>" not in page.split("<script", 1)[0]


def test_bad_input_is_said_and_nothing_written(finished, project, tmp_path):
    ran, not_run = read_settings(finished.analysis), read_settings(project.analysis)
    for given_, words in (([ran], "only analysis"), ([ran, ran], "given twice"), ([ran, not_run], "Run it first")):
        with pytest.raises(ComparisonError, match=words):
            write_comparison(given_, tmp_path / "out")
    assert not (tmp_path / "out").exists()
