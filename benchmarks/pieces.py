"""Our public functions beside those they stand in for, in one process: python -m benchmarks.pieces ANALYSIS.

Needs an analysis that has been run. Prints seconds of both and the largest difference as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds that a call takes, and what it returns."""
    started = time.perf_counter()
    result = function()
    return time.perf_counter() - started, result


def membership(analysis: Path) -> dict[str, float]:
    """Membership vectors of all points of the analysis's own clustering."""
    import hdbscan
    import joblib
    import numpy as np

    from topicloom.clusters.membership import all_points_membership_vectors

    key = json.loads((analysis / "run.json").read_text())["stages"]["cluster"]["key"]
    model = joblib.load(analysis.parent / ".topicloom" / "cluster" / key / "clusterer.joblib")
    small = hdbscan.HDBSCAN(min_cluster_size=5, prediction_data=True).fit(model.prediction_data_.raw_data[:500])
    all_points_membership_vectors(small)  # loads the compiled code
    ours, mine = timed(lambda: all_points_membership_vectors(model))
    theirs, reference = timed(lambda: hdbscan.all_points_membership_vectors(model))
    return {"ours": ours, "theirs": theirs, "largest_difference": float(np.abs(mine - reference).max())}


def distribution(analysis: Path) -> dict[str, float]:
    """Approximate distribution of all documents, from texts, with the saved model."""
    import numpy as np
    import pandas as pd
    from bertopic import BERTopic

    from topicloom.words.distribution import approximate_distribution

    corpus = next(analysis.parent.glob("f01/*/corpus.csv"))
    documents = pd.read_csv(corpus, keep_default_na=False, dtype=str)["text"].to_list()
    model = BERTopic.load(str(analysis / "topic_model_object.pck"))
    model.verbose = False
    approximate_distribution(model, documents[:10])
    ours, mine = timed(lambda: approximate_distribution(model, documents))
    theirs, reference = timed(lambda: model.approximate_distribution(documents, batch_size=1000)[0])
    return {"ours": ours, "theirs": theirs, "largest_difference": float(np.abs(mine.toarray() - reference).max())}


if __name__ == "__main__":
    print(json.dumps({"membership": membership(Path(sys.argv[1])), "distribution": distribution(Path(sys.argv[1]))}))
