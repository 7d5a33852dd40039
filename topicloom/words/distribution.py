"""How much of each document is about each topic, and the score of its own topic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.preprocessing import normalize

from topicloom.engine.engines import Engine
from topicloom.machine.threads import available_threads
from topicloom.progress import tell
from topicloom.settings.words import DistributionSettings
from topicloom.words import window_kernels as kernels
from topicloom.words.counting import read_tokens_as_words
from topicloom.words.ctfidf import Weighting, rows_of_topics
from topicloom.words.ngrams import DocumentNgrams, vocabulary_of
from topicloom.words.tokens import Stream

_BLOCK_BYTES = 64 << 20  # of one (documents, topics) table
_DENSE_SHARE = 4  # a column that at least every fourth topic has is added up faster as a row of all topics


class TopicColumns(NamedTuple):
    """c-TF-IDF by column, rows scaled to length 1, as `topicloom.words.window_kernels` reads it.

    Args:
        dense_row: (columns,) int32 row of `dense` that holds a column's weights once more, -1 where few topics have it.
        dense: (r, topics) float64.
        indptr: (columns + 1,) int64, where each column begins in `topic` and `weight`.
        topic: int32, ascending within a column.
        weight: float64, of that topic in that column.
        peak: (columns,) float64, a column's largest weight without its sign: under BM25 common n-grams weigh below 0.
        reach: (columns, 2) float32, the most that an n-gram adds to a similarity before it is scaled, which is its idf
            without the sign times `peak`, and the square of its idf.
    """

    dense_row: NDArray[np.int32]
    dense: NDArray[np.float64]
    indptr: NDArray[np.int64]
    topic: NDArray[np.int32]
    weight: NDArray[np.float64]
    peak: NDArray[np.float64]
    reach: NDArray[np.float32]


def topic_distribution(
    ngrams: DocumentNgrams,
    weights: csr_matrix,
    weighting: Weighting,
    settings: DistributionSettings,
    threads: int | None = None,
    engine: Engine | None = None,
) -> csr_matrix:
    """How much of each topic is in each document, by windows of words.

    Equal to BERTopic.approximate_distribution: the same windows, and each sum in the same order.

    Args:
        ngrams: Of n documents.
        weights: Sparse (topics, columns) float64 c-TF-IDF, outliers left out.
        weighting: Fitted to the topics.
        settings: The windows, and from which similarity on they count. batch_size is the most documents of a block; the
            result is the same for any.
        threads: All that the process may use when None; the numbers are the same for any.
        engine: Does the blocks; this process where None. The numbers are the same by any.

    Returns:
        Sparse (n, topics) float64, whose rows sum to 1 or are empty.

    Example:
        >>> from topicloom.settings.words import RepresentSettings
        >>> from topicloom.words.tokens import tokenise
        >>> from topicloom.words.topics import represent_topics
        >>> tokens = tokenise(["deep maps", "cell growth", "deep maps of cell growth"], "english")
        >>> found = represent_topics(tokens, np.eye(3), np.array([0, 1, 1]), RepresentSettings(n_gram_range=(1, 1)))
        >>> shares = topic_distribution(found.documents, found.weights, found.weighting, DistributionSettings(window=2))
        >>> shares.shape, np.asarray(shares.sum(axis=1)).ravel().round(6).tolist()
        ((3, 2), [1.0, 1.0, 1.0])

    Source: Grootendorst's BERTopic, approximate_distribution with c-TF-IDF.
    """
    topics, n = weights.shape[0], len(ngrams.tokens) - 1
    if not topics or not n:
        return csr_matrix((n, topics), dtype=np.float64)
    held = _Held(_by_column(normalize(weights, copy=True), weighting.idf), weighting, settings, topics)
    size = max(min(settings.batch_size, _BLOCK_BYTES // (8 * topics)), 1)
    blocks: list[csr_matrix] = []

    def keep(found: Iterable[csr_matrix]) -> None:
        for block in found:
            blocks.append(block)
            tell("topic distribution", min(len(blocks) * size, n), n)

    if engine is not None:
        keep(engine.map(_distributed, held, (_part(ngrams, rows) for rows in _slices(n, size))))
    else:
        with ThreadPoolExecutor(max_workers=threads or available_threads()) as pool:
            keep(pool.map(lambda rows: _distributed(held, _part(ngrams, rows)), _slices(n, size)))
    return vstack(blocks, format="csr")


class _Held(NamedTuple):
    """What every block of documents needs."""

    columns: TopicColumns
    weighting: Weighting
    settings: DistributionSettings
    topics: int


def _distributed(held: _Held, part: DocumentNgrams) -> csr_matrix:
    """Rows of the distribution of some documents."""
    total = np.zeros((len(part.tokens) - 1, held.topics))
    settings = held.settings
    kernels.window_similarities(
        *(part.found, part.tokens, part.bounds, settings.window, settings.stride, settings.padding),
        *(held.weighting.idf, held.weighting.reduce_frequent_words),
        held.columns,
        settings.min_similarity,
        total,
    )
    return csr_matrix(normalize(total, norm="l1", axis=1, copy=False))


def _slices(n: int, size: int) -> Iterator[slice]:
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


def _part(ngrams: DocumentNgrams, rows: slice) -> DocumentNgrams:
    """The n-grams of some documents, in memory."""
    tokens = ngrams.tokens[rows.start : rows.stop + 1]
    bounds = ngrams.bounds[tokens[0] : tokens[-1] + 1] if len(ngrams.bounds) else ngrams.bounds
    start, end = (bounds[0], bounds[-1]) if len(bounds) else (tokens[0], tokens[-1])
    found = np.array(ngrams.found[:, start:end], order="C")  # a file that is mapped may not be written to: another type
    return DocumentNgrams(found, tokens - tokens[0], bounds - start)


def _by_column(weights: csr_matrix, idf: NDArray[np.float64]) -> TopicColumns:
    columns = weights.tocsc()
    indptr = columns.indptr.astype(np.int64)
    common = np.flatnonzero(np.diff(indptr) * _DENSE_SHARE >= weights.shape[0])
    common = common[np.diff(indptr)[common] > 1]
    dense_row = np.full(weights.shape[1], -1, dtype=np.int32)
    dense_row[common] = np.arange(len(common))
    dense = np.ascontiguousarray(columns[:, common].T.toarray()).reshape(len(common), weights.shape[0])
    # Without a weight below 0, which only BM25 gives, there is no need for a copy.
    signless = abs(columns) if columns.data.min(initial=0.0) < 0 else columns
    peak = signless.max(axis=0).toarray().ravel()
    reach = np.empty((len(idf), 2), dtype=np.float32)
    reach[:, 0], reach[:, 1] = np.abs(idf) * peak, idf * idf
    return TopicColumns(dense_row, dense, indptr, columns.indices.astype(np.int32), columns.data, peak, reach)


def approximate_distribution(
    model: Any,
    documents: Sequence[str],
    window: int = 4,
    stride: int = 1,
    min_similarity: float = 0.1,
    padding: bool = False,
    threads: int | None = None,
) -> csr_matrix:
    """A fast stand-in for BERTopic.approximate_distribution(documents, ...)[0].

    Args:
        model: A fitted BERTopic whose vectorizer_model is a CountVectorizer over words.
        documents: Any texts.
        window: Tokens of a window.
        stride: Tokens from one window to the next.
        min_similarity: Similarities below it count as none.
        padding: Also use the shorter windows at both ends of a document.
        threads: All that the process may use when None; the numbers are the same for any.

    Returns:
        How much of each topic is in each document, sparse (n, topics) float64.

    Raises:
        ValueError: The vectorizer is of another kind.

    Example:
        >>> from types import SimpleNamespace
        >>> from sklearn.feature_extraction.text import CountVectorizer
        >>> vectorizer = CountVectorizer().fit(["deep maps", "cell growth"])
        >>> fitted = SimpleNamespace(_idf_diag=csr_matrix(np.eye(4)), reduce_frequent_words=False)
        >>> weights = csr_matrix([[0.0, 1.0, 0.0, 1.0], [1.0, 0.0, 1.0, 0.0]])
        >>> model = SimpleNamespace(  # or a fitted BERTopic
        ...     vectorizer_model=vectorizer, ctfidf_model=fitted, c_tf_idf_=weights, _outliers=0
        ... )
        >>> approximate_distribution(model, ["maps of deep seas", "a cell"]).toarray().tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    vectorizer = model.vectorizer_model
    if getattr(vectorizer, "analyzer", None) != "word":
        raise ValueError(f"the vectorizer's analyzer is {getattr(vectorizer, 'analyzer', None)!r}; it must be 'word'")
    preprocess, tokenise = vectorizer.build_preprocessor(), vectorizer.build_tokenizer()
    stops = vectorizer.get_stop_words() or frozenset()
    stream = Stream()
    for document in documents:
        stream.append(tokenise(document))
    words, ids, offsets = stream.arrays()

    def read(token: str) -> list[str]:
        return [word for word in tokenise(preprocess(token)) if word not in stops]

    ngrams = read_tokens_as_words(words, ids, offsets, vocabulary_of(vectorizer.vocabulary_), read)
    weighting = Weighting(model.ctfidf_model._idf_diag.diagonal(), model.ctfidf_model.reduce_frequent_words)
    settings = DistributionSettings(window=window, stride=stride, min_similarity=min_similarity, padding=padding)
    return topic_distribution(ngrams, model.c_tf_idf_[model._outliers :], weighting, settings, threads)


