"""Names of topics for people: keywords free of stop words and near-repeats, and a short label made of them.

The notebook's Name and Representation stay as they are; these stand beside them.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from topicloom.phrasing import shortened
from topicloom.words.ranking import largest

if TYPE_CHECKING:
    from topicloom.words.ngrams import Vocabulary

CANDIDATES = 100  # n-grams of a topic that are looked at, by c-TF-IDF
_LENGTH_BONUS = (1.0, 2.0, 2.2)  # a phrase says more than its words, whose counts hold the phrase's
# Words that abstracts hold whatever they are about; "nan" is what a missing abstract has left behind.
_BOILERPLATE = frozenset(
    ("al", "describes", "et", "experimental", "nan", "paper", "papers", "propose", "proposed", "proposes")
)
_SAME_WORD_AT_MOST = 2  # keywords of a topic that share a word
# Where a language has no list: a word among the heaviest of more than this share of the topics is a stop word ...
_COMMON = 0.6
_LEAST_TOPICS = 10  # ... if there are at least so many topics
_IN_LABEL = 3

Candidates = list[tuple[str, float]]  # n-grams and how heavy they are, heaviest first


@dataclass(frozen=True)
class TopicName:
    """A topic's name for people.

    Args:
        label: Short.
        keywords: The heaviest first.
    """

    label: str
    keywords: list[str]


def candidates(weights: csr_matrix, vocabulary: Vocabulary, language: str) -> list[Candidates]:
    """N-grams that may name each topic: no stop word in them, phrases before their words.

    Args:
        weights: Sparse (t, columns) float64 c-TF-IDF.
        vocabulary: Of those columns.
        language: Stop words of English are scikit-learn's; in another language they are the words that most of the
            topics have among their heaviest.

    Returns:
        For each topic n-grams and how heavy they are, the heaviest first.

    Example:
        >>> from topicloom.words.ngrams import vocabulary_of
        >>> vocabulary = vocabulary_of({"maps": 0, "maps of": 1, "of": 2})
        >>> candidates(csr_matrix([[0.5, 0.7, 0.9]]), vocabulary, "english")
        [[('maps', 0.5)]]
    """
    heaviest = [_heaviest(weights, row) for row in range(weights.shape[0])]
    columns = np.unique(np.concatenate([columns for columns, _ in heaviest])) if heaviest else np.zeros(0, dtype=int)
    names = vocabulary.names(columns)
    named = [[(names[column], weight) for column, weight in zip(*of_topic, strict=True)] for of_topic in heaviest]
    stop_words = _stop_words(named, language)
    return [
        sorted(
            (
                (name, weight * _LENGTH_BONUS[min(name.count(" "), len(_LENGTH_BONUS) - 1)])
                for name, weight in of_topic
                if weight > 0 and not _has_stop_word(name, stop_words)
            ),
            key=lambda pair: (-pair[1], pair[0]),
        )
        for of_topic in named
    ]


def _heaviest(weights: csr_matrix, row: int) -> tuple[list[int], list[float]]:
    start, end = weights.indptr[row], weights.indptr[row + 1]
    columns, values = weights.indices[start:end], weights.data[start:end]
    order = largest(values, 3 * CANDIDATES, ties=columns)  # stop words among them fall out
    return columns[order].tolist(), values[order].tolist()


def _stop_words(named: Sequence[Candidates], language: str) -> frozenset[str]:
    if language == "english":
        return frozenset(ENGLISH_STOP_WORDS) | _BOILERPLATE
    if len(named) < _LEAST_TOPICS:
        return frozenset()
    occurs = Counter(name for of_topic in named for name, _ in of_topic if " " not in name)
    return frozenset(word for word, topics in occurs.items() if topics > _COMMON * len(named))


def _has_stop_word(name: str, stop_words: frozenset[str]) -> bool:
    return any(word in stop_words or word.isdigit() for word in name.split())


def merged(of_topics: Sequence[Candidates], shares: Sequence[float]) -> Candidates:
    """Candidates of a group of topics: the sum of those of its topics, each times the topic's share of the group."""
    total: dict[str, float] = {}
    for of_topic, share in zip(of_topics, shares, strict=True):
        for name, weight in of_topic:
            total[name] = total.get(name, 0.0) + share * weight
    return sorted(total.items(), key=lambda pair: (-pair[1], pair[0]))


def told_apart(groups: Sequence[Candidates]) -> list[Candidates]:
    """The candidates of several groups, each lighter the more groups have it: a name tells one from the others."""
    occurs = Counter(name for group in groups for name, _ in group)
    return [
        sorted(
            ((name, weight * math.log1p(len(groups) / occurs[name])) for name, weight in group),
            key=lambda pair: (-pair[1], pair[0]),
        )
        for group in groups
    ]


def without_repeats(group: Candidates, wanted: int, language: str) -> list[str]:
    """The first `wanted` candidates of which none says again what an earlier one has said.

    Words count by their stem, in languages that have a Snowball stemmer. A candidate whose words all stand in one
    earlier keyword, or hold all words of one, is a repeat; and a word stands in two keywords at most.
    """
    stem = _stemmer(language)
    chosen: list[str] = []
    said: list[frozenset[str]] = []
    used: Counter[str] = Counter()
    for name, _ in group:
        stems = frozenset(stem(word) for word in name.split())
        if any(stems <= earlier or stems >= earlier for earlier in said):
            continue
        if any(used[word] >= _SAME_WORD_AT_MOST for word in stems):
            continue
        chosen.append(name)
        said.append(stems)
        used.update(stems)
        if len(chosen) == wanted:
            break
    return chosen


