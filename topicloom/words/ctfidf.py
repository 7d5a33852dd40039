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
from topicloom.settings.schema import RepresentSettings
from topicloom.words.ngrams import NOWHERE, Vocabulary
from topicloom.words.ranking import largest
from topicloom.words.topic_table import IN_NAME, Topic

_NO_WORD = ("", 0.00001)  # what BERTopic fills a topic with too few words up with


class NoWordsError(TopicloomError):
    """The settings of section tmo.represent leave no words for the topics."""


def number_topics(clusters: NDArray[np.int64]) -> NDArray[np.int64]:
    """Topic of each document, (n,) int64: clusters numbered by size, the largest 0; -1 stays.

    Of clusters of one size the one whose first document stands first comes first. So BERTopic's pandas call has it
    wherever its sort happens to be stable.
    """
    numbers, first, sizes = np.unique(clusters, return_index=True, return_counts=True)
    real = numbers >= 0
    topic_of = np.full(int(clusters.max(initial=-1)) + 2, -1, dtype=np.int64)
    topic_of[numbers[real][np.lexsort((first[real], -sizes[real]))]] = np.arange(int(real.sum()))
    return topic_of[clusters]


@dataclass(frozen=True)
class Weighting:
    """How c-TF-IDF weighs counts, fitted to the topics. idf: (columns,) float64."""

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

        The entries of a row come out in reverse order, as a product of sparse matrices leaves them; sums over a row
        in BERTopic run in that order.
        """
        shares = normalize(counts, axis=1, norm="l1", copy=False)
        if self.reduce_frequent_words:
            shares.data = np.sqrt(shares.data)
        weights: csr_matrix = shares * self.diagonal
        return weights


def fit_weighting(counts: csr_matrix, represent: RepresentSettings) -> Weighting:
    """Fit c-TF-IDF to the counts of all topics. counts: sparse (topics, columns) int64.

    Raises NoWordsError where there is no column.
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
    """The words of each topic and their weights, heaviest first; "" where a topic has too few.

    weights: sparse (topics, columns) c-TF-IDF, the columns in alphabetical order. Words of equal weight stand in
    alphabetical order.
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
    """The rows of each topic's documents, in order, the smallest topic number first. topics: (n,)."""
    order = np.argsort(topics, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(topics[order])) + 1)


def topic_vectors(embeddings: NDArray[np.floating[Any]], topics: NDArray[np.int64]) -> NDArray[np.floating[Any]]:
    """Mean embedding of each topic.

    Args:
        embeddings: (n, d), a row a document.
        topics: (n,) int64, -1 for outliers, which are a topic here.

    Returns:
        (topics, d), the smallest topic number first.
    """
    return np.array([embeddings[rows].mean(axis=0) for rows in rows_of_topics(topics)])


def topic_table(
    topics: NDArray[np.int64], words: list[list[tuple[str, float]]], representative: list[list[int]]
) -> list[Topic]:
    """The topics in the order of BERTopic's get_topic_info: outliers first. Lists: one entry a topic."""
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
