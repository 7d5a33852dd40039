"""Topics of two runs matched by the papers they share: which go on, split, merge, are born or go.

Source of the kinds of transition: Spiliopoulou, Ntoutsi, Theodoridis and Schult (2006), MONIC: modeling and monitoring
cluster transitions; here a share is looked at from both sides, and continuation is one to one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from topicloom.lineage.partition import Partition
from topicloom.measures.similarity import unit_vectors

MAIN = 0.5  # share of its papers from which on a topic is mainly another's, or has mainly gone to it
PART = 0.1  # share of a topic's papers that is the least part of a split or merge, and the least that goes on
FEWEST = 3  # papers; fewer tell nothing
ALIKE = 0.7  # least cosine of mean embeddings where no papers tell
SIZE_CHANGE = 0.1  # share of its papers from which on a topic counts as grown or shrunk


@dataclass(frozen=True)
class Overlap:
    """The papers that two runs have in common.

    Args:
        shared: (t + 1, u + 1) int64, papers by topic before and after, the last row and column for outliers.
        gone: (t + 1,) papers of each topic before that are no longer in the corpus.
        new: (u + 1,) papers of each topic after that were not in the corpus before.
    """

    shared: NDArray[np.int64]
    gone: NDArray[np.int64]
    new: NDArray[np.int64]

    @property
    def between(self) -> NDArray[np.int64]:
        """Papers that had a topic and have one, by both, (t, u)."""
        return self.shared[:-1, :-1]

    @property
    def sent(self) -> NDArray[np.float64]:
        """Share of a topic's papers that went to each topic, of those that have one still, (t, u).

        Where a topic has lost more of its papers than all topics together, those it has lost beyond that count as well:
        what a few papers do that stay of a topic is not what became of it.
        """
        still = self.between.sum(axis=1, keepdims=True)
        all_papers = still + self.gone[:-1, None]
        usual = all_papers * (still.sum() / max(int(all_papers.sum()), 1))
        shares: NDArray[np.float64] = self.between / np.maximum(np.maximum(still, usual), 1)
        return shares

    @property
    def drawn(self) -> NDArray[np.float64]:
        """Share of a topic's papers that came from each topic, of those that had one before, (t, u)."""
        return _shares(self.between, axis=0)


def _shares(counts: NDArray[np.int64], axis: int) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = counts / np.maximum(counts.sum(axis=axis, keepdims=True), 1)
    return shares


def overlap_of(before: Partition, after: Partition) -> Overlap:
    """Count the papers that two runs have in common, by UT; in any order of rows.

    Args:
        before: The topics of the earlier run.
        after: The topics of the later run.

    Returns:
        The counts by topic before and after, with the papers that are gone and those that are new.

    Example:
        >>> import numpy as np
        >>> before = Partition(np.array(list("abcdef")), np.array([0, 0, 0, 1, 1, 1]), None)
        >>> after = Partition(np.array(list("abcdeg")), np.array([1, 1, 1, 0, 0, -1]), None)
        >>> found = overlap_of(before, after)
        >>> found.between.tolist(), found.gone.tolist(), found.new.tolist()
        ([[0, 3], [2, 0]], [0, 1, 0], [0, 0, 1])
    """
    t, u = len(before.sizes), len(after.sizes)
    place = pd.Index(after.papers).get_indexer(before.papers)
    common = place >= 0
    shared = np.zeros((t + 1, u + 1), dtype=np.int64)
    # Outliers, topic -1, are the last row and column.
    np.add.at(shared, (before.topics[common], after.topics[place[common]]), 1)
    fresh = np.ones(len(after.papers), dtype=bool)
    fresh[place[common]] = False
    return Overlap(shared, gone=_counted(before.topics[~common], t), new=_counted(after.topics[fresh], u))


def _counted(topics: NDArray[np.int64], known: int) -> NDArray[np.int64]:
    """Papers of each topic and, last, of the outliers, (known + 1,)."""
    return np.bincount(np.where(topics >= 0, topics, known), minlength=known + 1)


def continued(before: Partition, after: Partition, overlap: Overlap) -> dict[int, int]:
    """Which topic after goes on with which topic before, one to one.

    A pair is possible where

    1. half or more of the earlier topic's papers went to the later one, or half or more of the later one's came from
       the earlier one,
    2. the later topic holds a tenth of the earlier one's papers, and
    3. it holds three of them (all, of a smaller topic).

    Of the possible pairs those are chosen whose Jaccard indices have the largest sum. Topics without papers in common
    with the other run go on by their mean embeddings, where each is the other's nearest in both runs.

    Args:
        before: The topics of the earlier run.
        after: The topics of the later run.
        overlap: Of the two.

    Returns:
        {topic after: topic before}, for those that go on.

    Example:
        >>> import numpy as np
        >>> before = Partition(np.array(list("abcdef")), np.array([0, 0, 0, 1, 1, 1]), None)
        >>> after = Partition(np.array(list("abcdeg")), np.array([1, 1, 1, 0, 0, -1]), None)
        >>> continued(before, after, overlap_of(before, after))
        {1: 0, 0: 1}
    """
    between = overlap.between
    # Three papers in common are asked for, or all papers of a topic that has fewer.
    fewest = np.minimum(np.minimum(before.sizes[:, None], after.sizes[None]), FEWEST)
    held = (between >= fewest) & (between >= PART * overlap.shared[:-1].sum(axis=1, keepdims=True)) & (between > 0)
    possible = held & ((overlap.sent >= MAIN) | (overlap.drawn >= MAIN))
    either = between.sum(axis=1, keepdims=True) + between.sum(axis=0, keepdims=True) - between
    jaccard = np.where(possible, between / np.maximum(either, 1), 0.0)
    # Equal sums are settled by the order of rows and columns, which must not be the corpus's.
    rows, columns = _canonical(before), _canonical(after)
    chosen = linear_sum_assignment(jaccard[np.ix_(rows, columns)], maximize=True)
    pairs = {
        int(columns[column]): int(rows[row])
        for row, column in zip(*chosen, strict=True)
        if possible[rows[row], columns[column]]
    }
    return pairs | _alike(before, after, overlap, pairs)


