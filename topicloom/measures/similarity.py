"""How alike vectors are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def topic_similarity(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Cosine similarity of topics.

    Args:
        vectors: (t, d) mean embeddings.

    Returns:
        (t, t) float64, symmetric with a diagonal of 1.

    Example:
        >>> topic_similarity(np.array([[1.0, 0.0], [3.0, 4.0]])).tolist()
        [[1.0, 0.6], [0.6, 1.0]]
    """
    unit = unit_vectors(vectors)
    similarity = np.clip(unit @ unit.T, -1.0, 1.0)
    np.fill_diagonal(similarity, 1.0)
    return similarity


def nearest_topics(similarity: NDArray[np.floating[Any]], most: int) -> NDArray[np.int64]:
    """The topics that are most similar to each topic, itself left out.

    Args:
        similarity: (t, t), symmetric.
        most: How many are wanted.

    Returns:
        (t, at most t - 1) int64, the most similar first, of equals the lowest number.

    Example:
        >>> nearest_topics(np.array([[1.0, 0.8, 0.2], [0.8, 1.0, 0.4], [0.2, 0.4, 1.0]]), 1).tolist()
        [[1], [0], [1]]
    """
    others = np.array(similarity, dtype=np.float64)
    np.fill_diagonal(others, -np.inf)
    order: NDArray[np.int64] = np.argsort(-others, axis=1, kind="stable")[:, : max(min(most, len(others) - 1), 0)]
    return order


def unit_vectors(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Vectors of length 1 in the same directions.

    Args:
        vectors: (t, d).

    Returns:
        (t, d) float64; zeros stay.

    Example:
        >>> unit_vectors(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
        [[0.6, 0.8], [0.0, 0.0]]
    """
    wide = np.asarray(vectors, dtype=np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    return wide / np.where(lengths == 0, 1.0, lengths)
