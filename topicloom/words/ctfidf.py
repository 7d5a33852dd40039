"""Topics from clusters: numbers by size, and words by c-TF-IDF, as BERTopic finds them.

Source: Grootendorst (2022), BERTopic: neural topic modeling with a class-based TF-IDF procedure.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags
from sklearn.preprocessing import normalize

from topicloom.errors import TopicloomError
from topicloom.settings.words import RepresentSettings
from topicloom.words.ngrams import NOWHERE, Vocabulary
from topicloom.words.ranking import largest
from topicloom.words.topic_table import IN_NAME, Topic

_NO_WORD = ("", 0.00001)  # what BERTopic fills a topic with too few words up with


class NoWordsError(TopicloomError):
    """The settings of section tmo.represent leave no words for the topics."""


def number_topics(clusters: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number clusters by size, the largest 0.

    Of clusters of one size the one whose first document stands first comes first. So BERTopic's pandas call has it
    wherever its sort happens to be stable.

    Args:
        clusters: (n,) int64, any numbers from 0 on; -1 for outliers.

    Returns:
        Topic of each document, (n,) int64; -1 stays.

    Example:
        >>> number_topics(np.array([5, 7, 7, -1])).tolist()
        [1, 0, 0, -1]
    """
    numbers, first, sizes = np.unique(clusters, return_index=True, return_counts=True)
    real = numbers >= 0
    topic_of = np.full(int(clusters.max(initial=-1)) + 2, -1, dtype=np.int64)
    topic_of[numbers[real][np.lexsort((first[real], -sizes[real]))]] = np.arange(int(real.sum()))
    return topic_of[clusters]


@dataclass(frozen=True)
class Weighting:
    """How c-TF-IDF weighs counts, fitted to the topics. Called with counts it gives their weights.

    Args:
        idf: (columns,) float64, weight of each n-gram.
        reduce_frequent_words: Whether the square root of a share is taken.

    Example:
        >>> Weighting(np.array([1.0, 2.0]), False)(csr_matrix([[1.0, 3.0]])).toarray().tolist()
        [[0.25, 1.5]]
    """

    idf: NDArray[np.float64]
    reduce_frequent_words: bool

    @property
    def diagonal(self) -> csr_matrix:
        """The idf on the diagonal of a sparse matrix, as ClassTfidfTransformer holds it."""
        matrix: csr_matrix = diags(
            self.idf, offsets=0, shape=(len(self.idf), len(self.idf)), format="csr", dtype=np.float64
        )
        return matrix

    def __call__(self, counts: csr_matrix) -> csr_matrix:
        """Weights of texts: share of each n-gram in its text times its idf, sparse float64 as `counts`.

        What BERTopic's product with a diagonal matrix gives: the entries of a row in reverse order, those that are 0
        left out; sums over a row in BERTopic run in that order.
        """
        shares = normalize(counts, axis=1, norm="l1", copy=False)
        if self.reduce_frequent_words:
            shares.data = np.sqrt(shares.data)
        data = shares.data * self.idf[shares.indices]
        lengths = np.diff(shares.indptr)
        turn = np.repeat(shares.indptr[:-1] + shares.indptr[1:] - 1, lengths) - np.arange(len(data))
        weights = csr_matrix((data[turn], shares.indices[turn], shares.indptr), shape=shares.shape)
        if not weights.data.all():
            weights.eliminate_zeros()
        return weights


def fit_weighting(counts: csr_matrix, represent: RepresentSettings) -> Weighting:
    """Fit c-TF-IDF to the counts of all topics.

    Args:
        counts: Sparse (topics, columns) int64.
        represent: Says whether frequent words are reduced and the BM25 formula is taken.

    Returns:
        The weighting: idf = log(1 + average words of a topic / frequency of the n-gram in all topics).

    Raises:
        NoWordsError: There is no column.

    Example:
        >>> fit_weighting(csr_matrix([[2, 0], [1, 3]]), RepresentSettings()).idf.round(3).tolist()
        [0.693, 0.693]

    Source: Grootendorst (2022), BERTopic, section 3.3.
    """
    if not counts.shape[1]:
        raise NoWordsError("tmo.represent leaves the topics without words")
    frequency = np.asarray(counts.sum(axis=0)).ravel()
    average = int(counts.sum(axis=1).mean())
    if represent.bm25_weighting:
        idf = np.log(1 + (average - frequency + 0.5) / (frequency + 0.5))
    else:
        idf = np.log(average / frequency + 1)
    return Weighting(idf, represent.reduce_frequent_words)


