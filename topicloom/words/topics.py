"""What each topic is about: its number, words, mean embedding and representative documents, found and kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, load_npz, save_npz

from topicloom.machine.threads import available_threads
from topicloom.progress import tell
from topicloom.settings.schema import RepresentSettings
from topicloom.words.counting import count_ngrams
from topicloom.words.ctfidf import Weighting, fit_weighting, number_topics, top_words, topic_table, topic_vectors
from topicloom.words.ngrams import (
    DocumentNgrams,
    Vocabulary,
    read_document_ngrams,
    read_vocabulary,
    write_document_ngrams,
    write_vocabulary,
)
from topicloom.words.representative_documents import representative_documents
from topicloom.words.tokens import Tokens
from topicloom.words.topic_table import Topic, read_topics, write_topics

_STEPS = 3


@dataclass(frozen=True)
class Representation:
    """topics: (n,) int64. table, weights (sparse c-TF-IDF) and vectors (mean embeddings): one row a topic, the
    smallest number first. documents: the vocabulary's n-grams in each document.
    """

    topics: NDArray[np.int64]
    table: list[Topic]
    vocabulary: Vocabulary
    weights: csr_matrix
    weighting: Weighting
    vectors: NDArray[np.floating[Any]]
    documents: DocumentNgrams


def represent_topics(
    tokens: Tokens,
    embeddings: NDArray[np.floating[Any]],
    clusters: NDArray[np.int64],
    represent: RepresentSettings,
    threads: int | None = None,
) -> Representation:
    """Number the topics by size and find their words and documents, element by element as BERTopic does.

    tokens: of n documents. embeddings: (n, d), for the topics' means. clusters: (n,), -1 for outliers.
    Raises NoWordsError when stop words or min_df leave no vocabulary.
    """
    threads = threads or available_threads()
    topics = number_topics(clusters)
    wording = count_ngrams(tokens, topics, represent, threads)
    tell("n-grams counted", 1, _STEPS)
    weighting = fit_weighting(wording.counts, represent)
    weights = weighting(wording.counts)
    words = top_words(weights, wording.vocabulary, represent.top_n_words)
    tell("words of the topics", 2, _STEPS)
    representative = representative_documents(wording.documents, topics, weights, weighting, threads)
    tell("representative documents", 3, _STEPS)
    return Representation(
        topics=topics,
        table=topic_table(topics, words, representative),
        vocabulary=wording.vocabulary,
        weights=weights,
        weighting=weighting,
        vectors=topic_vectors(embeddings, topics),
        documents=wording.documents,
    )


def write_representation(folder: Path, representation: Representation) -> None:
    """Write a representation into a folder.

    topics.npy (n,) int64, topics.json, vocabulary.npz, ctfidf.npz (topics, columns) float64, idf.npy (columns,),
    topic_embeddings.npy (topics, d), and the documents' n-grams: ngrams.npy, ngram_tokens.npy, ngram_bounds.npy.
    """
    np.save(folder / "topics.npy", representation.topics)
    write_topics(folder / "topics.json", representation.table)
    write_vocabulary(folder / "vocabulary.npz", representation.vocabulary)
    save_npz(folder / "ctfidf.npz", representation.weights, compressed=False)
    np.save(folder / "idf.npy", representation.weighting.idf)
    np.save(folder / "topic_embeddings.npy", representation.vectors)
    write_document_ngrams(folder, representation.documents)


def read_weights(folder: Path, represent: RepresentSettings) -> tuple[csr_matrix, Weighting]:
    """c-TF-IDF of the topics, sparse (topics, columns), and how it weighs."""
    return load_npz(folder / "ctfidf.npz"), Weighting(np.load(folder / "idf.npy"), represent.reduce_frequent_words)


def read_representation(folder: Path, represent: RepresentSettings) -> Representation:
    """Read what `write_representation` wrote; the documents' n-grams stay on disk until they are used."""
    weights, weighting = read_weights(folder, represent)
    return Representation(
        topics=np.load(folder / "topics.npy"),
        table=read_topics(folder / "topics.json"),
        vocabulary=read_vocabulary(folder / "vocabulary.npz"),
        weights=weights,
        weighting=weighting,
        vectors=np.load(folder / "topic_embeddings.npy"),
        documents=read_document_ngrams(folder),
    )
