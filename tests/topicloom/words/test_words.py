"""Words, representative documents and distribution over integer n-grams, beside BERTopic's own over strings.

BERTopic's sorts are made stable, since what they make of equal values depends on the processor.
Real abstracts with their punctuation. Everything is equal bit for bit, since every sum runs in BERTopic's order; the
distribution's last step (a row scaled to 1) is scikit-learn's own call. So no tolerance is needed, and none is given.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import random as random_matrix
from sklearn.preprocessing import normalize

from tests.stable_bertopic import stable_sorts
from topicloom.settings.words import DistributionSettings, RepresentSettings
from topicloom.words.counting import count_ngrams
from topicloom.words.ctfidf import NoWordsError, Weighting, number_topics
from topicloom.words.distribution import approximate_distribution, topic_distribution
from topicloom.words.ngrams import read_document_ngrams, read_vocabulary, vocabulary_of, write_vocabulary
from topicloom.words.tokens import read_tokens, tokenise, write_tokens
from topicloom.words.topics import read_representation, represent_topics, write_representation

ODD = [
    "???",
    "İstanbul ΑΣ.ΒΓ naïve café's state-of-the-art",
    "a b",
    "two words",
    "two words",
    " ",
    "tab\tand\nbreak, of the of the",
    "Σ",
    "x" * 300,
    "the of and",
]
CLUSTERS = 12


@pytest.fixture(scope="module")
def texts(demo_papers):
    papers = demo_papers.fillna("")
    return [*(papers["TI"] + ". " + papers["AB"]), *ODD]


@pytest.fixture(scope="module")
def clusters(texts):
    drawn = np.random.default_rng(4).integers(-1, CLUSTERS, len(texts))
    drawn[texts.index("???")] = CLUSTERS  # alone in its cluster, and emptied by cleaning
    drawn[texts.index("x" * 300)] = CLUSTERS + 1  # alone, with fewer words than a topic has room for
    return drawn.astype(np.int64)


def bertopic_of(texts, clusters, embeddings, represent):
    from bertopic import BERTopic
    from bertopic.vectorizers import ClassTfidfTransformer
    from sklearn.feature_extraction.text import CountVectorizer

    class Reduced:
        def fit_transform(self, vectors, y=None):
            return vectors

    class Clustered:
        labels_ = clusters

        def fit(self, vectors, y=None):
            pass

    model = BERTopic(
        umap_model=Reduced(),
        hdbscan_model=Clustered(),
        vectorizer_model=CountVectorizer(
            ngram_range=represent.n_gram_range, stop_words=represent.stop_words, min_df=represent.min_df
        ),
        ctfidf_model=ClassTfidfTransformer(represent.bm25_weighting, represent.reduce_frequent_words),
        n_gram_range=represent.n_gram_range,
        top_n_words=represent.top_n_words,
        language=represent.language,
    )
    with stable_sorts():
        model.fit_transform(texts, embeddings)
    return model


WAYS = {
    "the notebook's": ({}, {}),
    "stop words, min_df, padding": (
        {"stop_words": "english", "min_df": 2, "n_gram_range": (1, 2)},
        {"window": 5, "stride": 2, "padding": True},
    ),
    "own stop words, long n-grams": (
        {"stop_words": ["the", "of"], "n_gram_range": (2, 4)},
        {"window": 6, "stride": 7, "min_similarity": 0.02},
    ),
    "another language, bm25, roots": (
        {"language": "multilingual", "bm25_weighting": True, "reduce_frequent_words": True, "top_n_words": 40},
        {"window": 3, "stride": 5, "min_similarity": 0.0, "padding": True},
    ),
    "single words": ({"n_gram_range": (1, 1)}, {"window": 1, "batch_size": 7}),
    "windows longer than texts": ({"n_gram_range": (1, 2)}, {"window": 5000, "padding": True}),
}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("way", WAYS)
def test_everything_is_bertopics_bit_for_bit(texts, clusters, way, threads):
    represent, distribution = RepresentSettings(**WAYS[way][0]), DistributionSettings(**WAYS[way][1])
    embeddings = np.random.default_rng(5).normal(size=(len(texts), 6)).astype(np.float32)
    theirs = bertopic_of(texts, clusters, embeddings, represent)
    ours = represent_topics(tokenise(texts, represent.language), embeddings, clusters, represent, threads)
    assert ours.topics.tolist() == theirs.topics_
    assert ours.vocabulary.strings() == theirs.vectorizer_model.get_feature_names_out().tolist()
    np.testing.assert_array_equal(ours.weights.indptr, theirs.c_tf_idf_.indptr)
    np.testing.assert_array_equal(ours.weights.indices, theirs.c_tf_idf_.indices)
    np.testing.assert_array_equal(ours.weights.data, theirs.c_tf_idf_.data)
    for topic, name in theirs.topic_labels_.items():
        found = next(row for row in ours.table if row.topic == topic)
        assert found.name == name
        assert list(zip(found.words, found.weights, strict=True)) == theirs.topic_representations_[topic]
        assert [texts[row] for row in found.representative_rows] == theirs.representative_docs_[topic]
    np.testing.assert_array_equal(ours.vectors, theirs.topic_embeddings_)
    arguments = distribution.model_dump(exclude={"batch_size"})
    expected, _ = theirs.approximate_distribution(texts, batch_size=distribution.batch_size, **arguments)
    matrix = topic_distribution(ours.documents, ours.weights[theirs._outliers :], ours.weighting, distribution, threads)
    np.testing.assert_array_equal(matrix.toarray(), expected)
    np.testing.assert_array_equal(approximate_distribution(theirs, texts, **arguments).toarray(), expected)


@pytest.mark.parametrize("least", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("window", [2, 4])
def test_of_many_topics_none_that_is_near_is_left_out(texts, least, window):
    """Windows reach few of 80 topics, and the others are never looked at: the same, bit for bit."""
    clusters = np.random.default_rng(6).integers(0, 80, len(texts))
    represent = RepresentSettings()
    embeddings = np.random.default_rng(7).normal(size=(len(texts), 6)).astype(np.float32)
    theirs = bertopic_of(texts, clusters, embeddings, represent)
    ours = represent_topics(tokenise(texts, represent.language), embeddings, clusters, represent)
    expected, _ = theirs.approximate_distribution(texts, window=window, min_similarity=least)
    wanted = DistributionSettings(window=window, min_similarity=least)
    found = topic_distribution(ours.documents, ours.weights, ours.weighting, wanted).toarray()
    assert 0 < (expected > 0).mean() < 0.95
    np.testing.assert_array_equal(found, expected)


def test_topics_near_by_weights_below_zero_are_not_left_out():
    """BM25 weighs what stands in most papers below 0, and two weights below 0 are alike as any two."""
    rng = np.random.default_rng(0)
    pool = ["of", "the", "in", *(f"word{number}" for number in range(40))]
    texts = [" ".join(rng.choice(pool, 12, p=[0.2] * 3 + [0.01] * 40)) for _ in range(60)]
    clusters, represent = np.arange(60) % 15, RepresentSettings(bm25_weighting=True, n_gram_range=(1, 1))
    embeddings = np.eye(60, dtype=np.float32)
    theirs = bertopic_of(texts, clusters, embeddings, represent)
    ours = represent_topics(tokenise(texts, "english"), embeddings, clusters, represent)
    assert (ours.weighting.idf < 0).any()
    expected, _ = theirs.approximate_distribution(texts, min_similarity=0.3)
    found = topic_distribution(ours.documents, ours.weights, ours.weighting, DistributionSettings(min_similarity=0.3))
    assert (expected > 0).any()
    np.testing.assert_array_equal(found.toarray(), expected)


@pytest.mark.parametrize("root", [False, True])
@pytest.mark.parametrize("never", [0.0, 0.3])
def test_counts_are_weighed_as_a_product_with_a_diagonal_matrix_weighs_them(root, never):
    rng = np.random.default_rng(0)
    counts = random_matrix(50, 300, 0.2, format="csr", random_state=rng, data_rvs=lambda size: rng.integers(1, 9, size))
    idf = np.where(rng.random(300) < never, 0.0, rng.normal(size=300))
    weighting = Weighting(idf, root)
    shares = normalize(counts, axis=1, norm="l1")
    expected = (np.sqrt(shares) if root else shares) * weighting.diagonal
    found = weighting(counts)
    for name in ("indptr", "indices", "data"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), strict=True)


def test_parity_reaches_real_similarities(texts, clusters):
    """The notebook's way would be equal, too, if nothing were found at all."""
    represent = RepresentSettings()
    ours = represent_topics(tokenise(texts, "english"), np.zeros((len(texts), 1)), clusters, represent)
    matrix = topic_distribution(ours.documents, ours.weights[1:], ours.weighting, DistributionSettings())
    assert (matrix.getnnz(axis=1) > 0).mean() > 0.8
    np.testing.assert_allclose(matrix.sum(axis=1)[matrix.getnnz(axis=1) > 0], 1)


