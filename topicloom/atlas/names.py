"""Names of topics for people: keywords free of stop words and near-repeats, and a short label made of them.

The notebook's Name and Representation stay as they are; these stand beside them.
"""

from __future__ import annotations

import functools
import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicloom.atlas.written import as_written, initials
from topicloom.phrasing import LONGEST_LABEL, shortened
from topicloom.words.english import english_stop_words
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
    return candidates_and_columns(weights, vocabulary, language)[0]


def candidates_and_columns(
    weights: csr_matrix, vocabulary: Vocabulary, language: str
) -> tuple[list[Candidates], dict[str, int]]:
    """What `candidates` finds, and in which column each of these n-grams stands.

    Args:
        weights: Sparse (t, columns) float64 c-TF-IDF.
        vocabulary: Of those columns.
        language: As for `candidates`.

    Returns:
        The candidates of each topic, and the column of each n-gram among them.

    Example:
        >>> from topicloom.words.ngrams import vocabulary_of
        >>> vocabulary = vocabulary_of({"maps": 0, "maps of": 1, "of": 2})
        >>> candidates_and_columns(csr_matrix([[0.5, 0.7, 0.9]]), vocabulary, "english")
        ([[('maps', 0.5)]], {'maps': 0})
    """
    heaviest = [_heaviest(weights, row) for row in range(weights.shape[0])]
    columns = np.unique(np.concatenate([of_topic for of_topic, _ in heaviest])) if heaviest else np.zeros(0)
    names = vocabulary.names(columns.astype(np.int64))
    named = [[(names[column], weight) for column, weight in zip(*of_topic, strict=True)] for of_topic in heaviest]
    stop_words = _stop_words(named, language)
    telling = {name: column for column, name in names.items() if not _has_stop_word(name, stop_words)}
    found = [
        sorted(
            (
                (name, weight * _LENGTH_BONUS[min(name.count(" "), len(_LENGTH_BONUS) - 1)])
                for name, weight in of_topic
                if weight > 0 and name in telling
            ),
            key=lambda pair: (-pair[1], pair[0]),
        )
        for of_topic in named
    ]
    return found, {name: telling[name] for of_topic in found for name, _ in of_topic}


def _heaviest(weights: csr_matrix, row: int) -> tuple[list[int], list[float]]:
    start, end = weights.indptr[row], weights.indptr[row + 1]
    columns, values = weights.indices[start:end], weights.data[start:end]
    order = largest(values, 3 * CANDIDATES, ties=columns)  # stop words among them fall out
    return columns[order].tolist(), values[order].tolist()


def _stop_words(named: Sequence[Candidates], language: str) -> frozenset[str]:
    if language == "english":
        return english_stop_words() | _BOILERPLATE
    if len(named) < _LEAST_TOPICS:
        return frozenset()
    occurs = Counter(name for of_topic in named for name, _ in of_topic if " " not in name)
    return frozenset(word for word, topics in occurs.items() if topics > _COMMON * len(named))


def _has_stop_word(name: str, stop_words: frozenset[str]) -> bool:
    return any(word in stop_words or word.isdigit() for word in name.split())


def _without_repeats(group: Candidates, wanted: int, language: str) -> list[str]:
    """The first `wanted` candidates of which none says again what an earlier one has said.

    Words count by their stem, in languages that have a Snowball stemmer. A candidate whose words all stand in one
    earlier keyword, or hold all words of one, is a repeat, and so is one that begins as an earlier one ends; and a word
    stands in two keywords at most.
    """
    chosen: list[str] = []
    for name, _ in group:
        if says_more(chosen, name, language):
            chosen.append(name)
        if len(chosen) == wanted:
            break
    return chosen


