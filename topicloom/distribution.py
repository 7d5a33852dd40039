"""How much of each document is about each topic, and the score of its own topic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from topicloom.progress import tell
from topicloom.settings import DistributionSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix


def topic_distribution(
    model: Any, documents: Sequence[str], topics: int, distribution: DistributionSettings
) -> csr_matrix:
    """Approximate topic distribution, a sparse (n, topics) float64 matrix whose rows sum to 1 or are empty.

    model: a fitted BERTopic. topics: how many it has, outliers not counted.
    Computed and made sparse batch by batch, so that n x topics is never held densely.
    Source: BERTopic.approximate_distribution.
    """
    import numpy as np
    from scipy.sparse import csr_matrix, vstack

    if topics == 0:
        return csr_matrix((len(documents), 0), dtype=np.float64)
    batches = []
    for start in range(0, len(documents), distribution.batch_size):
        batch = list(documents[start : start + distribution.batch_size])
        rows, _ = model.approximate_distribution(
            batch,
            batch_size=None,
            window=distribution.window,
            stride=distribution.stride,
            min_similarity=distribution.min_similarity,
            padding=distribution.padding,
        )
        batches.append(csr_matrix(rows))
        tell("topic distribution", start + len(batch), len(documents))
    return vstack(batches, format="csr")


def distribution_score(matrix: csr_matrix, topics: NDArray[np.int64]) -> NDArray[np.float64]:
    """Score of each document, (n,) float64: the share of its own topic in its distribution; 0 for outliers."""
    import numpy as np

    score = np.zeros(len(topics))
    assigned = np.flatnonzero(topics != -1)
    if assigned.size:
        score[assigned] = np.asarray(matrix[assigned, topics[assigned]]).ravel()
    return score


def centroid_score(embeddings: NDArray[np.floating[Any]], topics: NDArray[np.int64]) -> NDArray[np.float64]:
    """Score of each document, (n,) float64: cosine similarity to its topic's mean embedding, 0 for outliers.

    Clipped to 0 and 1; 1 is closest, so that the largest X_E of a topic is its hub.
    """
    import numpy as np

    score = np.zeros(len(topics))
    for topic in np.unique(topics[topics != -1]):
        rows = np.flatnonzero(topics == topic)
        vectors = np.asarray(embeddings[rows], dtype=np.float64)
        centroid = vectors.mean(axis=0)
        norms = np.linalg.norm(vectors, axis=1) * np.linalg.norm(centroid)
        similarity = np.divide(vectors @ centroid, norms, out=np.zeros(len(rows)), where=norms > 0)
        score[rows] = similarity.clip(0, 1)
    return score