@given(
    st.lists(st.text("ab Σİ.é\n1_", max_size=24), min_size=2, max_size=9),
    st.integers(1, 3),
    st.sampled_from(["english", "multilingual"]),
    st.data(),
)
@settings(max_examples=150, deadline=None)
def test_any_texts_are_counted_as_countvectorizer_counts_them(documents, longest, language, data):
    import re

    from sklearn.feature_extraction.text import CountVectorizer

    topics = np.array(data.draw(st.lists(st.integers(-1, 2), min_size=len(documents), max_size=len(documents))))
    frame = pd.DataFrame({"topic": topics, "text": documents}).groupby("topic")["text"].agg(" ".join)
    cleaned = [text.replace("\n", " ").replace("\t", " ") for text in frame]
    if language == "english":
        cleaned = [re.sub(r"[^A-Za-z0-9 ]+", "", text) for text in cleaned]
    reference = CountVectorizer(ngram_range=(1, longest))
    represent = RepresentSettings(n_gram_range=(1, longest), language=language)
    ours = count_ngrams(tokenise(documents, language), topics.astype(np.int64), represent)
    try:
        expected = reference.fit_transform([text or "emptydoc" for text in cleaned])
    except ValueError:
        assert ours.vocabulary.size == 0
        return
    assert ours.vocabulary.strings() == reference.get_feature_names_out().tolist()
    expected.sort_indices()
    np.testing.assert_array_equal(ours.counts.indices, expected.indices)
    np.testing.assert_array_equal(ours.counts.toarray(), expected.toarray())