@functools.cache
def _stemmer(language: str) -> Callable[[str], str]:
    import snowballstemmer

    if language not in snowballstemmer.algorithms():
        return lambda word: word
    return functools.cache(snowballstemmer.stemmer(language).stemWord)


def most_telling(
    names: Sequence[str],
    vectors: NDArray[np.floating[Any]],
    topic: NDArray[np.floating[Any]],
    wanted: int,
    diversity: float,
) -> list[str]:
    """Keywords by maximal marginal relevance: near to the topic, far from those that are chosen already.

    names: m candidates. vectors: (m, d) their embeddings. topic: (d,) its mean embedding. diversity: 0 to 1, how much
    the distance from chosen ones counts.
    Source: Carbonell and Goldstein (1998), The use of MMR, as KeyBERT uses it.
    """
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-12)
    near = unit @ (topic / max(float(np.linalg.norm(topic)), 1e-12))
    chosen: list[int] = []
    nearest = np.full(len(names), -1.0)
    while len(chosen) < min(wanted, len(names)):
        relevance = near if not chosen else (1 - diversity) * near - diversity * nearest
        relevance = relevance.copy()
        relevance[chosen] = -np.inf
        best = int(relevance.argmax())
        chosen.append(best)
        nearest = np.maximum(nearest, unit @ unit[best])
    return [names[index] for index in chosen]


def label_of(keywords: Sequence[str], number: int) -> str:
    """A short label: the first keywords; the topic's number where it has none."""
    label = ", ".join(keywords[:_IN_LABEL])
    return shortened(label) or f"topic {number}"


def unique(labels: Sequence[str]) -> list[str]:
    """The labels, a number behind those that an earlier one equals, so that each names one topic.

    Args:
        labels: t labels.

    Returns:
        t labels.

    Example:
        >>> unique(["maps", "cells", "maps"])
        ['maps', 'cells', 'maps (2)']
    """
    seen: Counter[str] = Counter()
    told = []
    for label in labels:
        seen[label] += 1
        told.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return told


def statistical_names(of_topics: Sequence[Candidates], keywords: int, language: str) -> list[TopicName]:
    """Name topics by c-TF-IDF alone.

    Args:
        of_topics: What `candidates` found, one entry a topic in the order of the numbers.
        keywords: How many keywords a topic gets.
        language: Of the texts, whose stems say which keyword repeats another.

    Returns:
        A name for each topic.

    Example:
        >>> statistical_names([[("deep maps", 0.9), ("map", 0.8), ("sea", 0.5)]], 2, "english")
        [TopicName(label='deep maps, sea', keywords=['deep maps', 'sea'])]
    """
    found = [without_repeats(of_topic, keywords, language) for of_topic in of_topics]
    labels = unique([label_of(words, number) for number, words in enumerate(found)])
    return [TopicName(label, words) for label, words in zip(labels, found, strict=True)]


def model_names(
    of_topics: Sequence[Candidates],
    vectors: NDArray[np.floating[Any]],
    encode: Callable[[list[str]], NDArray[np.floating[Any]]],
    keywords: int,
    diversity: float,
    language: str,
) -> list[TopicName]:
    """Name topics with a sentence-transformers model.

    Of twice as many candidates as are wanted it takes those that are nearest to the topic, seen from the middle of all
    topics, and far from each other.

    Args:
        of_topics: What `candidates` found, one entry a topic in the order of the numbers.
        vectors: (t, d) mean embeddings of all topics.
        encode: Turns m texts into (m, d) embeddings of the same space.
        keywords: How many keywords a topic gets.
        diversity: 0 to 1, how much the distance from chosen keywords counts.
        language: Of the texts, whose stems say which keyword repeats another.

    Returns:
        A name for each topic.

    Example:
        >>> def encode(texts):  # a sentence-transformers model's own
        ...     return np.array([[text == "maps", text == "cells"] for text in texts], dtype=float)
        >>> of_topics = [[("cells", 0.9), ("maps", 0.8)]] * 2
        >>> [name.label for name in model_names(of_topics, np.eye(2), encode, 1, 0.3, "english")]
        ['maps', 'cells']

    Source: KeyBERT (Grootendorst 2020), on the candidates that c-TF-IDF has found.
    """
    # What all topics are about names none of them, so nearness counts towards what a topic has of its own.
    own = vectors - vectors.mean(axis=0) if len(vectors) > 1 else vectors
    pools = [without_repeats(of_topic, 2 * keywords, language) for of_topic in of_topics]
    phrases = sorted(set(itertools.chain.from_iterable(pools)))
    row = {phrase: number for number, phrase in enumerate(phrases)}
    embedded = np.asarray(encode(phrases)) if phrases else np.zeros((0, vectors.shape[1]))
    found = [
        most_telling(pool, embedded[[row[phrase] for phrase in pool]], vector, keywords, diversity) if pool else []
        for pool, vector in zip(pools, own, strict=True)
    ]
    labels = unique([label_of(words, number) for number, words in enumerate(found)])
    return [TopicName(label, words) for label, words in zip(labels, found, strict=True)]