def top_words(weights: csr_matrix, vocabulary: Vocabulary, top_n_words: int) -> list[list[tuple[str, float]]]:
    """The words of each topic and their weights, the heaviest first.

    Args:
        weights: Sparse (topics, columns) float64 c-TF-IDF, the columns in alphabetical order.
        vocabulary: Of those columns.
        top_n_words: How many of each topic.

    Returns:
        top_n_words pairs of word and weight for each topic; words of equal weight in alphabetical order; "" and
        0.00001, as BERTopic has it, where a topic has too few.

    Example:
        >>> from topicloom.words.ngrams import vocabulary_of
        >>> top_words(csr_matrix([[0.1, 0.7, 0.0]]), vocabulary_of({"cell": 0, "deep": 1, "maps": 2}), 3)
        [[('deep', 0.7), ('cell', 0.1), ('', 1e-05)]]
    """
    columns = np.full((weights.shape[0], top_n_words), NOWHERE, dtype=np.int64)
    scores = np.zeros((weights.shape[0], top_n_words))
    for row, (start, end) in enumerate(itertools.pairwise(weights.indptr)):
        data, of_row = weights.data[start:end], weights.indices[start:end]
        heaviest = largest(data, top_n_words, ties=of_row)
        columns[row, : len(heaviest)], scores[row, : len(heaviest)] = of_row[heaviest], data[heaviest]
    names = vocabulary.names(np.unique(columns))
    return [
        [
            (names[column], score) if column != NOWHERE and score > 0 else _NO_WORD
            for column, score in zip(row_columns, row_scores, strict=True)
        ]
        for row_columns, row_scores in zip(columns.tolist(), scores.tolist(), strict=True)
    ]


def rows_of_topics(topics: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The rows of each topic's documents.

    Args:
        topics: (n,) int64, the topic of each document; -1, the outliers, is a topic here.

    Returns:
        One int64 array a topic, the smallest topic number first; its rows in order.

    Example:
        >>> [rows.tolist() for rows in rows_of_topics(np.array([1, -1, 1, 0]))]
        [[1], [3], [0, 2]]
    """
    order = np.argsort(topics, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(topics[order])) + 1)


def topic_vectors(embeddings: NDArray[np.floating[Any]], topics: NDArray[np.int64]) -> NDArray[np.floating[Any]]:
    """Mean embedding of each topic.

    Args:
        embeddings: (n, d), a row a document.
        topics: (n,) int64, -1 for outliers, which are a topic here.

    Returns:
        (topics, d), the smallest topic number first.

    Example:
        >>> topic_vectors(np.array([[1.0, 0.0], [3.0, 0.0], [0.0, 9.0]]), np.array([0, 0, -1])).tolist()
        [[0.0, 9.0], [2.0, 0.0]]
    """
    return np.array([embeddings[rows].mean(axis=0) for rows in rows_of_topics(topics)])


def topic_table(
    topics: NDArray[np.int64], words: list[list[tuple[str, float]]], representative: list[list[int]]
) -> list[Topic]:
    """The topics in the order of BERTopic's get_topic_info: outliers first.

    Args:
        topics: (n,) int64, the topic of each document, -1 for outliers.
        words: For each topic, the smallest number first, its words and their weights, the heaviest first.
        representative: For each topic the rows of its representative documents.

    Returns:
        One entry a topic.

    Example:
        >>> table = topic_table(np.array([0, -1, 0]), [[("of", 0.1)], [("maps", 0.9), ("deep", 0.4)]], [[1], [2, 0]])
        >>> [(topic.name, topic.count) for topic in table]
        [('-1_of', 1), ('0_maps_deep', 2)]
    """
    numbers, counts = np.unique(topics, return_counts=True)
    return [
        Topic(
            topic=topic,
            count=count,
            name=f"{topic}_" + "_".join(word for word, _ in of_topic[:IN_NAME]),
            words=[word for word, _ in of_topic],
            weights=[weight for _, weight in of_topic],
            representative_rows=rows,
        )
        for topic, count, of_topic, rows in zip(numbers.tolist(), counts.tolist(), words, representative, strict=True)
    ]