def says_more(chosen: Sequence[str], name: str, language: str) -> bool:
    """Whether a keyword says what no chosen one says, and runs into none, as "state tracking" into "dialogue state".

    Words count by their stem. A word stands in two keywords at most.

    Args:
        chosen: Keywords, their words with a space between.
        name: The keyword that may follow.
        language: BERTopic's; words of one without a Snowball stemmer count as they stand.

    Returns:
        Whether it may follow.

    Example:
        >>> chosen = ["dialogue state", "word embeddings"]
        >>> [says_more(chosen, name, "english") for name in ("state tracking", "embedding", "tracking")]
        [False, False, True]
    """
    stem = _stemmer(language)
    words = [stem(word) for word in name.split()]
    said = [[stem(word) for word in keyword.split()] for keyword in chosen]
    used = Counter(word for of_one in said for word in set(of_one))
    return (
        not any(set(words) <= set(of_one) or set(words) >= set(of_one) for of_one in said)
        and not any(used[word] >= _SAME_WORD_AT_MOST for word in words)
        and not any(_chained(words, of_one) or _chained(of_one, words) for of_one in said)
    )


def _chained(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether the one phrase ends in the words with which the other begins."""
    most = min(len(first), len(second)) - 1
    return any(list(first[-length:]) == list(second[:length]) for length in range(1, most + 1))


@functools.cache
def _stemmer(language: str) -> Callable[[str], str]:
    import snowballstemmer

    if language not in snowballstemmer.algorithms():
        return lambda word: word
    return functools.cache(snowballstemmer.stemmer(language).stemWord)


def _most_telling(
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
    """A short label: the first keywords, an abbreviation behind what it stands for.

    Args:
        keywords: The heaviest first.
        number: Of the topic.

    Returns:
        At most three keywords with commas between, cut to the length of a label; the topic's number where there is no
        keyword.

    Example:
        >>> label_of(["heart failure", "dialysis", "HF"], 3), label_of([], 3)
        ('heart failure (HF), dialysis', 'topic 3')
    """
    said, shown = set(keywords), []
    first_letters = {keyword: initials(keyword) for keyword in keywords}
    of_phrases = {letters for keyword, letters in first_letters.items() if " " in keyword}
    for keyword in keywords:
        short = next((one for one in said if len(one) > 1 and one.lower() == first_letters[keyword]), None)
        if " " not in keyword and keyword.lower() in of_phrases:
            continue
        shown.append(f"{keyword} ({short})" if short and " " in keyword else keyword)
    return _cut(shown[:_IN_LABEL]) or f"topic {number}"


def _cut(keywords: list[str]) -> str:
    """The keywords that a label has room for, whole ones; of a first one that is too long the beginning."""
    while len(keywords) > 1 and len(", ".join(keywords)) > LONGEST_LABEL:
        keywords = keywords[:-1]
    return shortened(", ".join(keywords))


def shown_names(names: Sequence[TopicName], forms: Mapping[str, str]) -> list[TopicName]:
    """Names as papers write them, each topic with a label of its own, by a further keyword where two begin alike.

    Args:
        names: Of all topics, in the order of their numbers.
        forms: How papers write words, as `topicloom.atlas.written.written_forms` finds it.

    Returns:
        The names, in the same order.

    Example:
        >>> shown_names([TopicName("", ["bert model"])], {"bert": "BERT"})[0].label
        'BERT model'
    """
    seen: set[str] = set()
    found = []
    for number, name in enumerate(names):
        keywords = [as_written(keyword, forms) for keyword in name.keywords]
        label = label_of(keywords, number)
        for other in range(_IN_LABEL, len(keywords)):
            if label not in seen:
                break
            label = label_of([*keywords[: _IN_LABEL - 1], keywords[other]], number)
        seen.add(label)
        found.append(TopicName(label, keywords))
    labels = unique([name.label for name in found])
    return [TopicName(label, name.keywords) for label, name in zip(labels, found, strict=True)]


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
    found = [_without_repeats(of_topic, keywords, language) for of_topic in of_topics]
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
    pools = [_without_repeats(of_topic, 2 * keywords, language) for of_topic in of_topics]
    phrases = sorted(set(itertools.chain.from_iterable(pools)))
    row = {phrase: number for number, phrase in enumerate(phrases)}
    embedded = np.asarray(encode(phrases)) if phrases else np.zeros((0, vectors.shape[1]))
    found = [
        _most_telling(pool, embedded[[row[phrase] for phrase in pool]], vector, keywords, diversity) if pool else []
        for pool, vector in zip(pools, own, strict=True)
    ]
    labels = unique([label_of(words, number) for number, words in enumerate(found)])
    return [TopicName(label, words) for label, words in zip(labels, found, strict=True)]
