"""Embeddings for a first look, in seconds: texts by the words that they share, without any model.

Words are weighted by how few texts hold them (TF-IDF) and drawn together into few dimensions by a singular value
decomposition, so that texts are near that use words of one context (latent semantic analysis). docs/embedding.md has
the figures, also those of the static models that were tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

DIMENSIONS: Final = 100
_LEAST, _MOST = 3, 0.3  # texts that hold a word, and the share of all: rarer words tell nothing, commoner ones neither
_SEED: Final = 0


def quick_vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    """The vectors of texts, which say nothing but beside each other: another corpus gives other ones.

    Args:
        texts: All texts of a corpus, n of them.

    Returns:
        Shape (n, at most DIMENSIONS), each of length 1; a text without any word that others have is 0 throughout. The
        same whatever the number of threads.

    Example:
        >>> fruit, maps = ["red apple pie", "apple pie", "red apple"], ["old city map", "city map", "old map"]
        >>> vectors = quick_vectors(fruit + maps)
        >>> bool(vectors[0] @ vectors[1] > 0.5 > vectors[0] @ vectors[4])
        True
    """
    import numpy as np
    from sklearn.decomposition import TruncatedSVD
    from threadpoolctl import threadpool_limits

    weights = _weights(texts)
    dimensions = min(DIMENSIONS, len(texts) - 1, weights.shape[1] - 1)
    if dimensions < 1:
        return np.ones((len(texts), 1), dtype=np.float32)
    with (
        threadpool_limits(limits=1, user_api="blas"),
        np.errstate(invalid="ignore"),
    ):  # the order of a sum decides its last digits
        vectors = TruncatedSVD(dimensions, random_state=_SEED).fit_transform(weights)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def _weights(texts: Sequence[str]) -> csr_matrix:
    """TF-IDF of texts by words; of a small corpus by all its words."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    by_telling = {"min_df": _LEAST, "max_df": _MOST, "stop_words": "english"}
    for chosen in (by_telling, {}):
        try:
            found = TfidfVectorizer(sublinear_tf=True, **chosen).fit_transform(texts)
        except ValueError:  # no word is left
            continue
        if found.shape[1] > DIMENSIONS:
            return found
    return TfidfVectorizer(analyzer=str.split).fit_transform([f"{text} ." for text in texts])
