"""One way to topics of another library, in an environment of its own: python -m benchmarks.peer_ways WAY FOLDER SEED.

FOLDER holds vectors.npy, (n, d) float32, and texts.json, n texts. It gets labels.npz, (n,) int64 for each partition
that the way gives, -1 for outliers, and found.json: seconds of the fit, imports left out, and the words of topics where
the library finds some, the heaviest first.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

TOP = 10  # words of a topic
_PAPERS_A_TOPIC = 50  # what KMeans is told, which must be told something
Labels = NDArray[np.int64]
Vectors = NDArray[np.float32]


@dataclass
class Found:
    """What a way found: labels by partition; words by partition and topic, of the library's own; seconds of the fit."""

    labels: dict[str, Labels] = field(default_factory=dict)
    words: dict[str, list[list[str]]] = field(default_factory=dict)
    seconds: float = float("nan")


class Clock:
    """Seconds of a block."""

    def __enter__(self) -> Clock:
        self._started, self.seconds = time.perf_counter(), float("nan")
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._started


def bertopic(vectors: Vectors, texts: list[str], seed: int) -> Found:
    """BERTopic with nothing set but the seed, which its UMAP must be given by hand."""
    from bertopic import BERTopic
    from umap import UMAP

    with Clock() as clock:
        layout = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=seed)
        model = BERTopic(umap_model=layout)
        topics, _ = model.fit_transform(texts, vectors)
    words = [[word for word, _ in model.get_topic(topic) if word] for topic in sorted(set(topics)) if topic >= 0]
    return Found({"all": np.asarray(topics)}, {"all": words}, clock.seconds)


def toponymy(vectors: Vectors, texts: list[str], seed: int) -> Found:  # noqa: ARG001  # its names need a language model
    """Toponymy's clusterer on the map that its guide makes; the finest layer and the coarsest."""
    from toponymy.clustering import ToponymyClusterer
    from umap import UMAP

    with Clock() as clock:
        layout = UMAP(metric="cosine", random_state=seed).fit_transform(vectors)
        layers, _ = ToponymyClusterer().fit_predict(clusterable_vectors=layout, embedding_vectors=vectors)
    named = {"finest layer": layers[0], "coarsest layer": layers[-1]}
    return Found({name: np.asarray(layer.cluster_labels) for name, layer in named.items()}, {}, clock.seconds)


def evoc(vectors: Vectors, texts: list[str], seed: int) -> Found:  # noqa: ARG001  # it finds no words
    """EVoC of the embeddings: its finest layer, and the one that it would choose."""
    from evoc import EVoC

    with Clock() as clock:
        model = EVoC(random_state=seed)
        chosen = model.fit_predict(np.ascontiguousarray(vectors))
    return Found({"finest layer": model.cluster_layers_[0], "chosen layer": chosen}, {}, clock.seconds)


def fast_hdbscan(vectors: Vectors, texts: list[str], seed: int) -> Found:  # noqa: ARG001  # it finds no words
    """fast_hdbscan of UMAP's five dimensions."""
    from fast_hdbscan import HDBSCAN
    from umap import UMAP

    with Clock() as clock:
        layout = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=seed)
        labels = HDBSCAN(min_cluster_size=10).fit_predict(layout.fit_transform(vectors))
    return Found({"all": labels}, {}, clock.seconds)


class _NoEncoder:
    """Stands for the model that embeds, which vectors that are there make needless."""

    def encode(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("the embeddings are given")


def turftopic(vectors: Vectors, texts: list[str], seed: int) -> Found:
    """Turftopic's clustering model with nothing set but the seed: t-SNE, HDBSCAN, soft c-TF-IDF."""
    from turftopic import ClusteringTopicModel

    with Clock() as clock:
        model = ClusteringTopicModel(encoder=_NoEncoder(), random_state=seed)
        labels = model.fit_predict(texts, embeddings=vectors)
    words = [[word for word, _ in topic] for number, topic in model.get_topics(TOP) if number >= 0]
    return Found({"all": np.asarray(labels)}, {"all": words}, clock.seconds)


def kmeans(vectors: Vectors, texts: list[str], seed: int) -> Found:  # noqa: ARG001  # it finds no words
    """scikit-learn's KMeans of the embeddings."""
    from sklearn.cluster import KMeans

    with Clock() as clock:
        labels = KMeans(max(2, len(vectors) // _PAPERS_A_TOPIC), random_state=seed).fit_predict(vectors)
    return Found({"all": labels}, {}, clock.seconds)


WAYS: dict[str, Callable[[Vectors, list[str], int], Found]] = {
    "bertopic": bertopic,
    "toponymy": toponymy,
    "evoc": evoc,
    "fast_hdbscan": fast_hdbscan,
    "turftopic": turftopic,
    "kmeans": kmeans,
}


def main() -> None:
    """Find topics, and write them down."""
    way, folder, seed = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    found = WAYS[way](np.load(folder / "vectors.npy"), json.loads((folder / "texts.json").read_text()), seed)
    labels: dict[str, Any] = {name: np.asarray(one, dtype=np.int64) for name, one in found.labels.items()}
    np.savez(folder / "labels.npz", **labels)
    (folder / "found.json").write_text(json.dumps({"seconds": found.seconds, "words": found.words}))


if __name__ == "__main__":
    main()
