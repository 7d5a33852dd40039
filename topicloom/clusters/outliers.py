"""Outliers given to the topic that is nearest to them, by one of four measures, as far as a person wants it.

Source: Grootendorst's BERTopic, reduce_outliers, whose choice each strategy is equal to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.preprocessing import normalize

from topicloom.clusters.members import Members
from topicloom.machine.threads import available_threads
from topicloom.measures.similarity import unit_vectors
from topicloom.settings.words import DistributionSettings
from topicloom.words.ctfidf import Weighting
from topicloom.words.distribution import topic_distribution
from topicloom.words.ngrams import DocumentNgrams
from topicloom.words.representative_documents import counts_of_rows

_BLOCK = 4096  # outliers that are compared at once


@dataclass(frozen=True)
class Nearest:
    """For each outlier the topic that is nearest to it, and how near.

    Args:
        topics: (m,) int64, -1 where none is near.
        scores: (m,) float64, 0 to 1.
    """

    topics: NDArray[np.int64]
    scores: NDArray[np.float64]


def nearest_by_embedding(
    embeddings: NDArray[np.floating[Any]], outliers: NDArray[np.int64], centres: NDArray[np.floating[Any]]
) -> Nearest:
    """Find the topic nearest to each outlier by cosine similarity of embeddings.

    Args:
        embeddings: (n, d) of all documents.
        outliers: (m,) int64 row numbers.
        centres: (t, d) topics' mean embeddings.

    Returns:
        Topics and similarities.

    Example:
        >>> found = nearest_by_embedding(np.array([[3.0, 4.0]]), np.array([0]), np.eye(2))
        >>> found.topics.tolist(), found.scores.tolist()
        ([1], [0.8])

    Source: BERTopic's reduce_outliers, strategy "embeddings".
    """

    def rows_of(rows: NDArray[np.int64]) -> NDArray[np.float64]:
        similarity: NDArray[np.float64] = unit_vectors(embeddings[rows]) @ unit.T
        return similarity

    unit = unit_vectors(centres)
    return _largest(outliers, rows_of)


def nearest_by_words(
    ngrams: DocumentNgrams, outliers: NDArray[np.int64], weights: csr_matrix, weighting: Weighting
) -> Nearest:
    """Find the topic nearest to each outlier by cosine similarity of c-TF-IDF.

    Args:
        ngrams: Of n documents.
        outliers: (m,) int64 row numbers.
        weights: Sparse (t, columns) float64 c-TF-IDF, outliers left out.
        weighting: Fitted to the topics.

    Returns:
        Topics and similarities.

    Example:
        >>> ngrams = DocumentNgrams(np.array([[1, 1]], np.int32), np.array([0, 2]), np.zeros(0, np.int64))
        >>> weighting = Weighting(np.ones(2), False)
        >>> nearest_by_words(ngrams, np.array([0]), csr_matrix([[0.5, 0.0], [0.0, 0.5]]), weighting).topics.tolist()
        [1]

    Source: BERTopic's reduce_outliers, strategy "c-tf-idf".
    """
    of_topics = normalize(weights, copy=True).T.tocsr()

    def rows_of(rows: NDArray[np.int64]) -> NDArray[np.float64]:
        counts = counts_of_rows(ngrams, rows, weights.shape[1], available_threads())
        return np.asarray((normalize(weighting(counts), copy=False) @ of_topics).toarray())

    return _largest(outliers, rows_of)


def nearest_by_distribution(
    ngrams: DocumentNgrams,
    outliers: NDArray[np.int64],
    weights: csr_matrix,
    weighting: Weighting,
    settings: DistributionSettings,
) -> Nearest:
    """Find the topic nearest to each outlier by the approximate distribution, whose largest share is the score.

    Args:
        ngrams: Of n documents.
        outliers: (m,) int64 row numbers.
        weights: Sparse (t, columns) float64 c-TF-IDF, outliers left out.
        weighting: Fitted to the topics.
        settings: The windows; min_similarity is that of a window.

    Returns:
        Topics and shares.

    Example:
        >>> ngrams = DocumentNgrams(np.array([[1, 1]], np.int32), np.array([0, 2]), np.zeros(0, np.int64))
        >>> weights = csr_matrix([[0.5, 0.0], [0.0, 0.5]])
        >>> wanted = DistributionSettings(window=2)
        >>> found = nearest_by_distribution(ngrams, np.array([0]), weights, Weighting(np.ones(2), False), wanted)
        >>> found.topics.tolist(), found.scores.tolist()
        ([1], [1.0])

    Source: BERTopic's reduce_outliers, strategy "distributions".
    """
    matrix = topic_distribution(ngrams, weights, weighting, settings)[outliers]
    return _largest(np.arange(len(outliers)), lambda rows: np.asarray(matrix[rows].toarray()))


def nearest_by_membership(members: Members, outliers: NDArray[np.int64], living: NDArray[np.int64]) -> Nearest:
    """Find the topic nearest to each outlier by HDBSCAN's membership vectors.

    Args:
        members: The papers and their model.
        outliers: (m,) int64 row numbers.
        living: (t,) int64, the model's clusters that are topics still.

    Returns:
        Clusters and memberships.

    Example:
        >>> from hdbscan import HDBSCAN
        >>> points = np.concatenate([np.zeros((20, 2)), np.ones((20, 2)), [[0.1, 0.1]]]) + np.arange(41)[:, None] / 1000
        >>> members = Members.all_fitted(HDBSCAN(min_cluster_size=5, prediction_data=True).fit(points))
        >>> found = nearest_by_membership(members, np.array([40]), np.array([0, 1]))
        >>> bool(found.topics[0] == members.model.labels_[0])
        True

    Source: BERTopic's reduce_outliers, strategy "probabilities".
    """
    topics, scores = np.full(len(outliers), -1, dtype=np.int64), np.zeros(len(outliers))
    if not len(living):
        return Nearest(topics, scores)
    for places, vectors in members.vectors_of(outliers):
        of_living = vectors[:, living]
        topics[places], scores[places] = living[of_living.argmax(axis=1)], of_living.max(axis=1)
    return Nearest(topics, scores)


def _largest(outliers: NDArray[np.int64], rows_of: Any) -> Nearest:
    """The largest of each outlier's similarities, in blocks; none where nothing is above 0."""
    topics, scores = np.full(len(outliers), -1, dtype=np.int64), np.zeros(len(outliers))
    for start in range(0, len(outliers), _BLOCK):
        block = slice(start, min(start + _BLOCK, len(outliers)))
        similarity = rows_of(outliers[block])
        if similarity.shape[1]:
            topics[block], scores[block] = similarity.argmax(axis=1), similarity.max(axis=1)
    topics[scores <= 0] = -1
    return Nearest(topics, np.clip(scores, 0.0, 1.0))


def taken(scores: NDArray[np.float64], documents: int, threshold: float, target_share: float | None) -> float:
    """The least score from which on outliers are given to a topic.

    Args:
        scores: (m,) float64 of all outliers, 0 for those that no topic is near.
        documents: n, of which the outliers are some.
        threshold: None below it is given away.
        target_share: The nearest are given away until so large a share of the n documents is left, all of one score
            alike, so that it does not depend on the order of rows; None: all from the threshold on.

    Returns:
        The score; infinity where none is to be given away.

    Example:
        >>> taken(np.array([0.9, 0.2, 0.5, 0.0]), documents=10, threshold=0.1, target_share=0.2)
        0.5
    """
    if target_share is None:
        return threshold
    spare = len(scores) - int(np.floor(target_share * documents))
    if spare <= 0:
        return float("inf")
    return max(threshold, float(np.sort(scores)[::-1][min(spare, len(scores)) - 1]))
