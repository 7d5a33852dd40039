"""What the benchmarks of the neighbour graph share: corpora, their graphs, and ties to the topics of a step before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicloom.clusters.graph.anchors import Anchors, anchors_of
from topicloom.inputs.embeddings import read_embeddings
from topicloom.settings.clusters import UmapSettings
from topicloom.space.neighbours import ALL_PAIRS_BELOW, Neighbours, find_neighbours
from topicloom.space.shared_neighbours import shared_neighbour_graph
from topicloom.words.tokens import Tokens, tokenise

INERTIAS, SEEDS = (0.0, 0.2, 0.5, 1.0), (100, 1, 2)
GROWING_AT = 20.0  # the resolution of all that grows
UMAP = UmapSettings()
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Corpus:
    """Papers by row: vectors (n, d), years (n,) with NaN where unknown, and their words."""

    name: str
    vectors: NDArray[np.float32]
    years: NDArray[np.float64]
    tokens: Tokens


def read_corpus(project: Path) -> Corpus:
    """Read a project in the folder layout of topicloom."""
    profile, corpus = _profile(project), _rows(project)
    dataset = pd.read_csv(
        project / "f01" / "dataset_raw_cleaned.csv", dtype=str, encoding="latin-1", keep_default_na=False
    )
    years = pd.to_numeric(dataset.drop_duplicates("UT").set_index("UT")["PY"], errors="coerce").reindex(corpus["UT"])
    vectors = np.asarray(read_embeddings(profile).vectors, dtype=np.float32)
    return Corpus(project.name, vectors, years.to_numpy(dtype=float), tokenise(corpus["text"].tolist(), "english"))


def read_texts(project: Path) -> list[str]:
    """The texts of a project, row by row as in `read_corpus`."""
    return [str(text) for text in _rows(project)["text"]]


def _profile(project: Path) -> Path:
    return next(project.glob("f01/*e01"))


def _rows(project: Path) -> pd.DataFrame:
    return pd.read_csv(_profile(project) / "corpus.csv", dtype=str, encoding="latin-1", keep_default_na=False)


def neighbours_of(vectors: NDArray[np.float32], seed: int) -> Neighbours | None:
    """Neighbours as a run finds them."""
    return find_neighbours(vectors, UMAP, seed, quiet=True) if len(vectors) >= ALL_PAIRS_BELOW else None


def graph_of(vectors: NDArray[np.float32], seed: int = SEEDS[0]) -> csr_matrix:
    """The graph of some papers that topics are found in."""
    return shared_neighbour_graph(vectors, UMAP, neighbours_of(vectors, seed))


def tied(papers: NDArray[np.int64], earlier: NDArray[np.int64], topics: Labels, inertia: float) -> Anchors:
    """The ties of papers to their topics of the step before."""
    return anchors_of(papers.astype(str), earlier.astype(str), topics, inertia)
