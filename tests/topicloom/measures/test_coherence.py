"""Coherence against gensim, element by element, and against counting windows one by one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topicloom.measures.coherence import CV_WINDOW, NPMI_WINDOW, coherence, count_windows
from topicloom.measures.quality import diversity, silhouette, topic_quality
from topicloom.words.tokens import tokenise


def frequent(tokens, topics, words):
    """Topics made of words of the corpus, some frequent and some rare."""
    counts = np.bincount(tokens.ids, minlength=len(tokens.words))
    ranked = [tokens.words[word] for word in np.lexsort((np.arange(len(counts)), -counts))]
    return [ranked[start :: len(ranked) // words][:words] for start in range(topics)]


@pytest.fixture(scope="module")
def abstracts(demo_papers):
    texts = list(demo_papers["AB"].dropna())
    # gensim forgets a word of a window as soon as its first place has left, so no word stands twice here.
    return [list(dict.fromkeys(text.lower().split())) for text in texts]


@pytest.mark.parametrize(("measure", "which"), [("c_npmi", 0), ("c_v", 1)])
def test_equal_to_gensim_on_real_abstracts(abstracts, measure, which):
    from gensim.corpora import Dictionary
    from gensim.models.coherencemodel import CoherenceModel

    tokens = tokenise([" ".join(words) for words in abstracts], "english")
    words = [tokens.words[word] for word in tokens.ids.tolist()]
    texts = [words[a:b] for a, b in zip(tokens.offsets[:-1], tokens.offsets[1:], strict=True)]
    texts = [list(dict.fromkeys(text)) for text in texts]
    tokens = tokenise([" ".join(text) for text in texts], "multilingual")
    topics = frequent(tokens, topics=12, words=10)
    reference = CoherenceModel(
        topics=topics, texts=texts, dictionary=Dictionary(texts), coherence=measure, processes=1
    ).get_coherence_per_topic()
    # The sums of a mean run in another order: some units in the last place.
    np.testing.assert_allclose(coherence(topics, tokens)[which], reference, rtol=0, atol=1e-13)


words = st.sampled_from(["alpha", "beta", "gamma", "delta", "other"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(words, max_size=14), min_size=1, max_size=6), st.integers(1, 8), st.integers(1, 3))
def test_windows_are_those_that_one_counts_by_hand(documents, window, threads):
    tokens = tokenise([" ".join(document) for document in documents], "multilingual")
    topic = ["alpha", "beta", "gamma", "delta"]
    found = count_windows([topic], tokens, window, threads)
    windows = []
    for begin, end in zip(tokens.offsets[:-1], tokens.offsets[1:], strict=True):
        document = [tokens.words[word] for word in tokens.ids[begin:end].tolist()]
        if document:
            windows += [set(document[i : i + window]) for i in range(max(len(document) - window, 0) + 1)]
    assert found.windows == len(windows)
    for word, number in found.number.items():
        assert found.alone[number] == sum(word in held for held in windows)
    for (one, other), count in found.together.items():
        names = {word for word, number in found.number.items() if number in (one, other)}
        assert count == sum(names <= held for held in windows)


def test_topics_without_two_known_words_have_no_coherence():
    tokens = tokenise(["cells of the heart", "cells of the brain"], "english")
    npmi, c_v = coherence([["cells", "unheard"], [], ["cells", "heart"]], tokens)
    assert np.isnan(npmi).tolist() == [True, True, False]
    assert np.isnan(c_v).tolist() == [True, True, False]
    assert NPMI_WINDOW < CV_WINDOW


def test_a_topic_whose_words_keep_company_is_more_coherent_than_a_mixed_one():
    texts = ["heart cells beat"] * 20 + ["stars of the sky shine"] * 20
    npmi, c_v = coherence([["heart", "cells", "beat"], ["heart", "stars", "beat"]], tokenise(texts, "english"))
    assert npmi[0] > 0.9 > 0 > npmi[1]
    assert c_v[0] > c_v[1]


def test_diversity_counts_different_words():
    assert diversity([["a", "b"], ["a", "c"]]) == 0.75
    assert diversity([]) is None


def test_silhouette_is_scikit_learns_and_none_where_it_has_none():
    from sklearn.metrics import silhouette_score

    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(centre, 0.3, (40, 2)) for centre in (0, 3)])
    topics = np.repeat([0, 1], 40)
    topics[:5] = -1
    expected = silhouette_score(points[5:], topics[5:])
    assert silhouette(points, topics, 0) == pytest.approx(expected, abs=5e-5)
    assert silhouette(points, np.zeros(80, dtype=int), 0) is None
    assert silhouette(points, np.full(80, -1), 0) is None


@pytest.mark.parametrize("topics", [0, 1, 3])
def test_quality_of_few_topics_is_json_without_nan(topics):
    import json

    tokens = tokenise(["heart cells beat", "stars shine bright", "genes of cells"] * 5, "english")
    numbers = np.arange(15) % 3
    numbers[numbers >= topics] = -1
    all_words = [["heart", "cells"], ["stars", "shine"], ["genes", "cells"]]
    found = topic_quality(
        numbers,
        all_words[:topics],
        tokens,
        np.eye(3)[:topics],
        np.random.default_rng(0).normal(size=(15, 2)),
        seed=0,
    )
    json.dumps(found, allow_nan=False)
    assert found["measures"]["outlier_share"]["value"] == pytest.approx((3 - topics) / 3, abs=1e-4)
    assert all(measure["how_to_read"] for measure in found["measures"].values())
    assert len(found["topics"]) == topics


def test_two_topics_that_say_the_same_are_named():
    tokens = tokenise(["heart cells beat"] * 4, "english")
    vectors = np.array([[1.0, 0.0], [0.99, 0.05], [0.0, 1.0]])
    found = topic_quality(np.array([0, 1, 2, 0]), [["heart"]] * 3, tokens, vectors, np.zeros((4, 2)), seed=0)
    assert [(pair["topic"], pair["other"]) for pair in found["redundant_pairs"]] == [(0, 1)]
    assert dataclasses.is_dataclass(count_windows([], tokens, 3))
