"""A quick look: vectors of the words of texts, which those of a real model, made small here, replace."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.conftest import Project
from topicloom.inputs.embeddings import are_quick
from topicloom.inputs.encoder import embeddings_missing, make_embeddings
from topicloom.inputs.quick_look import quick_vectors
from topicloom.settings.overrides import Overrides
from topicloom.settings.reading import read_settings
from topicloom.stages.load_embeddings import check_inputs
from topicloom.stages.notes import corpus_notes
from topicloom.store.store import Store

WORDS = [f"{stem}{end}" for stem in ("apple", "pear", "map", "field", "paper", "word") for end in "abcdefgh"]


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory):
    """A sentence-transformers model of 48 words and one layer."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("model")
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]))
    tokenizer = BertTokenizerFast(vocab=str(folder / "vocab.txt"))
    shape = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=len(tokenizer), **shape)).save_pretrained(folder / "bert")
    tokenizer.save_pretrained(folder / "bert")
    word = Transformer(str(folder / "bert"), max_seq_length=32)
    SentenceTransformer(modules=[word, Pooling(32)], device="cpu").save(str(folder / "whole"))
    return folder / "whole"


@pytest.fixture
def project(tmp_path, model_folder) -> Project:
    project = Project(tmp_path / "root")
    project.dataset.parent.mkdir(parents=True)
    rows = [f"S{n},{' '.join(WORDS[n : n + 5])},{' '.join(WORDS[2 * n : 2 * n + 9])}" for n in range(20)]
    project.dataset.write_text("\n".join(["UT,TI,AB", *rows]) + "\n")
    project.write_settings(transformer_model=str(model_folder))
    return project


def make(project: Project, *, quick: bool) -> np.ndarray:
    settings = read_settings(project.analysis, Overrides(quick=quick or None))
    make_embeddings(settings, Store(settings.store_path))
    return np.load(project.profile / "embeddings.npy")


def test_a_quick_look_is_replaced_by_a_run_without_it(project):
    quick = make(project, quick=True)
    assert quick.shape[0] == 20
    made = json.loads((project.profile / "embeds_settings.json").read_text())
    assert made["quick"] is True
    assert made["scikit_learn"]
    assert are_quick(project.profile)
    full_settings = read_settings(project.analysis)
    assert embeddings_missing(full_settings)
    assert not embeddings_missing(read_settings(project.analysis, Overrides(quick=True)))
    notes = list(corpus_notes(check_inputs(full_settings).facts, full_settings.tmo))
    assert any("This is a quick look" in note for note in notes)

    full = make(project, quick=False)
    assert full.shape == (20, 32)
    assert "quick" not in json.loads((project.profile / "embeds_settings.json").read_text())
    assert not embeddings_missing(full_settings)
    assert "quick" not in check_inputs(full_settings).facts
    assert np.array_equal(make(project, quick=True), full)  # the model's own are as good for a quick look


def test_a_kill_while_a_quick_look_is_replaced_leaves_no_quick_vectors_under_the_models_name(project, monkeypatch):
    from topicloom.inputs import encoder

    make(project, quick=True)
    whole = encoder.replaced

    def killed(path):
        if path.name == "embeddings.npy":
            raise KeyboardInterrupt
        return whole(path)

    with monkeypatch.context() as broken:
        broken.setattr(encoder, "replaced", killed)
        with pytest.raises(KeyboardInterrupt):
            make(project, quick=False)
    assert not (project.profile / "embeddings.npy").exists()
    assert make(project, quick=False).shape == (20, 32)


def test_texts_of_one_subject_are_near_and_the_same_whatever_the_threads():
    from threadpoolctl import threadpool_limits

    chance = np.random.default_rng(0)
    words = [
        [f"{stem}{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"] for stem in ("fruit", "map", "paper", "well")
    ]
    texts = [" ".join(chance.choice(words[n % 4], 12)) for n in range(200)] + ["", "und zwar"]
    vectors = quick_vectors(texts)
    assert vectors.shape == (202, 100)
    assert not vectors[200:].any()
    likeness, subject = vectors[:200] @ vectors[:200].T, np.arange(200) % 4
    own = subject[:, None] == subject
    assert likeness[own].mean() > 0.1 > 1e-3 > np.abs(likeness[~own]).max()
    with threadpool_limits(limits=1):
        assert np.array_equal(quick_vectors(texts), vectors)


@pytest.mark.parametrize("texts", [["one"], ["one", "two"], ["one word", "one word", "one word"], ["", "", "a"]])
def test_a_corpus_of_hardly_any_words_has_vectors(texts):
    vectors = quick_vectors(texts)
    assert vectors.dtype == np.float32
    assert len(vectors) == len(texts)
    assert np.isfinite(vectors).all()


@pytest.mark.parametrize("native", [True, False])
def test_half_precision_gives_nearly_the_same_vectors_where_the_processor_has_it(project, monkeypatch, native):
    from topicloom.inputs import half_precision

    full = make(project, quick=False)
    (project.profile / "embeddings.npy").unlink()
    project.write_settings(transformer_model=read_settings(project.analysis).tmo.transformer_model, precision="half")
    monkeypatch.setattr(half_precision, "_has_bfloat16", lambda: native)
    half = make(project, quick=False)
    assert half.dtype == np.float32
    assert np.array_equal(half, full) != native
    likeness = (half * full).sum(axis=1) / np.linalg.norm(half, axis=1) / np.linalg.norm(full, axis=1)
    assert likeness.min() > 0.999
    assert json.loads((project.profile / "embeds_settings.json").read_text())["precision"] == "half"


def test_whether_a_processor_has_bfloat16_is_asked_of_torch(monkeypatch):
    import torch

    from topicloom.inputs.half_precision import _has_bfloat16

    for found in ({}, {"avx2": True, "avx512_bf16": False}, {"avx512_bf16": True}):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda found=found: found, raising=False)
        assert _has_bfloat16() is bool(found.get("avx512_bf16"))
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True, raising=False)
    assert _has_bfloat16()


def test_vectors_of_a_quick_look_are_not_put_aside_and_those_of_the_model_stay(project):
    from topicloom.inputs.kept_vectors import kept_vectors, set_vectors_aside

    made = {"transformer_model": "m", "text_columns": ["TI"]}
    make(project, quick=False)
    assert set_vectors_aside(project.profile)
    make(project, quick=True)
    assert set_vectors_aside(project.profile)
    assert not (project.profile / "embeddings.npy").exists()
    assert [path.name for path in project.profile.glob("embeddings_before*")] == ["embeddings_before.npz"]
    assert kept_vectors(project.profile, made) == {}  # of another model
    assert make(project, quick=False).shape == (20, 32)
    assert not list(project.profile.glob("embeddings_before*"))