def distribution_score(matrix: csr_matrix, topics: NDArray[np.int64]) -> NDArray[np.float64]:
    """Score of each document: the share of its own topic in its distribution.

    Args:
        matrix: Sparse (n, topics) float64, as `topic_distribution` gives it.
        topics: (n,) int64, -1 for outliers.

    Returns:
        (n,) float64, 0 to 1; 0 for outliers.

    Example:
        >>> distribution_score(csr_matrix([[0.0, 1.0], [0.25, 0.75]]), np.array([1, -1])).tolist()
        [1.0, 0.0]
    """
    score = np.zeros(len(topics))
    assigned = np.flatnonzero(topics != -1)
    if assigned.size:
        score[assigned] = np.asarray(matrix[assigned, topics[assigned]]).ravel()
    return score


def centroid_score(embeddings: NDArray[np.floating[Any]], topics: NDArray[np.int64]) -> NDArray[np.float64]:
    """Score of each document: cosine similarity to its topic's mean embedding.

    Args:
        embeddings: (n, d), a row a document.
        topics: (n,) int64, -1 for outliers.

    Returns:
        (n,) float64, clipped to 0 and 1; 0 for outliers. 1 is closest, so that the largest X_E of a topic is its hub.

    Example:
        >>> centroid_score(np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]]), np.array([0, 0, -1])).tolist()
        [1.0, 1.0, 0.0]
    """
    score = np.zeros(len(topics))
    for rows in rows_of_topics(topics):
        if not len(rows) or topics[rows[0]] == -1:
            continue
        vectors = np.asarray(embeddings[rows], dtype=np.float64)
        centroid = vectors.mean(axis=0)
        norms = np.linalg.norm(vectors, axis=1) * np.linalg.norm(centroid)
        similarity = np.divide(vectors @ centroid, norms, out=np.zeros(len(rows)), where=norms > 0)
        score[rows] = similarity.clip(0, 1)
    return score
