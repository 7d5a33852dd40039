"""Other libraries beside ours: one way run whole, in a process of its own, and the rows and table made of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import peers
from benchmarks.graph_parts import Corpus
from benchmarks.peers_report import peers_part
from topicloom.words.tokens import tokenise

TEXTS = ["deep maps of stars", "maps of deep sky", "cell growth", "growth of the cell"] * 25
TRUTH = np.array([0, 0, 1, 1] * 25)


@pytest.fixture
def corpus() -> Corpus:
    noise = np.random.default_rng(0).normal(scale=0.01, size=(100, 4))
    vectors = (np.eye(4)[TRUTH] + noise).astype(np.float32)
    return Corpus("four", vectors, np.full(100, 2000.0), tokenise(TEXTS, "english"))


@pytest.fixture
def folder(tmp_path: Path, corpus: Corpus) -> Path:
    np.save(tmp_path / "vectors.npy", corpus.vectors)
    (tmp_path / "texts.json").write_text(json.dumps(TEXTS))
    return tmp_path


def test_a_way_runs_in_a_process_of_its_own(folder: Path, corpus: Corpus) -> None:
    """KMeans, which our own environment has too."""
    ran = peers.peer(Path(sys.executable), "kmeans", folder, 100)
    assert "code" not in ran.cost, ran.cost
    assert ran.cost["seconds"] > ran.cost["fit"] > 0
    assert ran.cost["peak"] > 2**20
    found = peers.judged(corpus, ran.labels["all"], None)
    assert (found["topics"], found["outliers"], found["own_words"]) == (2, 0.0, False)
    assert found["npmi"] == found["npmi_by_ours"]


def test_a_library_that_is_absent_fails_with_what_it_said(folder: Path) -> None:
    np.savez(folder / "labels.npz", all=TRUTH)  # of the way before
    ran = peers.peer(Path(sys.executable), "toponymy", folder, 100)
    assert "No module named 'toponymy'" in ran.cost["output"]
    rows = list(peers.rows_of({"toponymy": [ran]}, {}))
    assert "failed after" in peers_part({"libraries": {}, "projects": {"p": {"documents": 100, "rows": rows}}})


def test_own_words_are_judged_beside_ours(corpus: Corpus) -> None:
    good, bad = (
        peers.judged(corpus, TRUTH, words)
        for words in ([["deep", "maps"], ["cell", "growth"]], [["deep", "cell"], ["maps", "growth", "unheard"]])
    )
    assert good["npmi"] > 0.9 > 0 > bad["npmi"]
    assert good["npmi_by_ours"] == bad["npmi_by_ours"]
    assert (good["unknown_words"], bad["unknown_words"]) == (0.0, 0.2)


def test_rows_are_medians_of_costs_and_agreement_of_seeds(corpus: Corpus) -> None:
    turned = np.where(np.arange(100) < 50, TRUTH, 1 - TRUTH)
    every = [
        peers.Ran({"seconds": seconds, "processor": 1.0, "peak": 2**30}, {"all": labels}, {})
        for seconds, labels in ((9.0, TRUTH), (2.0, TRUTH), (3.0, 1 - TRUTH))
    ]
    judgements = {("evoc", "all"): [peers.judged(corpus, one.labels["all"], None) for one in every]}
    (row,) = peers.rows_of({"evoc": every}, judgements)
    assert (row["seconds"], row["ari"], row["topics"], row["seeds"]) == (3.0, 1.0, [2, 2, 2], 3)
    every[1] = peers.Ran(every[1].cost, {"all": turned}, {})
    assert next(peers.rows_of({"evoc": every}, judgements))["ari"] < 0.5
    page = peers_part({"libraries": {"evoc": "1"}, "projects": {"p": {"documents": 100, "rows": [row]}}})
    assert "| EVoC | 3.0 s |  | 1.0 s | 1.00 GiB | 2 | 0 % | 1.00 | " in page
    assert f"| {row['npmi']:.3f} * |" in page