def test_clusters_of_one_size_are_numbered_as_bertopic_numbers_them():
    clusters = np.random.default_rng(0).integers(-1, 300, 2000)
    theirs = bertopic_of(["word"] * 2000, clusters, np.zeros((2000, 1), np.float32), RepresentSettings())
    assert number_topics(clusters).tolist() == theirs.topics_


@given(st.lists(st.integers(-1, 6), min_size=1, max_size=40))
def test_clusters_of_one_size_are_numbered_by_their_first_document(drawn):
    topics = number_topics(np.array(drawn))
    met = [cluster for cluster in dict.fromkeys(drawn) if cluster >= 0]
    ranked = sorted(met, key=lambda cluster: (-drawn.count(cluster), drawn.index(cluster)))
    assert topics.tolist() == [ranked.index(cluster) if cluster >= 0 else -1 for cluster in drawn]


def test_no_words_left_is_said():
    tokens = tokenise(["the of", "of the", "the"], "english")
    for left_out in ({"stop_words": "english"}, {"min_df": 3}):
        with pytest.raises(NoWordsError, match="without words"):
            represent_topics(tokens, np.zeros((3, 1)), np.array([0, 0, 1]), RepresentSettings(**left_out))


def test_what_is_written_is_read_again(texts, clusters, tmp_path):
    tokens = tokenise(texts, "english")
    write_tokens(tmp_path / "tokens.npz", tokens)
    for name, value in dataclasses.asdict(read_tokens(tmp_path / "tokens.npz")).items():
        np.testing.assert_array_equal(value, getattr(tokens, name))
    represent = RepresentSettings(stop_words="english")
    ours = represent_topics(tokens, np.ones((len(texts), 2)), clusters, represent)
    write_representation(tmp_path, ours)
    again = read_representation(tmp_path, represent)
    assert again.table == ours.table
    assert again.vocabulary.strings() == ours.vocabulary.strings()
    np.testing.assert_array_equal(again.weights.data, ours.weights.data)
    documents = read_document_ngrams(tmp_path)
    np.testing.assert_array_equal(documents.found, ours.documents.found)
    np.testing.assert_array_equal(documents.offsets, ours.documents.offsets)


def test_a_vocabulary_survives_as_strings(texts, clusters, tmp_path):
    grown = count_ngrams(tokenise(texts, "english"), clusters, RepresentSettings(min_df=2)).vocabulary
    rebuilt = vocabulary_of({ngram: column for column, ngram in enumerate(grown.strings())})
    assert rebuilt.strings() == grown.strings()
    write_vocabulary(tmp_path / "v.npz", grown)
    assert read_vocabulary(tmp_path / "v.npz").strings() == grown.strings()
    some = np.array([0, grown.size // 2, grown.size - 1])
    assert grown.names(some) == {int(column): grown.strings()[column] for column in some}


def test_a_vectorizer_of_characters_is_refused(texts, clusters):
    from sklearn.feature_extraction.text import CountVectorizer

    class Model:
        vectorizer_model = CountVectorizer(analyzer="char")

    with pytest.raises(ValueError, match="must be 'word'"):
        approximate_distribution(Model(), ["text"])
