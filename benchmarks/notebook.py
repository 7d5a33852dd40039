"""The plain notebook code on a project, stage by stage: python -m benchmarks.notebook ANALYSIS [SCORES.npz].

Prints seconds of each stage as JSON. Only the clocks and reading the settings are ours.
"""

from __future__ import annotations

import json
import pickle
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

STARTED = time.perf_counter()
SECONDS: dict[str, float] = {}


class _Clock:
    """Notes how long a call takes."""

    def __init__(self, stage: str) -> None:
        self.stage = stage

    def __enter__(self) -> None:
        self.started = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        SECONDS[self.stage] = SECONDS.get(self.stage, 0.0) + time.perf_counter() - self.started


def timed(owner: Any, name: str, stage: str) -> None:
    """Let a function of a library note how long it takes."""
    function: Callable[..., Any] = getattr(owner, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with _Clock(stage):
            return function(*args, **kwargs)

    setattr(owner, name, wrapped)


def main(analysis: Path) -> None:
    """Run the notebook's cells and print the seconds of each."""
    import hdbscan
    import numpy as np
    import pandas as pd
    from bertopic import BERTopic
    from hdbscan.hdbscan_ import HDBSCAN
    from umap import UMAP

    SECONDS["imports"] = time.perf_counter() - STARTED
    settings = json.loads(next(analysis.glob("settings_*.json")).read_text())
    profile = next(path.parent for path in analysis.parent.glob("f01/*/corpus.csv"))
    corpus = pd.read_csv(profile / "corpus.csv", keep_default_na=False).reset_index(drop=True)
    if (profile / "embeddings.pck").exists():
        with (profile / "embeddings.pck").open("rb") as file:
            embeddings = pickle.load(file)["embeddings"]  # noqa: S301  # our own file
    else:
        embeddings = np.load(profile / "embeddings.npy")
    documents = corpus.text.to_list()
    size = settings["tmo"]["min_topic_size"]
    umap_model = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=100)
    cluster_model = HDBSCAN(
        min_cluster_size=size, metric="euclidean", cluster_selection_method="eom", prediction_data=True
    )
    timed(hdbscan, "all_points_membership_vectors", "membership")
    timed(BERTopic, "_reduce_dimensionality", "reduce")
    timed(BERTopic, "_cluster_embeddings", "cluster")
    timed(BERTopic, "_extract_topics", "ctfidf")
    timed(BERTopic, "_save_representative_docs", "representative")
    model = BERTopic(
        umap_model=umap_model,
        hdbscan_model=cluster_model,
        min_topic_size=size,
        n_gram_range=(1, 3),
        language="english",
        calculate_probabilities=True,
        verbose=False,
    )
    topics, _ = model.fit_transform(documents, embeddings)
    with _Clock("distribution"):
        distribution, _ = model.approximate_distribution(documents, batch_size=1000)
    started = time.perf_counter()
    scores = [row[topic] if topic != -1 else 0 for topic, row in zip(topics, distribution, strict=True)]
    info = model.get_topic_info()
    results = model.get_document_info(documents, df=corpus, metadata={"Score": scores})
    with tempfile.TemporaryDirectory() as folder:
        info.to_csv(Path(folder) / "topic_model_info.csv", index=False)
        results[results["Topic"] == -1].to_csv(Path(folder) / "orphans.csv", index=False)
        results[results["Topic"] != -1].drop(columns=["text"]).to_csv(Path(folder) / "dataset.csv", index=False)
        model.save(Path(folder) / "topic_model_object.pck", serialization="pickle")
    SECONDS["export"] = time.perf_counter() - started
    print(json.dumps({"seconds": SECONDS, "topics": len(info) - (-1 in topics), "outliers": topics.count(-1)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
