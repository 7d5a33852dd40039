"""Changes planted among real embeddings, and what the history would say of them at several inertias.

Births, deaths, splits and merges of topics of 20 papers and more are planted, while the corpus grows by a share. A
planted change can be told only where the run before had its topics, and is evident only where two searches without any
anchor, under other seeds, have its topics after it: two topics moved to one place are not one where they are more
papers than a topic of this resolution. Of real papers every run has some topics otherwise than another. So each event
that is said is held against the true topics and these two searches as well: planted, or a correction (what came of it
is true, or both searches have it, and the run before had it otherwise), or invented.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from benchmarks.graph_parts import GROWING_AT, INERTIAS, SEEDS, Corpus, Labels, graph_of, tied
from topicloom.clusters.graph.partition import links_between, sizes_of
from topicloom.clusters.graph.topics import GraphParameters, find_topics
from topicloom.lineage.matching import continued, overlap_of, transitions
from topicloom.lineage.partition import Partition
from topicloom.measures.stability import best_overlap

CHANGES, LEAST = 8, 20  # planted of each kind; papers of a planted topic, and of an event that counts
ALIKE = 0.5  # Jaccard index from which on a topic is a true one
VALID = 0.75  # the same, of the same papers under another seed, from which on Hennig (2007) calls a cluster stable
KINDS = ("split", "merged", "born", "gone")


@dataclass(frozen=True)
class Planted:
    """A corpus before and after.

    Args:
        truth: (n,) true topics of all papers, those of a split or a merge apart.
        before: Rows of the papers that are there before.
        after: Rows of the papers that are there after.
        graphs: Of the papers before and after.
        changes: By kind, the true topics of each change.
        fresh: Topics of the papers after, (m,) int64 each, found without anchors under two other seeds.
    """

    truth: Labels
    before: NDArray[np.int64]
    after: NDArray[np.int64]
    graphs: tuple[csr_matrix, csr_matrix]
    changes: dict[str, set[frozenset[int]]]
    fresh: tuple[Labels, ...]

    def truth_then(self) -> Labels:
        """True topics of the papers before: what splits later is one."""
        return _united(self.truth, self.changes["split"])[self.before]

    def truth_now(self) -> Labels:
        """True topics of the papers after: what has merged is one."""
        return _united(self.truth, self.changes["merged"])[self.after]


def _united(truth: Labels, pairs: Collection[frozenset[int]]) -> Labels:
    whole = truth.copy()
    for pair in pairs:
        whole[np.isin(truth, list(pair))] = min(pair)
    return whole


def plant(vectors: NDArray[np.float32], share: float, seed: int) -> Planted:
    """Plant changes among real papers, and let the corpus grow by a share.

    The papers of a birth are withheld before, those of a death after. Two topics that touch are one before a split, or
    after a merge, by moving the papers of the second by the difference of the means of both.

    Args:
        vectors: (n, d).
        share: Of the papers, that are new after.
        seed: Decides what is planted.
    """
    rng = np.random.default_rng(seed)
    unit = _unit(vectors.astype(np.float64))
    graph = graph_of(unit.astype(np.float32))
    truth, *others = (find_topics(graph, GraphParameters(GROWING_AT), one).topics for one in (7, 8, 9))
    # What another seed does not find again is no topic that could change.
    again = np.min([best_overlap(truth, other) for other in others], axis=0) >= VALID
    chosen = rng.permutation(np.flatnonzero(again & (sizes_of(truth) >= LEAST))).tolist()
    births, deaths, left = chosen[:CHANGES], chosen[CHANGES : 2 * CHANGES], chosen[2 * CHANGES :]
    pairs = _touching_pairs(graph, truth, left, rng)
    splits, merges = pairs[:CHANGES], pairs[CHANGES:]
    old = rng.random(len(truth)) >= share
    before = np.flatnonzero(~np.isin(truth, births) & (old | np.isin(truth, deaths)))
    after = np.flatnonzero(~np.isin(truth, deaths))
    graphs = graph_of(_moved(unit, truth, splits)[before]), graph_of(_moved(unit, truth, merges)[after])
    return Planted(
        truth,
        before,
        after,
        graphs,
        {
            "split": {frozenset(pair) for pair in splits},
            "merged": {frozenset(pair) for pair in merges},
            "born": {frozenset([topic]) for topic in births},
            "gone": {frozenset([topic]) for topic in deaths},
        },
        tuple(find_topics(graphs[1], GraphParameters(GROWING_AT), one).topics for one in (17, 18)),
    )


def _touching_pairs(
    graph: csr_matrix, truth: Labels, left: list[int], rng: np.random.Generator
) -> list[tuple[int, int]]:
    touching = np.argsort(-links_between(graph, truth).toarray(), axis=1)[:, :12]
    pairs: list[tuple[int, int]] = []
    while len(pairs) < 2 * CHANGES:
        one = left.pop(0)
        near = [other for other in touching[one].tolist() if other in left]
        if near:
            pairs.append((one, near[int(rng.integers(len(near)))]))
            left.remove(pairs[-1][1])
    return pairs


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def _moved(unit: NDArray[np.float64], truth: Labels, pairs: Sequence[tuple[int, int]]) -> NDArray[np.float32]:
    moved = unit.copy()
    for one, other in pairs:
        moved[truth == other] += unit[truth == one].mean(axis=0) - unit[truth == other].mean(axis=0)
    return _unit(moved).astype(np.float32)


@dataclass(frozen=True)
class Said:
    """An event of the history.

    Args:
        kind: split, merged, born or gone.
        before: The topics before that it names.
        after: The topics after that it names.
    """

    kind: str
    before: list[int]
    after: list[int]


def said_events(planted: Planted, before: Labels, after: Labels) -> list[Said]:
    """What the history would say became of the topics."""
    one = Partition(planted.before.astype(str), before, None)
    other = Partition(planted.after.astype(str), after, None)
    overlap = overlap_of(one, other)
    events = transitions(one, other, overlap, continued(one, other, overlap))
    return [
        *(Said("split", [topic], parts) for topic, parts in events.splits.items()),
        *(Said("merged", topics, [whole]) for whole, topics in events.merges.items()),
        *(Said("born", [], [topic]) for topic in events.born),
        *(Said("gone", [topic], []) for topic in events.gone),
    ]


def scored(planted: Planted, before: Labels, after: Labels) -> dict[str, dict[str, int]]:
    """What is said, held against what was planted and what is true, by kind.

    Returns:
        planted; of these known: the run before had each of their topics (a Jaccard index of 0.5 and more), with 20
        papers and half of each part of a split, of whose papers no second topic had 20, and less than ten that stay of
        a death; of these evident: both fresh searches have them after, and no second topic has 20 papers of a merger;
        of these recognised: the run after has them as well; and named: an event of the history names its topics. said:
        events of 20 papers and more, each part of them; of these right: planted; corrections; invented.
    """
    judge = _Judge(planted, before, after)
    events = said_events(planted, before, after)
    rows: dict[str, dict[str, int]] = {}
    for kind in KINDS:
        wanted, of_kind = planted.changes[kind], [event for event in events if event.kind == kind]
        known = {change for change in wanted if judge.known(kind, change)}
        evident = {change for change in known if judge.evident(kind, change)}
        names = [judge.name(event) for event in of_kind]
        large = [event for event in of_kind if judge.size(event) >= LEAST]
        right = [event for event in large if judge.name(event) in wanted]
        corrections = [event for event in large if event not in right and judge.corrects(event)]
        rows[kind] = {
            "planted": len(wanted),
            "known": len(known),
            "evident": len(evident),
            "recognised": sum(judge.recognised(kind, change) for change in evident),
            "named": sum(any(change <= name for name in names) for change in evident),
            "said": len(large),
            "right": len(right),
            "corrections": len(corrections),
            "invented": len(large) - len(right) - len(corrections),
        }
    return rows


class _Judge:
    """Topics of the runs before and after, beside the true ones."""

    def __init__(self, planted: Planted, before: Labels, after: Labels) -> None:
        self._before, self._after = before, after
        self._apart = planted.truth[planted.before], planted.truth[planted.after]
        self._then, self._now, self._fresh = planted.truth_then(), planted.truth_now(), planted.fresh

    def known(self, kind: str, change: frozenset[int]) -> bool:
        """Whether the run before had the topics of a change, and so many papers of each part in them that it counts."""
        if kind == "born":
            return True
        if kind == "gone" and self._left_over(min(change)) >= 10:  # papers that can be a topic
            return False
        if kind == "split":
            whole = _most_alike(self._then == min(change), self._before)
            parts = [self._apart[0] == part for part in change]
            within = [int((part & (self._before == whole)).sum()) for part in parts]
            most = all(inside >= part.sum() / 2 for inside, part in zip(within, parts, strict=True))
            one = self._is_one(self._before, np.isin(self._apart[0], list(change)))
            return whole is not None and min(within) >= LEAST and most and one
        return self._had(self._before, self._then, {min(change)} if kind == "split" else change)

    def evident(self, kind: str, change: frozenset[int]) -> bool:
        """Whether both searches without anchors have the topics of a change after it."""
        return all(self._has_after(fresh, kind, change) for fresh in self._fresh)

    def recognised(self, kind: str, change: frozenset[int]) -> bool:
        """Whether the run after has the topics of a change."""
        return self._has_after(self._after, kind, change)

    def _has_after(self, labels: Labels, kind: str, change: frozenset[int]) -> bool:
        of_change = np.isin(self._apart[1], list(change))
        if kind == "gone":
            return not of_change.any()
        if kind == "merged" and not self._is_one(labels, of_change):
            return False
        return self._had(labels, self._now, {min(change)} if kind == "merged" else change)

    def _left_over(self, death: int) -> int:
        """Papers that stay of the topic that most papers of a death had."""
        dying = self._apart[0] == death
        return int((~dying & (self._before == _mostly(self._before[dying]))).sum())

    def name(self, event: Said) -> frozenset[int]:
        """The true topics that most papers of an event's topics have."""
        if event.kind in ("split", "born"):
            return frozenset(_mostly(self._apart[1][self._after == topic]) for topic in event.after)
        return frozenset(_mostly(self._apart[0][self._before == topic]) for topic in event.before)

    def size(self, event: Said) -> int:
        """Papers of the smallest part of an event."""
        if event.kind in ("split", "born"):
            return min(int((self._after == topic).sum()) for topic in event.after)
        return min(int((self._before == topic).sum()) for topic in event.before)

    def corrects(self, event: Said) -> bool:
        """Whether what came of it is true, or what went was not; by the true topics, or by both fresh searches.

        Of a topic that was none it is enough that one of its parts is true.
        """
        if event.kind == "gone":
            return _most_alike(self._before == event.before[0], self._then) is None
        in_truth = self._are_in(event.after, self._now)
        if max(in_truth, min(self._are_in(event.after, one) for one in self._fresh)) == len(event.after):
            return True
        # A topic that was none has come apart, and a part of it is one.
        was_none = event.kind == "split" and _most_alike(self._before == event.before[0], self._then) is None
        return was_none and in_truth > 0

    def _are_in(self, topics: Sequence[int], labels: Labels) -> int:
        """How many of some topics after are topics of other labels as well, each another."""
        return len({_most_alike(self._after == topic, labels) for topic in topics} - {None})

    @staticmethod
    def _is_one(labels: Labels, papers: NDArray[np.bool_]) -> bool:
        """Whether no second topic has so many of some papers that it counts: else two topics became another two."""
        counts = np.bincount(labels[papers & (labels >= 0)], minlength=2)
        return int(np.sort(counts)[-2]) < LEAST

    def _had(self, labels: Labels, truth: Labels, topics: Collection[int]) -> bool:
        found = [_most_alike(truth == topic, labels) for topic in topics]
        return None not in found and len(set(found)) == len(found)


def _mostly(values: Labels) -> int:
    return int(np.bincount(values).argmax())


def _most_alike(members: NDArray[np.bool_], labels: Labels) -> int | None:
    """The topic whose Jaccard index with some papers is 0.5 and more, if there is one."""
    counts = np.bincount(labels[members & (labels >= 0)], minlength=1)
    topic = int(counts.argmax())
    return topic if counts[topic] >= ALIKE * ((labels == topic) | members).sum() else None


def planted_changes(corpus: Corpus, share: float, seeds: Sequence[int] = SEEDS) -> Iterator[dict[str, Any]]:
    """How many planted changes are found at each inertia."""
    vectors = corpus.vectors[:10_000]
    for seed in seeds:
        planted = plant(vectors, share, seed)
        before = find_topics(planted.graphs[0], GraphParameters(GROWING_AT), seed).topics
        for inertia in INERTIAS:
            ties = tied(planted.after, planted.before, before, inertia)
            found = find_topics(planted.graphs[1], GraphParameters(GROWING_AT), seed, ties)
            rows = scored(planted, before, found.topics)
            yield {"corpus": corpus.name, "growth": share, "inertia": inertia, "seed": seed, **rows}
