"""The n-grams of topics and of documents, counted from integer tokens as BERTopic and CountVectorizer count them."""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicloom.engine.engines import Engine
from topicloom.settings.words import RepresentSettings
from topicloom.words.ngram_blocks import count_in_blocks
from topicloom.words.ngrams import (
    NOWHERE,
    DocumentNgrams,
    Vocabulary,
    count_by_text,
    grow_vocabulary,
    renumbering,
    runs,
)
from topicloom.words.stop_words import stop_words
from topicloom.words.tokens import NOTHING_LEFT, WORD, Tokens


@dataclass(frozen=True)
class Wording:
    """The n-grams of topics and of documents.

    Args:
        vocabulary: The n-grams, in alphabetical order.
        counts: Sparse (topics, columns) int64, the smallest topic number first. Within a row the n-grams stand in
            order, as scikit-learn puts those of CountVectorizer when c-TF-IDF scales them.
        documents: The n-grams of each document for itself.
    """

    vocabulary: Vocabulary
    counts: csr_matrix
    documents: DocumentNgrams


@dataclass(frozen=True)
class _TopicTexts:
    """The documents of each topic as one text.

    stream: (m,) int32 words. starts, lengths: (n,) where each document lies in it. ends: (topics,) where texts end.
    """

    stream: NDArray[np.int32]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    ends: NDArray[np.int64]


def count_ngrams(
    tokens: Tokens,
    topics: NDArray[np.int64],
    represent: RepresentSettings,
    threads: int = 1,
    engine: Engine | None = None,
) -> Wording:
    """The vocabulary of all topics, its counts in each topic, and its n-grams in each document.

    A topic's text is its documents one after the other, so an n-gram may reach from one into the next, as with
    BERTopic; a document's own n-grams do not.

    Args:
        tokens: Of n documents.
        topics: (n,) int64, topic of each document; -1, the outliers, is a topic here.
        represent: Says which n-grams are counted: n_gram_range, stop_words and min_df.
        threads: Threads to count with; the numbers are the same for any.
        engine: Counts the topics' texts block by block; this process counts where None. The numbers are the same by
            any.

    Returns:
        Vocabulary, counts and documents. The vocabulary is empty where stop words and min_df leave nothing.

    Example:
        >>> from topicloom.words.tokens import tokenise
        >>> tokens = tokenise(["deep maps", "deep maps", "cell growth"], "english")
        >>> wording = count_ngrams(tokens, np.array([0, 0, 1]), RepresentSettings(n_gram_range=(1, 2)))
        >>> wording.vocabulary.strings()
        ['cell', 'cell growth', 'deep', 'deep maps', 'growth', 'maps', 'maps deep']
        >>> wording.counts.toarray().tolist()
        [[0, 0, 2, 2, 0, 2, 1], [1, 1, 0, 0, 1, 0, 0]]
    """
    tokens = _with_stand_in(tokens, topics)
    stops = stop_words(represent.stop_words)
    kept = ~np.array([word in stops for word in tokens.words], dtype=bool)
    texts = _topic_texts(tokens, topics, kept)
    if engine is None or not len(texts.stream):
        cut = _cuts(texts.ends, len(texts.stream))
        vocabulary, found = grow_vocabulary(tokens.words, texts.stream, cut, represent.n_gram_range, threads)
        counts = count_by_text(found, texts.ends, vocabulary.size, threads)
    else:
        vocabulary, found, counts = count_in_blocks(
            tokens.words, texts.stream, texts.ends, represent.n_gram_range, engine
        )
    if represent.min_df > 1:
        frequent = np.bincount(counts.indices, minlength=vocabulary.size) >= represent.min_df
        turn = renumbering(frequent)
        vocabulary, counts, found = vocabulary.renumbered(turn), counts[:, np.flatnonzero(frequent)], turn[found]
    return Wording(vocabulary, counts, _document_ngrams(tokens, vocabulary, found, texts, kept, stops))


def _with_stand_in(tokens: Tokens, topics: NDArray[np.int64]) -> Tokens:
    """Put BERTopic's stand-in word into a topic whose only document has been emptied by cleaning."""
    numbers, counts = np.unique(topics, return_counts=True)
    rows = tokens.emptied[np.isin(topics[tokens.emptied], numbers[counts == 1])]
    if not len(rows):
        return tokens
    words, ids = list(tokens.words), tokens.ids
    at = bisect.bisect_left(words, NOTHING_LEFT)
    if at == len(words) or words[at] != NOTHING_LEFT:
        words.insert(at, NOTHING_LEFT)
        ids = ids + (ids >= at).astype(np.int32)
    offsets = tokens.offsets + np.searchsorted(rows, np.arange(len(tokens.offsets)), side="left")
    return dataclasses.replace(
        tokens, words=words, ids=np.insert(ids, tokens.offsets[rows], at).astype(np.int32), offsets=offsets
    )


def _topic_texts(tokens: Tokens, topics: NDArray[np.int64], kept: NDArray[np.bool_]) -> _TopicTexts:
    stays = kept[tokens.ids]
    offsets = np.concatenate([[0], np.cumsum(stays)])[tokens.offsets]
    lengths = np.diff(offsets)
    order = np.argsort(topics, kind="stable")
    ends = np.cumsum(lengths[order])
    starts = np.empty_like(ends)
    starts[order] = ends - lengths[order]
    ids = tokens.ids if stays.all() else tokens.ids[stays]
    last = np.flatnonzero(np.append(np.diff(topics[order]) != 0, True))
    return _TopicTexts(ids[runs(offsets[:-1][order], lengths[order])], starts, lengths, ends[last])


