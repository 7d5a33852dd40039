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