def _canonical(partition: Partition) -> NDArray[np.int64]:
    """The topics in an order that does not depend on their numbers: the largest first, then by their first UT."""
    assigned = partition.topics >= 0
    sizes = partition.sizes
    first = pd.Series(partition.papers[assigned].astype(str)).groupby(partition.topics[assigned]).min()
    names = first.reindex(range(len(sizes)), fill_value="").to_numpy().astype(str)
    order: NDArray[np.int64] = np.lexsort((names, -sizes))
    return order


def _alike(before: Partition, after: Partition, overlap: Overlap, pairs: dict[int, int]) -> dict[int, int]:
    """Pairs of topics without papers in common that tell, each nearer to the other than to any topic else."""
    one, other = before.vectors, after.vectors
    if one is None or other is None or not len(one) or not len(other) or one.shape[1] != other.shape[1]:
        return {}
    one, other = unit_vectors(one), unit_vectors(other)
    silent_before = (overlap.between.sum(axis=1) < FEWEST) & ~np.isin(np.arange(len(one)), list(pairs.values()))
    silent_after = (overlap.between.sum(axis=0) < FEWEST) & ~np.isin(np.arange(len(other)), list(pairs))
    across = one @ other.T
    nearest_own = np.maximum(_nearest_other(one)[:, None], _nearest_other(other)[None])
    best = (across == across.max(axis=1, keepdims=True)) & (across == across.max(axis=0, keepdims=True))
    found = best & (across >= ALIKE) & (across > nearest_own) & silent_before[:, None] & silent_after[None]
    return {int(column): int(row) for row, column in np.argwhere(found)}


def _nearest_other(unit: NDArray[np.float64]) -> NDArray[np.float64]:
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -1.0)
    nearest: NDArray[np.float64] = similarity.max(axis=1)
    return nearest


@dataclass(frozen=True)
class Transitions:
    """What became of the topics, by their numbers.

    Args:
        splits: Topic before -> its parts after.
        merges: Topic after -> the topics before that went into it.
        born: Topics after that neither go on nor take part in a split or merge.
        gone: Topics before of which the same is true.
        resized: Topic after -> topic before, of another size.
    """

    splits: dict[int, list[int]]
    merges: dict[int, list[int]]
    born: list[int]
    gone: list[int]
    resized: dict[int, int]


def transitions(before: Partition, after: Partition, overlap: Overlap, going_on: dict[int, int]) -> Transitions:
    """Name what became of the topics.

    A topic is split where two or more topics are mainly made of it, and merged where two or more have mainly gone to
    it. A part counts when it has a tenth of the whole, and three papers.

    Args:
        before: The topics of the earlier run.
        after: The topics of the later run.
        overlap: Of the two.
        going_on: {topic after: topic before}, as `continued` found it, or as lasting ids say.

    Returns:
        Splits, merges, births and the rest, by the numbers of the topics.

    Example:
        >>> import numpy as np
        >>> before = Partition(np.arange(8), np.array([0, 0, 0, 0, 0, 0, 0, 0]), None)
        >>> after = Partition(np.arange(8), np.array([0, 0, 0, 0, 1, 1, 1, 1]), None)
        >>> transitions(before, after, overlap_of(before, after), {0: 0}).splits
        {0: [0, 1]}
    """
    splits = _parts(overlap.drawn >= MAIN, overlap.between)
    merges = _parts((overlap.sent >= MAIN).T, overlap.between.T)
    explained_after = {part for parts in splits.values() for part in parts} | merges.keys() | going_on.keys()
    explained_before = {part for parts in merges.values() for part in parts} | splits.keys() | set(going_on.values())
    old, new = before.sizes, after.sizes
    return Transitions(
        splits=splits,
        merges=merges,
        born=[topic for topic in range(len(new)) if topic not in explained_after],
        gone=[topic for topic in range(len(old)) if topic not in explained_before],
        resized={
            topic: earlier
            for topic, earlier in going_on.items()
            if abs(int(new[topic]) - int(old[earlier])) >= max(SIZE_CHANGE * int(old[earlier]), FEWEST)
        },
    )


def _parts(main: NDArray[np.bool_], counts: NDArray[np.int64]) -> dict[int, list[int]]:
    """For each whole its parts, where there are two or more: those mainly of it and no less than a tenth of it."""
    least = np.maximum(PART * counts.sum(axis=1, keepdims=True), FEWEST)
    part = main & (counts >= least)
    return {int(whole): np.flatnonzero(part[whole]).tolist() for whole in np.flatnonzero(part.sum(axis=1) >= 2)}
