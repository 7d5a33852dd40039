"""Embeddings that the workers of a cluster make are those of one machine, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import Project
from topicloom.inputs import encoder
from topicloom.settings.reading import read_settings
from topicloom.store.store import Store

WORDS = [
    "graph",
    "neural",
    "topic",
    "model",
    "of",
    "protein",
    "folding",
    "and",
    "cells",
    "under",
    "stress",
    "with",
    "sparse",
    "data",
]


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Makes the embeddings of 70 texts of many lengths with a packaged model, by an engine."""
    monkeypatch.setattr(encoder, "CHUNK", 16)  # several blocks
    rng = np.random.default_rng(3)
    texts = [" ".join(rng.choice(WORDS, rng.integers(2, 60))) for _ in range(70)]

    def make(engine: str) -> bytes:
        project = Project(tmp_path / engine.replace(":", "-"), "made")
        project.dataset.parent.mkdir(parents=True)
        project.dataset.write_text("UT,TI,AB\n" + "".join(f"S{n},{text},\n" for n, text in enumerate(texts)))
        project.write_settings(transformer_model="all-MiniLM-L6-v2")
        monkeypatch.setenv("TOPICLOOM_ENGINE", engine)
        settings = read_settings(project.analysis)
        encoder.make_embeddings(settings, Store(settings.store_path))
        assert not list((settings.store_path / "embedding").rglob("*.npy"))
        return (project.profile / "embeddings.npy").read_bytes()

    return make


def test_by_dask(made):
    assert made("dask:2") == made("local")


@pytest.mark.slow
def test_by_ray(made):
    assert made("ray:2") == made("local")


def test_no_model_stays_in_this_process(made):
    made("local")
    assert encoder._models == {}
