"""Counts in messages: one paper is, two papers are."""

from __future__ import annotations

import pytest

from topicloom.phrasing import number_of
from topicloom.settings.schema import TopicModelSettings
from topicloom.stages.notes import corpus_notes, graph_notes, orphan_notes, result_notes, update_notes

_CORPUS = {"texts_with_nan": 0, "repeated_texts": 0, "empty_texts": 0, "documents": 9}


def test_one_is_one_and_none_is_several() -> None:
    assert [number_of(count, "topic") for count in (0, 1, 2)] == ["0 topics", "1 topic", "2 topics"]
    assert number_of(1, "analysis", "analyses") == "1 analysis"
    assert number_of(1.0, "hour", form="g") == "1 hour"
    assert number_of(12345, "paper", form=",") == "12,345 papers"


@pytest.mark.parametrize(
    ("fact", "one", "several"),
    [
        ("repeated_texts", "1 text repeats an earlier one", "2 texts repeat an earlier one"),
        ("texts_with_nan", "1 text ends in the word 'nan' or holds", "2 texts end in the word 'nan' or hold"),
        ("empty_texts", "1 text is empty", "2 texts are empty"),
        ("rights_notices", "1 text ends in a rights notice", "2 texts end in a rights notice"),
        ("placeholders", "1 text ends in a placeholder", "2 texts end in a placeholder"),
    ],
)
def test_notes_on_a_corpus(fact: str, one: str, several: str) -> None:
    tmo = TopicModelSettings(embeds_folder="e01")

    assert next(corpus_notes(_CORPUS | {fact: 1}, tmo)).startswith(one)
    assert next(corpus_notes(_CORPUS | {fact: 2}, tmo)).startswith(several)


def test_notes_on_a_result() -> None:
    tmo = TopicModelSettings(embeds_folder="e01", clusterer="graph")
    cluster = {"why": "", "clusters": 3, "outliers": 1, "too_small": 1, "anchors": 0}
    update = {"mode": "placed", "new": 1, "withdrawn": 1, "run": 2, "drift": 0.1}
    orphans = {"outliers_before": 2, "outliers": 1, "least_score": None}
    facts = {
        "represent": {"topics": 3},
        "distribution": {"assigned_with_score_zero": 1},
        "cluster": cluster,
        "graph": {"pieces": 2, "isolated": 1},
        "update": update,
        "reassign": orphans,
        "load-embeddings": {"documents": 10},
    }

    told = "\n".join(
        [
            *result_notes(facts, tmo),
            *graph_notes(facts, tmo),
            *update_notes(facts),
            *orphan_notes(facts, 0.05),
        ]
    )

    assert "1 assigned paper has a Score of 0" in told
    assert "2 pieces and 1 paper without an edge" in told
    assert "1 paper is an outlier: " in told
    assert "1 new paper was placed in the model of run 2, 1 was withdrawn" in told
    assert "1 of 2 outliers was given to topics" in told
    assert "1 outlier is left" in told
