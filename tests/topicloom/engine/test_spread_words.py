"""Words and windows that the workers of a cluster find are those of one machine, element by element."""

from __future__ import annotations

import numpy as np
import pytest

from topicloom.engine.engines import Here, opened_engine
from topicloom.settings.words import DistributionSettings, RepresentSettings
from topicloom.words import ngram_blocks
from topicloom.words.counting import Wording, count_ngrams
from topicloom.words.distribution import topic_distribution
from topicloom.words.tokens import Tokens, tokenise, tokenise_in_blocks
from topicloom.words.topics import represent_topics

CSR = ("data", "indices", "indptr")
TEXTS = [
    "Deep maps of the cell",
    "",
    "...",
    "ΟΔΟΣ and Σ, deep",
    "Maps, maps; (2023) graph-based maps",
    "cells under stress\nand growth",
    "naïve Bayes of cells",
    "graph growth",
] * 5


def same(one: Tokens, other: Tokens) -> bool:
    return all(
        np.array_equal(value, vars(other)[name])
        and getattr(value, "dtype", None) == getattr(vars(other)[name], "dtype", None)
        for name, value in vars(one).items()
    )


@pytest.mark.parametrize("language", ["english", "multilingual"])
@pytest.mark.parametrize("size", [1, 3, 7, 40, 100])
def test_words_do_not_depend_on_the_blocks(size, language):
    assert same(tokenise_in_blocks(TEXTS, language, None, Here(), size), tokenise(TEXTS, language))


def test_no_documents_have_no_words():
    assert same(tokenise_in_blocks([], "english", None, Here()), tokenise([], "english"))


def same_wording(one: Wording, other: Wording) -> bool:
    return (
        one.vocabulary.words == other.vocabulary.words
        and one.vocabulary.size == other.vocabulary.size
        and all(map(identical, one.vocabulary.keys, other.vocabulary.keys))
        and all(map(identical, one.vocabulary.columns, other.vocabulary.columns))
        and all(identical(getattr(one.counts, part), getattr(other.counts, part)) for part in CSR)
        and one.counts.has_sorted_indices == other.counts.has_sorted_indices
        and all(map(identical, vars(one.documents).values(), vars(other.documents).values()))
    )


def identical(one, other) -> bool:
    return one.dtype == other.dtype and np.array_equal(one, other)


@pytest.fixture(scope="module")
def many():
    """400 texts of 30 words in 7 topics, some of them empty, as tokens, and their topics."""
    rng = np.random.default_rng(5)
    texts = [" ".join(f"w{word:02}" for word in rng.zipf(1.6, rng.integers(0, 25)) % 30) for _ in range(400)]
    return tokenise(texts, "english"), rng.integers(-1, 6, 400)


@pytest.mark.parametrize(
    "wanted",
    [
        {"n_gram_range": (1, 1)},
        {"n_gram_range": (1, 3)},
        {"n_gram_range": (2, 4)},
        {"n_gram_range": (1, 2), "min_df": 3, "stop_words": ["w01", "w02"]},
    ],
    ids=str,
)
@pytest.mark.parametrize("size", [3, 100, 1000, 10**6])
def test_ngrams_do_not_depend_on_the_blocks(many, size, wanted, monkeypatch):
    monkeypatch.setattr(ngram_blocks, "BLOCK", size)
    represent = RepresentSettings(**wanted)
    alone = count_ngrams(*many, represent)
    assert alone.vocabulary.size > 10
    assert same_wording(count_ngrams(*many, represent, engine=Here()), alone)


@pytest.mark.parametrize("texts", [["", ""], ["word", ""], ["", "one two"]])
def test_ngrams_of_hardly_any_words(texts, monkeypatch):
    monkeypatch.setattr(ngram_blocks, "BLOCK", 1)
    given = tokenise(texts, "english"), np.array([0, 1]), RepresentSettings(n_gram_range=(1, 4))
    assert same_wording(count_ngrams(*given, engine=Here()), count_ngrams(*given))


def shares(engine):
    tokens = tokenise(TEXTS, "english")
    topics = np.arange(len(TEXTS)) % 4
    found = represent_topics(tokens, np.eye(len(TEXTS)), topics, RepresentSettings(n_gram_range=(1, 2)))
    wanted = DistributionSettings(window=2, batch_size=7)
    return topic_distribution(found.documents, found.weights, found.weighting, wanted, engine=engine)


def equal(one, other) -> bool:
    return all(np.array_equal(getattr(one, part), getattr(other, part)) for part in CSR)


def test_windows_do_not_depend_on_the_engine():
    assert equal(shares(Here()), shares(None))


@pytest.mark.slow
@pytest.mark.parametrize("said", ["dask:2", "ray:2"])
def test_words_and_windows_on_a_cluster(said, many, monkeypatch):
    monkeypatch.setenv("TOPICLOOM_ENGINE", said)
    monkeypatch.setattr(ngram_blocks, "BLOCK", 1000)
    with opened_engine() as engine:
        assert same(tokenise_in_blocks(TEXTS, "english", None, engine, 9), tokenise(TEXTS, "english"))
        assert equal(shares(engine), shares(None))
        assert same_wording(
            count_ngrams(*many, RepresentSettings(), engine=engine), count_ngrams(*many, RepresentSettings())
        )
