"""What each topic is about: its number, words, mean embedding and representative documents, found and kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, load_npz, save_npz

from topicloom.engine.engines import Engine
from topicloom.machine.threads import available_threads
from topicloom.progress import tell
from topicloom.settings.words import RepresentSettings
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
    """What each topic is about. Lists and matrices: one row a topic, the smallest number first.

    Args:
        topics: (n,) int64 topic of each document, -1 for outliers.
        table: Number, size, words and representative documents of each topic.
        vocabulary: The n-grams that are columns of `weights`.
        weights: Sparse (topics, columns) float64 c-TF-IDF.
        weighting: How c-TF-IDF weighs the counts of any text.
        vectors: (topics, d) mean embeddings.
        documents: The vocabulary's n-grams in each document.
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
    engine: Engine | None = None,
) -> Representation:
    """Number the topics by size and find their words and documents, element by element as BERTopic does.

    Args:
        tokens: Of n documents.
        embeddings: (n, d), for the topics' means.
        clusters: (n,) int64, -1 for outliers.
        represent: Which n-grams count, and how they are weighed.
        threads: All that the process may use when None; the numbers are the same for any.
        engine: Counts the n-grams, as for `count_ngrams`; this process where None.

    Returns:
        The topics.

    Raises:
        NoWordsError: Stop words or min_df leave no vocabulary.

    Example:
        >>> from topicloom.words.tokens import tokenise
        >>> tokens = tokenise(["deep maps", "maps", "cell growth"], "english")
        >>> found = represent_topics(tokens, np.eye(3), np.array([7, 7, 2]), RepresentSettings(top_n_words=2))
        >>> [(topic.topic, topic.count, topic.words[0]) for topic in found.table]
        [(0, 2, 'maps'), (1, 1, 'cell')]

    Source: Grootendorst (2022), BERTopic: neural topic modeling with a class-based TF-IDF procedure.
    """
    threads = threads or available_threads()
    topics = number_topics(clusters)
    wording = count_ngrams(tokens, topics, represent, threads, engine)
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

    Args:
        folder: It gets topics.npy (n,) int64, topics.json, vocabulary.npz, ctfidf.npz (topics, columns) float64,
            idf.npy (columns,), topic_embeddings.npy (topics, d), and the documents' n-grams: ngrams.npy,
            ngram_tokens.npy, ngram_bounds.npy.
        representation: What `represent_topics` found.

    Raises:
        OSError: A file cannot be written.

    Example:
        >>> import tempfile
        >>> from topicloom.words.tokens import tokenise
        >>> wanted = RepresentSettings()
        >>> found = represent_topics(tokenise(["deep maps"], "english"), np.eye(1), np.array([0]), wanted)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_representation(Path(folder), found)
        ...     sorted(path.name for path in Path(folder).iterdir())[:3]
        ['ctfidf.npz', 'idf.npy', 'ngram_bounds.npy']
    """
    np.save(folder / "topics.npy", representation.topics)
    write_topics(folder / "topics.json", representation.table)
    write_vocabulary(folder / "vocabulary.npz", representation.vocabulary)
    save_npz(folder / "ctfidf.npz", representation.weights, compressed=False)
    np.save(folder / "idf.npy", representation.weighting.idf)
    np.save(folder / "topic_embeddings.npy", representation.vectors)
    write_document_ngrams(folder, representation.documents)


def read_weights(folder: Path, represent: RepresentSettings) -> tuple[csr_matrix, Weighting]:
    """Read the c-TF-IDF of topics.

    Args:
        folder: Of `write_representation`.
        represent: What the topics were found with.

    Returns:
        The weights, sparse (topics, columns) float64, and how they were weighed.

    Raises:
        OSError: A file cannot be read.

    Example:
        >>> import tempfile
        >>> from topicloom.words.tokens import tokenise
        >>> wanted = RepresentSettings(n_gram_range=(1, 1))
        >>> found = represent_topics(tokenise(["deep maps"], "english"), np.eye(1), np.array([0]), wanted)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_representation(Path(folder), found)
        ...     read_weights(Path(folder), wanted)[0].shape
        (1, 2)
    """
    return load_npz(folder / "ctfidf.npz"), Weighting(np.load(folder / "idf.npy"), represent.reduce_frequent_words)


def read_representation(folder: Path, represent: RepresentSettings) -> Representation:
    """Read what `write_representation` wrote; the documents' n-grams stay on disk until they are used.

    Args:
        folder: Of `write_representation`.
        represent: What the topics were found with.

    Returns:
        The representation.

    Raises:
        OSError: A file cannot be read.

    Example:
        >>> import tempfile
        >>> from topicloom.words.tokens import tokenise
        >>> wanted = RepresentSettings()
        >>> found = represent_topics(tokenise(["deep maps"], "english"), np.eye(1), np.array([0]), wanted)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_representation(Path(folder), found)
        ...     read_representation(Path(folder), wanted).table == found.table
        True
    """
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
