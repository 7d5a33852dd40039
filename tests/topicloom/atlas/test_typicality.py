"""Which papers are typical of their topic, and which topics are no field."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from scipy.stats import rankdata

from tests.topicloom.atlases import small_atlas
from topicloom.atlas.atlas import make_atlas
from topicloom.atlas.fields import GREY, NO_ABSTRACT, no_fields
from topicloom.atlas.names import TopicName
from topicloom.atlas.phrases import Phrases
from topicloom.atlas.typicality import most_typical, typicality
from topicloom.inputs.corpus import nan_marked
from topicloom.measures.similarity import unit_vectors
from topicloom.words.topic_table import Topic


def test_typicality_is_the_rank_of_the_cosine_within_the_topic():
    rng = np.random.default_rng(0)
    vectors, topics = rng.normal(size=(90, 6)), rng.integers(-1, 3, 90)
    means = np.array([vectors[topics == topic].mean(axis=0) for topic in range(3)])
    found = typicality(vectors, topics, means)
    assert np.isnan(found[topics == -1]).all()
    for topic in range(3):
        own = vectors[topics == topic]
        cosine = own @ means[topic] / np.linalg.norm(own, axis=1)
        assert found[topics == topic].max() == 100
        order = np.argsort(cosine)
        np.testing.assert_allclose(found[topics == topic][order], 100 * np.arange(1, len(own) + 1) / len(own))


def test_equal_papers_are_equally_typical_and_a_lone_one_is_the_most():
    found = typicality(
        np.array([[1.0, 0], [1, 0], [0, 1], [0.5, 0.5]]), np.array([0, 0, 0, 1]), np.array([[1.0, 0.2], [1, 1]])
    )
    np.testing.assert_allclose(found, [100, 100, 100 / 3, 100])
    papers = pd.DataFrame({"UT": list("abcd"), "Topic": [0, 0, 0, -1], "Typicality": [50.0, 100.0, 100.0, np.nan]})
    assert most_typical(papers) == {0: ["b", "c", "a"]}


def test_a_topic_of_papers_without_abstract_is_no_field():
    papers = pd.DataFrame(
        {"Topic": [0, 0, 0, 1, 1, 1, 1, -1], "Abstract": [False, True, False, True, True, True, True, True]}
    )
    assert no_fields(papers, np.array([0, 1])).tolist() == [True, False]
    titles_alone = papers.assign(Abstract=False)
    assert not no_fields(titles_alone, np.array([0, 1])).any()
    assert nan_marked(pd.Series(["A title nan", "nan and nan", "Nan is a name", "a nanometre"])).tolist() == [
        True,
        True,
        False,
        False,
    ]


@pytest.fixture
def half_without():
    """An atlas whose topic 0 has no abstracts, and has all papers of the last years."""
    n = 30
    numbers = np.repeat([0, 1, 2], n)
    rng = np.random.default_rng(0)
    papers = small_atlas(3, papers_each=n, outliers=False).papers.assign(
        Topic=numbers, Abstract=numbers != 0, year=pd.array([2012 + row % 5 for row in range(3 * n)], dtype="Int64")
    )
    table = [Topic(t, n, f"{t}_a", [f"word{t}"], [1.0], [t * n]) for t in range(3)]
    names = [TopicName(f"label {t}", [f"word{t}"]) for t in range(3)]
    held = csr_matrix((numbers[:, None] == np.arange(3)).astype(int))
    phrases = Phrases([f"word{t}" for t in range(3)], held, [[(t, 1.0)] for t in range(3)])
    return make_atlas(papers, table, rng.normal(size=(3, 4)), names, phrases, "english", 0.9, today=2030)


def test_it_is_grey_has_no_trend_and_no_name_of_its_own(half_without):
    topics = half_without.topics.set_index("Topic")
    assert topics.loc[0, ["Label", "Colour", "TrendReading", "Field"]].tolist() == [
        NO_ABSTRACT,
        GREY,
        NO_ABSTRACT,
        False,
    ]
    assert topics["Trend"].isna().tolist() == [True, False, False]
    assert topics["WithoutAbstract"].tolist() == [1, 0, 0]
    assert topics.loc[1:, "Field"].all()
    assert NO_ABSTRACT in set(half_without.groups["Label"])


def test_ranks_are_scipys_and_equal_papers_share_the_higher():
    rng = np.random.default_rng(0)
    vectors, topics = rng.integers(0, 3, (300, 3)).astype(float), rng.integers(-1, 5, 300)
    means = rng.normal(size=(5, 3))
    found = typicality(vectors, topics, means)
    assert np.isnan(found[topics == -1]).all()
    for topic in range(5):
        rows = np.flatnonzero(topics == topic)
        cosine = (unit_vectors(vectors[rows]) @ unit_vectors(means)[topic]).round(9)
        assert len(np.unique(cosine)) < len(rows)
        assert found[rows].tolist() == (100 * rankdata(cosine, method="max") / len(rows)).tolist()
