"""How alike vectors are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def topic_similarity(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Cosine similarity of topics, (t, t) float64, symmetric with a diagonal of 1. vectors: (t, d) mean embeddings."""
    unit = unit_vectors(vectors)
    similarity = np.clip(unit @ unit.T, -1.0, 1.0)
    np.fill_diagonal(similarity, 1.0)
    return similarity


def unit_vectors(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Vectors of length 1 in the same directions; zeros stay. vectors: (t, d)."""
    wide = np.asarray(vectors, dtype=np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    return wide / np.where(lengths == 0, 1.0, lengths)
