"""Names, trends, tree and atlas: what the pictures show."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from tests.topicloom.atlases import small_atlas
from topicloom.atlas.colours import BASE, _topic_colours
from topicloom.atlas.kept import _hierarchy_table, _similarity_table, read_atlas, write_atlas
from topicloom.atlas.names import (
    _most_telling,
    _without_repeats,
    candidates,
    label_of,
    model_names,
    statistical_names,
    unique,
)
from topicloom.atlas.tree import group_levels, leaf_order, topic_tree
from topicloom.inputs.papers import beginning, read_doi
from topicloom.measures.similarity import topic_similarity
from topicloom.phrasing import shortened
from topicloom.settings.words import RepresentSettings
from topicloom.words.counting import count_ngrams
from topicloom.words.tokens import tokenise


def test_keywords_hold_no_stop_words_and_say_nothing_twice():
    group = [
        ("word embeddings", 9.0),
        ("embedding", 8.0),
        ("embedding words", 7.5),
        ("vectors", 6.0),
    ]
    assert _without_repeats(group, 5, "english") == ["word embeddings", "vectors"]
    texts = ["the model of the cells and the hearts"] * 3 + ["stars in the sky"] * 3
    counted = count_ngrams(tokenise(texts, "english"), np.array([0] * 3 + [1] * 3), RepresentSettings(), 1)
    found = candidates(csr_matrix(counted.counts, dtype=float), counted.vocabulary, "english")
    names = {name for name, _ in found[0]}
    assert {"cells", "hearts", "model"} <= names
    assert not any({"the", "of", "and"} & set(name.split()) for name in names)


def test_without_a_list_of_stop_words_those_that_most_topics_share_count_as_such():
    topics = 12
    texts = [f"der begriff{topic} der" for topic in range(topics)]
    counted = count_ngrams(tokenise(texts, "german"), np.arange(topics), RepresentSettings(n_gram_range=(1, 1)), 1)
    found = candidates(csr_matrix(counted.counts, dtype=float), counted.vocabulary, "german")
    assert [[name for name, _ in of_topic] for of_topic in found] == [[f"begriff{topic}"] for topic in range(topics)]


def test_a_name_in_a_language_without_spaces_is_kept_whole():
    found = statistical_names([[("合成生物学の応用", 1.0), ("代謝工学", 0.5)]], 10, "multilingual")
    assert found[0].keywords == ["合成生物学の応用", "代謝工学"]
    assert found[0].label == "合成生物学の応用, 代謝工学"


def test_every_topic_has_a_label_of_its_own():
    assert unique(["a", "b", "a", "a"]) == ["a", "b", "a (2)", "a (3)"]
    assert label_of([], 7) == "topic 7"
    assert len(shortened("x" * 300)) == 80
    names = statistical_names([[("cells", 1.0)], [("cells", 1.0)], []], 5, "english")
    assert [name.label for name in names] == ["cells", "cells (2)", "topic 2"]


def test_maximal_marginal_relevance_trades_nearness_for_difference():
    names, vectors = ["near", "nearly the same", "apart"], np.array([[1.0, 0.1], [1.0, 0.12], [0.6, -0.8]])
    topic = np.array([1.0, 0.0])
    assert _most_telling(names, vectors, topic, 2, diversity=0.0) == ["near", "nearly the same"]
    assert _most_telling(names, vectors, topic, 2, diversity=0.7) == ["near", "apart"]


def test_a_model_ranks_the_candidates_by_their_nearness_to_the_topic():
    meaning = {"cells": [1.0, 0.0], "hearts": [0.9, 0.1], "stars": [0.0, 1.0]}
    found = model_names(
        [[("stars", 3.0), ("cells", 2.0), ("hearts", 1.0)], []],
        np.array([[1.0, 0.0], [0.0, 1.0]]),
        lambda texts: np.array([meaning[text] for text in texts]),
        keywords=2,
        diversity=0.0,
        language="english",
    )
    assert found[0].keywords == ["cells", "hearts"]
    assert found[1].label == "topic 1"


@given(st.integers(2, 40), st.integers(0, 2**16))
def test_levels_of_groups_nest_and_the_last_is_the_topics(topics, seed):
    rng = np.random.default_rng(seed)
    vectors, counts = rng.normal(size=(topics, 6)), rng.integers(1, 50, topics)
    tree = topic_tree(vectors)
    levels = group_levels(tree, counts)
    assert sorted(leaf_order(tree, topics)) == list(range(topics))
    assert sorted(levels[-1]) == list(range(topics))
    for coarse, fine in itertools.pairwise(levels):
        assert all(len(set(coarse[fine == group])) == 1 for group in set(fine))
    for groups in levels:
        sizes = [counts[groups == group].sum() for group in range(groups.max() + 1)]
        assert sizes == sorted(sizes, reverse=True)


def test_similarity_is_the_cosine():
    from sklearn.metrics.pairwise import cosine_similarity

    vectors = np.random.default_rng(0).normal(size=(9, 5))
    np.testing.assert_allclose(topic_similarity(vectors), cosine_similarity(vectors), atol=1e-12)
    assert len(_similarity_table(topic_similarity(vectors))) == 36
    many = _similarity_table(topic_similarity(np.random.default_rng(0).normal(size=(600, 5))))
    assert len(many) == 600 * 50
    assert (many["Topic"] != many["Other"]).all()


def test_colours_are_the_palette_for_the_first_of_each_group_and_differ_within_one():
    colours = _topic_colours([0, 0, 1, 0, 1])
    assert colours[0] == BASE[0]
    assert colours[2] == BASE[1]
    assert len(set(colours)) == 5


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("10.1000/a(b)c", "10.1000/a(b)c"),
        ("https://doi.org/10.1000/x.", "10.1000/x"),
        ("none", ""),
        ("javascript:1", ""),
    ],
)
def test_dois(text, doi):
    assert read_doi(text) == doi


def test_a_long_text_stands_in_for_a_title_by_its_beginning():
    assert beginning("short\n title") == "short title"
    assert len(beginning("x" * 500)) == 120


@pytest.mark.parametrize("topics", [0, 1, 5, 40])
def test_an_atlas_comes_back_as_it_was_written(tmp_path, topics):
    atlas = small_atlas(topics)
    write_atlas(atlas, tmp_path)
    back = read_atlas(tmp_path)
    pd.testing.assert_frame_equal(back.papers, atlas.papers)
    pd.testing.assert_frame_equal(back.groups, atlas.groups, check_dtype=False)
    np.testing.assert_array_equal(back.levels, atlas.levels)
    summary = pd.read_csv(tmp_path / "topic_summary.csv")
    assert list(summary["Topic"]) == list(range(topics))
    assert summary["Label"].is_unique
    table = _hierarchy_table(atlas)
    assert len(table) == (atlas.papers["Topic"] != -1).sum()
    if topics:
        last = f"level{atlas.levels.shape[1] - 1}"
        # The finest level numbers topics by size, as X_C does.
        assert (table[last] == table["X_C"]).all()
        assert set(atlas.groups["Level"]) == set(range(atlas.levels.shape[1]))