def _document_ngrams(
    tokens: Tokens,
    vocabulary: Vocabulary,
    found: NDArray[np.int32],
    texts: _TopicTexts,
    kept: NDArray[np.bool_],
    stops: Collection[str],
) -> DocumentNgrams:
    """The columns that each document holds: those of its topic's text, or looked up where its own words differ."""
    own = np.zeros(len(texts.starts), dtype=bool)
    own[tokens.own_rows] = True
    own_widths, own_stream = _words_of_tokens(
        tokens.own_words, tokens.own_ids, vocabulary, lambda token: _without_stops(token, stops)
    )
    counts = np.diff(tokens.offsets)
    widths = _by_document(own, counts, kept[tokens.ids], np.diff(tokens.own_offsets), own_widths)
    counts[tokens.own_rows] = np.diff(tokens.own_offsets)
    begins = np.concatenate([[0], np.cumsum(counts)])
    bounds = np.concatenate([[0], np.cumsum(widths)])
    offsets = bounds[begins]
    lengths = np.diff(offsets)
    of_topic = np.repeat(~own, lengths)
    result = np.empty((len(found), int(offsets[-1])), dtype=np.int32)
    source = runs(texts.starts[~own], lengths[~own])
    for length, level in enumerate(found):
        result[length, of_topic] = level[source]
    result[:, ~of_topic] = vocabulary.find(own_stream, _cuts(np.cumsum(lengths[own]), len(own_stream)))
    _end_with_documents(result, offsets)
    return DocumentNgrams(result, begins, np.zeros(0, np.int64) if (widths == 1).all() else bounds)


def _cuts(ends: NDArray[np.int64], size: int) -> NDArray[np.bool_]:
    """True at the last word of each text. ends: where texts end."""
    cut = np.zeros(size, dtype=bool)
    cut[ends[ends > 0] - 1] = True
    return cut


def read_tokens_as_words(
    words: list[str],
    ids: NDArray[np.int32],
    offsets: NDArray[np.int64],
    vocabulary: Vocabulary,
    read: Callable[[str], list[str]],
) -> DocumentNgrams:
    """The columns of texts that are given as tokens.

    Args:
        words: The tokens as they stand in the texts.
        ids: (m,) int32 into words, the texts one after the other.
        offsets: (n + 1,) int64, where each text begins in ids.
        vocabulary: The n-grams that are columns.
        read: The words that the vectorizer reads from a token: none from a stop word, and lowering may part one.

    Returns:
        The n-grams of the n texts.

    Example:
        >>> from topicloom.words.ngrams import vocabulary_of
        >>> vocabulary = vocabulary_of({"deep": 0, "deep maps": 1, "maps": 2})
        >>> ids, offsets = np.array([0, 1, 1], np.int32), np.array([0, 2, 3])
        >>> read = lambda token: [token.lower()]
        >>> read_tokens_as_words(["Deep", "maps"], ids, offsets, vocabulary, read).found.tolist()
        [[0, 2, 2], [1, -1, -1]]
    """
    widths, stream = _words_of_tokens(words, ids, vocabulary, read)
    bounds = np.concatenate([[0], np.cumsum(widths)])
    found = vocabulary.find(stream, _cuts(bounds[offsets[1:]], len(stream)))
    return DocumentNgrams(found, offsets, np.zeros(0, np.int64) if (widths == 1).all() else bounds)


def _without_stops(token: str, stops: Collection[str]) -> list[str]:
    return [word for word in WORD.findall(token.lower()) if word not in stops]


def _words_of_tokens(
    words: list[str], ids: NDArray[np.int32], vocabulary: Vocabulary, read: Callable[[str], list[str]]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """How many words each token holds, and their numbers in the vocabulary, -1 for unknown ones."""
    parts = [read(token) for token in words]
    number = vocabulary.number
    flat = np.array([number.get(word, NOWHERE) for part in parts for word in part], dtype=np.int32)
    width = np.array([len(part) for part in parts], dtype=np.int64)
    first = np.cumsum(width) - width
    return width[ids], flat[runs(first[ids], width[ids])]


def _by_document(
    own: NDArray[np.bool_],
    counts: NDArray[np.int64],
    values: NDArray[Any],
    own_counts: NDArray[np.int64],
    own_values: NDArray[np.int64],
) -> NDArray[np.int64]:
    """One value a token, in the order of documents: of `own_values` for rows that have their own, else of `values`."""
    merged = counts.copy()
    merged[own] = own_counts
    is_own = np.repeat(own, merged)
    result = np.empty(len(is_own), dtype=np.int64)
    result[~is_own] = values[np.repeat(~own, counts)]
    result[is_own] = own_values
    return result


def _end_with_documents(found: NDArray[np.int32], offsets: NDArray[np.int64]) -> None:
    """Drop n-grams that reach from one document into the next."""
    for length in range(1, len(found)):
        for back in range(1, length + 1):
            at = offsets[1:] - back
            found[length, at[at >= offsets[:-1]]] = NOWHERE
