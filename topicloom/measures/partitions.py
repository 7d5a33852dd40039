"""The coherence of many partitions of the same papers at once, by single words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicloom.measures.coherence import coherence
from topicloom.words.tokens import Tokens

_WORDS = 10


def npmi_of_partitions(tokens: Tokens, partitions: Sequence[NDArray[np.int64]]) -> list[NDArray[np.float64]]:
    """NPMI of each topic of each partition.

    Args:
        tokens: Words of n documents.
        partitions: (n,) int64 each, -1 for outliers.

    Returns:
        (t,) float64 for each partition; NaN for a topic with fewer than two words. The words are the ten with the
        largest c-TF-IDF, as BERTopic weighs them, of equal ones the first.

    Example:
        >>> from topicloom.words.tokens import tokenise
        >>> tokens = tokenise(["deep maps"] * 3 + ["cell growth"] * 3, "english")
        >>> [npmi.round(2).tolist() for npmi in npmi_of_partitions(tokens, [np.array([0, 0, 0, 1, 1, 1])])]
        [[1.0, 1.0]]
    """
    counts = _counts(tokens)
    words = [_heaviest(tokens, counts, labels) for labels in partitions]
    npmi = coherence([topic for of_partition in words for topic in of_partition], tokens)[0]
    ends = np.cumsum([len(of_partition) for of_partition in words])
    return np.split(npmi, ends[:-1])


def _counts(tokens: Tokens) -> csr_matrix:
    """How often each word stands in each document, (n, words) float64."""
    lengths = np.diff(tokens.offsets)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    counts = csr_matrix((np.ones(len(rows)), (rows, tokens.ids)), shape=(len(lengths), len(tokens.words)))
    counts.sum_duplicates()
    return counts


def _heaviest(tokens: Tokens, counts: csr_matrix, labels: NDArray[np.int64]) -> list[list[str]]:
    topics = int(labels.max(initial=-1)) + 1
    assigned = np.flatnonzero(labels >= 0)
    members = csr_matrix((np.ones(len(assigned)), (labels[assigned], assigned)), shape=(topics, len(labels)))
    of_topics = csr_matrix(members @ counts)
    of_topics.sort_indices()
    frequency = np.asarray(of_topics.sum(axis=0)).ravel()
    idf = np.log1p(of_topics.sum() / max(topics, 1) / np.where(frequency > 0, frequency, 1.0))
    words = []
    for start, end in zip(of_topics.indptr[:-1], of_topics.indptr[1:], strict=True):
        columns = of_topics.indices[start:end]
        order = np.argsort(-of_topics.data[start:end] * idf[columns], kind="stable")[:_WORDS]
        words.append([tokens.words[column] for column in columns[order]])
    return words
