"""Keywords of the authors as names of topics, beside the phrases of the texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, hstack

from topicloom.atlas.phrases import LEAST_PAPERS, Phrases
from topicloom.atlas.values import values_of

_HALF = 0.5  # of the papers must have keywords
_MOST_WORDS = 5  # of a keyword
_MOST = 50  # keywords of a topic that are looked at


def with_keywords(
    phrases: Phrases, keywords: Sequence[str], topics: NDArray[np.int64], read: Callable[[str], str]
) -> Phrases:
    """Add the keywords of the authors to the phrases that may name topics, where half of the papers have them.

    A keyword's weight in a topic is the share of the topic's papers with keywords that have it, times
    log(1 + papers with keywords / papers that have it). Both weights, over the largest of the topic each, add up: what
    authors call their papers and what the texts say comes first.

    Args:
        phrases: Of the texts.
        keywords: (n,) of each paper, with semicolons between, "" for none; in the order of the papers of `phrases`.
        topics: (n,) the topic of each paper, -1 for outliers.
        read: How a text is read into words, in small letters.

    Returns:
        The phrases, the same where fewer than half of the papers have keywords.

    Example:
        >>> phrases = Phrases(["maps"], csr_matrix([[1], [1]]), [[(0, 0.5)]])
        >>> found = with_keywords(phrases, ["Deep Sea; maps", "deep sea"], np.array([0, 0]), str.lower)
        >>> [(found.names[column], weight) for column, weight in found.of_topics[0]]
        [('maps', 1.0), ('deep sea', 1.0)]
    """
    if not phrases.of_topics or sum(bool(text.strip()) for text in keywords) < _HALF * len(keywords):
        return phrases
    found = values_of(list(keywords))
    columns: dict[str, list[int]] = defaultdict(list)
    for column, name in enumerate(found.names):
        words = read(name).split()
        if 0 < len(words) <= _MOST_WORDS and not all(word.isdigit() for word in words):
            columns[" ".join(words)].append(column)
    names = sorted(columns)
    held = _binary(_joined(found.held, [columns[name] for name in names]))
    known = found.known
    weights = _weights(held, np.where(known, topics, -1), len(phrases.of_topics))
    return _together(phrases, names, held, weights)


def _joined(held: csr_matrix, groups: list[list[int]]) -> csr_matrix:
    """Columns added up, a group of them one."""
    rows = np.array([column for group in groups for column in group], dtype=np.int64)
    places = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    shape = (held.shape[1], len(groups))
    return csr_matrix(held @ csr_matrix((np.ones(len(rows), dtype=np.int64), (rows, places)), shape=shape))


def _binary(held: csr_matrix) -> csr_matrix:
    held = csr_matrix(held, dtype=np.int32)
    held.sum_duplicates()
    held.eliminate_zeros()
    held.data[:] = 1
    return held


def _weights(held: csr_matrix, topics: NDArray[np.int64], wanted: int) -> csr_matrix:
    """Of each keyword of two papers or more in each topic, sparse (t, keywords)."""
    inside = np.flatnonzero(topics >= 0)
    ones = np.ones(len(inside), dtype=np.int64)
    counts = csr_matrix(csr_matrix((ones, (topics[inside], inside)), shape=(wanted, len(topics))) @ held)
    counts.data[counts.data < LEAST_PAPERS] = 0
    counts.eliminate_zeros()
    papers = np.bincount(topics[inside], minlength=wanted)
    with_any = int((np.diff(held.indptr) > 0).sum())
    rarity = np.log(1 + with_any / np.maximum(np.asarray(held.sum(axis=0)).ravel(), 1))
    return csr_matrix(diags(1 / np.maximum(papers, 1)) @ counts @ diags(rarity))


def _together(phrases: Phrases, names: list[str], held: csr_matrix, weights: csr_matrix) -> Phrases:
    column_of = {name: column for column, name in enumerate(phrases.names)}
    used = np.unique(weights.indices)
    new = [name for name in (names[keyword] for keyword in used) if name not in column_of]
    column_of |= {name: len(phrases.names) + at for at, name in enumerate(new)}
    place = np.array([column_of[names[keyword]] for keyword in used], dtype=np.int64)
    size = len(phrases.names) + len(new)
    ones = np.ones(len(used), dtype=np.int32)
    of_keywords = held[:, used] @ csr_matrix((ones, (np.arange(len(used)), place)), shape=(len(used), size))
    of_texts = hstack([phrases.held, csr_matrix((held.shape[0], len(new)), dtype=np.int32)], format="csr")
    at = dict(zip(used.tolist(), place.tolist(), strict=True))
    return Phrases(
        names=[*phrases.names, *new],
        held=_binary(of_texts + of_keywords),
        of_topics=[_of_topic(own, weights[topic], at) for topic, own in enumerate(phrases.of_topics)],
    )


def _of_topic(own: list[tuple[int, float]], keywords: csr_matrix, at: dict[int, int]) -> list[tuple[int, float]]:
    """Both weights of a topic's phrases, over the largest of each, added up; the heaviest first."""
    order = np.argsort(-keywords.data, kind="stable")[:_MOST]
    most_own = max((weight for _, weight in own), default=1.0)
    added = {column: weight / most_own for column, weight in own}
    for place in order:
        column = at[int(keywords.indices[place])]
        added[column] = added.get(column, 0.0) + float(keywords.data[place] / keywords.data[order[0]])
    return sorted(added.items(), key=lambda pair: (-pair[1], pair[0]))
