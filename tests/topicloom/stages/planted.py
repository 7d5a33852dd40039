"""A small project with planted topics: three embedding profiles of one growing corpus."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.conftest import DIRECTIVE, Project

TOPICS, OF_EACH, ALONE = 7, 20, 34  # planted topics, their papers, and papers of no topic
PAPERS = TOPICS * OF_EACH + ALONE
DIMENSIONS = 32
BASE = PAPERS - 30  # papers of the first profile
FIRST, GROWN, SHUFFLED = "e01", "e02", "e03"
# A loose layout leaves outliers, and seeds disagree on some papers.
QUICK = {
    "umap": {"n_neighbors": 6, "n_epochs": 60, "min_dist": 0.8},
    "hdbscan": {"cluster_selection_method": "leaf"},
    "min_topic_size": 5,
}
OTHER_PROGRAMS = ("excel", "vosviewer", "gephi", "ris", "parquet")  # what they get says no more than papers.csv


def planted_project(root: Path) -> Project:
    """Make the project: e01 holds its first papers, e02 all, e03 all in another order of rows."""
    project = Project(root, "planted")
    rng = np.random.default_rng(7)
    topics = rng.permutation(np.repeat(np.arange(-1, TOPICS), [ALONE, *[OF_EACH] * TOPICS]))
    papers = pd.DataFrame(
        {
            # Not in the order of rows, so that canonical order is another one.
            "UT": [f"WOS:{number:06d}" for number in rng.permutation(PAPERS)],
            "uuid": [f"u{number:04d}" for number in range(PAPERS)],
            "TI": [f"Paper {number} on {_word(topic, 0)}" for number, topic in enumerate(topics)],
            "AB": [_abstract(rng, topic) for topic in topics],
            "PY": rng.integers(2001, 2012, PAPERS),
        }
    )
    project.dataset.parent.mkdir(parents=True)
    papers.to_csv(project.dataset, index=False)
    vectors = _vectors(rng, topics)
    for profile, rows in (
        (FIRST, np.arange(BASE)),
        (GROWN, np.arange(PAPERS)),
        (SHUFFLED, rng.permutation(PAPERS)),
    ):
        folder = project.dataset.parent / profile
        folder.mkdir()
        of_profile = papers.iloc[rows]
        texts = of_profile["TI"] + ". " + of_profile["AB"]
        pd.DataFrame({"uuid": of_profile["uuid"], "UT": of_profile["UT"], "text": texts}).to_csv(
            folder / "corpus.csv", index=False
        )
        np.save(folder / "embeddings.npy", vectors[rows])
        (folder / "embeddings_ids.json").write_text(json.dumps(of_profile["UT"].tolist()))
    return project


def save_word_model(folder: Path) -> None:
    """Save a sentence-transformers model of as many dimensions as the vectors have: counts of the planted words, mixed."""
    import torch
    from sentence_transformers import SentenceTransformer, models

    torch.manual_seed(7)
    words = [_word(topic, number) for topic in range(-1, TOPICS) for number in range(25)]
    vocabulary = list(dict.fromkeys(words))
    counts, mixed = models.BoW(vocab=vocabulary), models.Dense(len(vocabulary), DIMENSIONS)
    SentenceTransformer(modules=[counts, mixed], device="cpu").save(str(folder), create_model_card=False)


def write_settings(project: Project, analysis: str, profile: str, tmo: dict[str, Any], params: dict[str, Any]) -> Path:
    """The settings of an analysis on one of the profiles; returns its folder."""
    folder = project.path / analysis
    folder.mkdir(exist_ok=True)
    drawn = {"pictures": {"figures": False, "report": True}, "take_away": dict.fromkeys(OTHER_PROGRAMS, False)}
    content = {
        "metadata": {"project_folder": project.path.name, "filtered_folder": "f01", "analysis_id": analysis},
        "params": params,
        "tmo": {"embeds_folder": profile, **QUICK, **drawn, **tmo},
    }
    (folder / DIRECTIVE).write_text(json.dumps(content), encoding="utf-8")
    return folder


def _word(topic: int, number: int) -> str:
    return f"{'bcdfghkp'[topic + 1]}{'aeiou'[number % 5]}{'lmnprst'[number % 7]}{'aeiou'[number // 5 % 5]}x"


def _abstract(rng: np.random.Generator, topic: int) -> str:
    """Words of the paper's topic among words that all papers use; a paper of no topic uses words of several."""
    own = [_word(topic if topic >= 0 else int(rng.integers(0, TOPICS)), int(rng.integers(0, 25))) for _ in range(14)]
    common = [f"study{'abcdefgh'[int(number)]}" for number in rng.integers(0, 8, 8)]
    return " ".join(rng.permutation([*own, *common]))


def _vectors(rng: np.random.Generator, topics: np.ndarray) -> np.ndarray:
    centres = np.append(rng.normal(size=(TOPICS, DIMENSIONS)), np.zeros((1, DIMENSIONS)), axis=0)
    return (centres[topics] + rng.normal(size=(PAPERS, DIMENSIONS)) * 0.9).astype(np.float32)
