"""Representative documents: of a sample of each topic those whose words are nearest to the topic's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.preprocessing import normalize

from topicloom.words.ctfidf import Weighting
from topicloom.words.ngrams import DocumentNgrams, count_by_text, runs
from topicloom.words.ranking import largest

_SAMPLES, _CHOSEN, _SEED = 500, 3, 42  # BERTopic's
_BLOCK = 300_000  # words whose n-grams are weighed at once


def representative_documents(
    ngrams: DocumentNgrams,
    topics: NDArray[np.int64],
    weights: csr_matrix,
    weighting: Weighting,
    threads: int = 1,
) -> list[list[int]]:
    """The representative documents of each topic; the choice is BERTopic's.

    Of a topic's documents the nearest comes first, of equally near ones the first row; BERTopic leaves both to numpy's
    partition, and so to the processor.

    Args:
        ngrams: Of n documents.
        topics: (n,) int64, the topic of each document; -1, the outliers, is a topic here.
        weights: Sparse (topics, columns) float64 c-TF-IDF, the smallest topic number first.
        weighting: Fitted to the topics.
        threads: Threads to count with; the rows are the same for any.

    Returns:
        For each topic the rows of at most 3 documents, the smallest topic number first.

    Example:
        >>> found = np.array([[0, 0, 1, 1]], np.int32)
        >>> ngrams = DocumentNgrams(found, np.array([0, 2, 3, 4]), np.zeros(0, np.int64))
        >>> weights, weighting = csr_matrix([[0.9, 0.2], [0.0, 0.9]]), Weighting(np.ones(2), False)
        >>> representative_documents(ngrams, np.array([0, 0, 1]), weights, weighting)
        [[0, 1], [2]]

    Source: BERTopic's sampling and cosine similarity, without reading the samples' texts again.
    """
    samples = _samples(topics)
    topic_weights = normalize(weights, copy=True)
    chosen: list[list[int]] = []
    dense = np.zeros(weights.shape[1])
    for block in _blocks(samples, np.diff(ngrams.offsets)):
        rows = np.concatenate(block)
        documents = normalize(weighting(counts_of_rows(ngrams, rows, weights.shape[1], threads)), copy=False)
        start = 0
        for sample in block:
            entries = slice(topic_weights.indptr[len(chosen)], topic_weights.indptr[len(chosen) + 1])
            dense[topic_weights.indices[entries]] = topic_weights.data[entries]
            similarity = _similarities(documents[start : start + len(sample)], dense)
            dense[topic_weights.indices[entries]] = 0.0
            chosen.append(sample[largest(similarity, _CHOSEN, ties=sample)].tolist())
            start += len(sample)
    return chosen


def _samples(topics: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Rows drawn from each topic, by the very call of BERTopic's, so that the draw is the same."""
    frame = pd.DataFrame({"ID": range(len(topics)), "Topic": topics})
    drawn = frame.groupby("Topic").sample(n=_SAMPLES, replace=True, random_state=_SEED).drop_duplicates()
    return [rows.to_numpy() for _, rows in drawn.groupby("Topic")["ID"]]


def _blocks(samples: list[NDArray[np.int64]], lengths: NDArray[np.int64]) -> Iterator[list[NDArray[np.int64]]]:
    """Samples of several topics at a time, so that memory stays bounded."""
    block: list[NDArray[np.int64]] = []
    held = 0
    for sample in samples:
        size = int(lengths[sample].sum())
        if block and held + size > _BLOCK:
            yield block
            block, held = [], 0
        block.append(sample)
        held += size
    if block:
        yield block


def counts_of_rows(ngrams: DocumentNgrams, rows: NDArray[np.int64], size: int, threads: int) -> csr_matrix:
    """How often each n-gram of a vocabulary stands in some documents.

    Args:
        ngrams: Of n documents.
        rows: (m,) int64 row numbers of the wanted ones.
        size: Columns of the vocabulary.
        threads: Threads to count with; the numbers are the same for any.

    Returns:
        Sparse (m, size) int64.

    Example:
        >>> ngrams = DocumentNgrams(np.array([[0, 1, 1]], np.int32), np.array([0, 1, 3]), np.zeros(0, np.int64))
        >>> counts_of_rows(ngrams, np.array([1]), 2, 1).toarray().tolist()
        [[0, 2]]
    """
    offsets = ngrams.offsets
    lengths = offsets[rows + 1] - offsets[rows]
    found = ngrams.found[:, runs(offsets[rows], lengths)]
    return count_by_text(found, np.cumsum(lengths), size, threads)


def _similarities(documents: csr_matrix, topic: NDArray[np.float64]) -> NDArray[np.float64]:
    """Products of each row with one topic, summed up in the order of the row's entries as scipy's product does."""
    row = np.repeat(np.arange(documents.shape[0]), np.diff(documents.indptr))
    products = documents.data * topic[documents.indices]
    return np.bincount(row, products, documents.shape[0]).astype(np.float64, copy=False)
