"""Words and windows that the workers of a cluster find are those of one machine, element by element."""

from __future__ import annotations

import numpy as np
import pytest

from topicloom.engine.engines import Here, opened_engine
from topicloom.settings.words import DistributionSettings, RepresentSettings
from topicloom.words.distribution import topic_distribution
from topicloom.words.tokens import Tokens, tokenise, tokenise_in_blocks
from topicloom.words.topics import represent_topics

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


def shares(engine):
    tokens = tokenise(TEXTS, "english")
    topics = np.arange(len(TEXTS)) % 4
    found = represent_topics(tokens, np.eye(len(TEXTS)), topics, RepresentSettings(n_gram_range=(1, 2)))
    wanted = DistributionSettings(window=2, batch_size=7)
    return topic_distribution(found.documents, found.weights, found.weighting, wanted, engine=engine)


def equal(one, other) -> bool:
    return all(np.array_equal(getattr(one, part), getattr(other, part)) for part in ("data", "indices", "indptr"))


def test_windows_do_not_depend_on_the_engine():
    assert equal(shares(Here()), shares(None))


@pytest.mark.slow
@pytest.mark.parametrize("said", ["dask:2", "ray:2"])
def test_words_and_windows_on_a_cluster(said, monkeypatch):
    monkeypatch.setenv("TOPICLOOM_ENGINE", said)
    with opened_engine() as engine:
        assert same(tokenise_in_blocks(TEXTS, "english", None, engine, 9), tokenise(TEXTS, "english"))
        assert equal(shares(engine), shares(None))
