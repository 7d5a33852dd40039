"""Which papers hold which phrases, and the phrases that say what topics and groups of topics are about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicloom.words.ngrams import DocumentNgrams
from topicloom.words.tokens import packed, unpacked

LEAST_PAPERS, LEAST_SHARE = 2, 0.1  # of a topic that must hold a phrase which names it
_CHAINED = 0.5  # of the papers with the commoner part of a longer phrase must hold all of it, to stand for both parts
_WEIGHT_OF_SHARE = 0.7  # how much a group's papers count over what is peculiar to them
_OF_MOST = 0.85  # the same in a group of more than half of the papers, to which nothing is peculiar
_BONUS = (1.0, 1.3, 1.4)  # a phrase says more than a word that stands in as many papers
# Of shared tasks, whose papers say so whatever they are about.
_TASKS = re.compile(r"\bshared task\b|\bsemeval ?\d*\b|\btask \d+\b")


@dataclass(frozen=True)
class Phrases:
    """Phrases that may name topics.

    Args:
        names: (m,) the phrases.
        held: Sparse (n, m) of ones: which paper holds which phrase, in the order of the corpus file.
        of_topics: For each topic the columns of its phrases and their weights, heaviest first.
    """

    names: list[str]
    held: csr_matrix
    of_topics: list[list[tuple[int, float]]]


def write_phrases(phrases: Phrases, path: Path) -> None:
    """Write phrases as .npz, for `read_phrases`.

    Args:
        phrases: That may name topics.
        path: Of the file.

    Raises:
        OSError: It cannot be written.

    Example:
        >>> import tempfile
        >>> phrases = Phrases(["maps", "sea"], csr_matrix([[1, 0], [1, 1]]), [[(0, 0.9)], [(1, 0.5), (0, 0.4)]])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_phrases(phrases, Path(folder) / "phrases.npz")
        ...     read_phrases(Path(folder) / "phrases.npz").of_topics
        [[(0, 0.9)], [(1, 0.5), (0, 0.4)]]
    """
    of_topics = [pair for of_topic in phrases.of_topics for pair in of_topic]
    np.savez(
        path,
        names=packed(phrases.names),
        indptr=phrases.held.indptr,
        indices=phrases.held.indices,
        shape=np.array(phrases.held.shape, dtype=np.int64),
        columns=np.array([column for column, _ in of_topics], dtype=np.int64),
        weights=np.array([weight for _, weight in of_topics], dtype=np.float64),
        ends=np.cumsum([len(of_topic) for of_topic in phrases.of_topics], dtype=np.int64),
    )


def read_phrases(path: Path) -> Phrases:
    """Read what `write_phrases` wrote.

    Args:
        path: Of the file.

    Returns:
        The phrases.

    Raises:
        OSError: It cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_phrases(Phrases([], csr_matrix((2, 0)), [[]]), Path(folder) / "phrases.npz")
        ...     read_phrases(Path(folder) / "phrases.npz").of_topics
        [[]]
    """
    with np.load(path) as found:
        indices = found["indices"]
        held = csr_matrix((np.ones(len(indices), dtype=np.int32), indices, found["indptr"]), shape=found["shape"])
        names = unpacked(found["names"])
        pairs = list(zip(found["columns"].tolist(), found["weights"].tolist(), strict=True))
        ends = found["ends"].tolist()
    starts = [0, *ends[:-1]]
    return Phrases(names, held, [pairs[start:end] for start, end in zip(starts, ends, strict=False)])


def papers_holding(ngrams: DocumentNgrams, columns: NDArray[np.int64], size: int) -> csr_matrix:
    """Which paper holds which n-gram.

    Args:
        ngrams: Of the n papers.
        columns: (m,) of the vocabulary.
        size: Columns of the vocabulary.

    Returns:
        Sparse (n, m) of ones.

    Example:
        >>> found = np.array([[0, 1, 1, 1]], dtype=np.int32)
        >>> ngrams = DocumentNgrams(found, np.array([0, 2, 4]), np.zeros(0, dtype=np.int64))
        >>> papers_holding(ngrams, np.array([0, 1]), 2).toarray().tolist()
        [[1, 1], [0, 1]]
    """
    place = np.full(size + 1, -1, dtype=np.int64)  # the last one for "none", which is -1
    place[columns] = np.arange(len(columns))
    offsets = ngrams.offsets
    paper = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    rows, found = [], []
    for of_length in ngrams.found:
        at = place[of_length]
        rows.append(paper[at >= 0])
        found.append(at[at >= 0])
    row, column = np.concatenate(rows), np.concatenate(found)
    shape = (len(offsets) - 1, len(columns))
    held = csr_matrix((np.ones(len(row), dtype=np.int32), (row, column)), shape=shape)
    held.sum_duplicates()
    held.data[:] = 1
    return held


def naming_phrases(phrases: Phrases, topics: NDArray[np.int64]) -> list[list[tuple[str, float]]]:
    """The phrases of each topic that a tenth of its papers hold, two at least, heaviest first.

    A phrase of three words and more stands for its two parts that are a word shorter, where half of the papers with the
    commoner part hold all of it: "word sense disambiguation", and not "word sense, sense disambiguation". Names of
    shared tasks come last.

    Args:
        phrases: That may name topics.
        topics: (n,) the topic of each paper, -1 for outliers.

    Returns:
        For each topic its phrases and weights; where no phrase stands in enough papers, those of two papers, or all.

    Example:
        >>> phrases = Phrases(["maps", "a rare term"], csr_matrix([[1, 1], [1, 0]]), [[(1, 0.9), (0, 0.5)]])
        >>> naming_phrases(phrases, np.array([0, 0]))
        [[('maps', 0.5)]]
    """
    found = []
    for topic, candidates in enumerate(phrases.of_topics):
        papers = np.flatnonzero(topics == topic)
        counts = np.asarray(phrases.held[papers].sum(axis=0)).ravel()
        least = max(LEAST_PAPERS, int(np.ceil(LEAST_SHARE * len(papers))))
        for enough in (least, LEAST_PAPERS, 0):
            kept = {phrases.names[column]: (weight, int(counts[column])) for column, weight in candidates}
            kept = {name: entry for name, entry in kept.items() if entry[1] >= enough and not _abbreviated(name)}
            if kept:
                break
        ordered = sorted(_joined(kept).items(), key=lambda pair: (bool(_TASKS.search(pair[0])), -pair[1], pair[0]))
        found.append(ordered)
    return found


def _abbreviated(name: str) -> bool:
    """Whether a phrase ends in its own abbreviation, as in "multiple sclerosis ms"."""
    *words, last = name.split()
    return len(words) > 1 and last.removesuffix("s").endswith("".join(word[0] for word in words))


def _joined(kept: dict[str, tuple[float, int]]) -> dict[str, float]:
    """Weights of phrases, those of longer ones raised above their parts, which fall away."""
    weights = {name: weight for name, (weight, _) in kept.items()}
    parts_of_longer: set[str] = set()
    for name in sorted(kept, key=lambda name: name.count(" ")):  # shorter first: a part's weight is final when read
        words = name.split()
        parts = [" ".join(words[:-1]), " ".join(words[1:])]
        if len(words) < 3 or any(part not in kept for part in parts):
            continue
        if kept[name][1] >= _CHAINED * max(kept[part][1] for part in parts):
            weights[name] = max(weights[name], *(weights[part] for part in parts))
            parts_of_longer.update(parts)
    return {name: weight for name, weight in weights.items() if name not in parts_of_longer}


def group_phrases(
    phrases: Phrases,
    groups: NDArray[np.int64],
    candidates: Sequence[Iterable[str]],
    wanted: int,
    may_follow: Callable[[list[str], str], bool],
) -> list[list[str]]:
    """Phrases that many papers of a group hold, and few others: each next one for the papers that hold none so far.

    The best phrase of a group is that of the largest share^0.7 x log(lift): share of the papers that hold it, lift over
    its share in all papers with a group.

    Args:
        phrases: That may name topics.
        groups: (n,) the group of each paper, from 0; -1 for none.
        candidates: For each group the phrases that may name it.
        wanted: Phrases of a group.
        may_follow: Whether a phrase says something that the chosen ones do not.

    Returns:
        For each group its phrases, the best first; none where none is more frequent in it than elsewhere.

    Example:
        >>> phrases = Phrases(["maps", "sea"], csr_matrix([[1, 0], [1, 1], [0, 1], [0, 1]]), [])
        >>> of_groups = [["maps", "sea"], ["maps", "sea"]]
        >>> group_phrases(phrases, np.array([0, 0, 1, 1]), of_groups, 1, lambda chosen, phrase: phrase not in chosen)
        [['maps'], ['sea']]
    """
    column_of = {name: column for column, name in enumerate(phrases.names)}
    inside = np.flatnonzero(groups >= 0)
    everywhere = np.asarray(phrases.held[inside].sum(axis=0)).ravel() / max(len(inside), 1)
    found = []
    for group, names in enumerate(candidates):
        pool = set(names)
        pool = {name for name in pool if not _TASKS.search(name)} or pool
        columns = np.array(sorted(column_of[name] for name in pool), dtype=np.int64)
        papers = np.flatnonzero(groups == group)
        held = phrases.held[papers][:, columns]
        own = np.asarray(held.sum(axis=0)).ravel() / max(len(papers), 1)
        lift = np.log(np.maximum(own / everywhere[columns], 1e-9))
        bonus = np.array([_BONUS[min(phrases.names[column].count(" "), 2)] for column in columns])
        weight = _OF_MOST if 2 * len(papers) > len(inside) else _WEIGHT_OF_SHARE
        chosen: list[str] = []
        open_papers = np.ones(len(papers), dtype=bool)
        while len(chosen) < wanted:
            share = np.asarray(held[open_papers].sum(axis=0)).ravel() / max(len(papers), 1)
            score = share**weight * lift * bonus
            order = [at for at in np.argsort(-score, kind="stable") if score[at] > 0]
            best = next((at for at in order if may_follow(chosen, phrases.names[columns[at]])), None)
            if best is None:
                break
            chosen.append(phrases.names[columns[best]])
            open_papers &= np.asarray(held[:, [best]].todense()).ravel() == 0
        found.append(chosen)
    return found
