"""Splits that an anchor hides: topics that come apart without theirs, under more than one seed.

An anchor holds a topic together also when it has become two. So each anchored topic is looked at through communities
that were found without any anchor: where these cut it into the same parts under each seed, and the objective gains by
the cut more than chance gives, the topic is split.

An anchor also draws in a new topic beside it: papers that are new are tied to no anchor, but those near to a held topic
gain by going with it. Where both searches have them as a part of their own, they become a topic, whatever the gain: no
paper that had a topic moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.metrics import adjusted_rand_score

from topicloom.clusters.graph.partition import degrees_of, links_between, numbered_by_row
from topicloom.clusters.graph.small_topics import settle_small_topics

_PART = 0.1  # share of a topic's papers that is the least part of a split, as topicloom.lineage counts it
_NEW = 0.9  # share of new papers from which on a part is one of new papers
_SAME = 0.8  # Jaccard index from which on two parts are the same


@dataclass(frozen=True)
class SplitRule:
    """When an anchored topic is split.

    Args:
        least_gain: What the objective must gain under each seed, as a share of the topic's own edge weight, times the
            adjusted Rand index of the parts under two seeds. Among topics with a planted split 0.0145 was the least
            (docs/graph-topics.md).
        least_papers: Of a part.
    """

    least_gain: float = 0.014
    least_papers: int = 10


@dataclass(frozen=True)
class Cut:
    """How communities found without anchors cut one topic.

    Args:
        parts: (m,) int64, the part of each of its papers; all 0 where they do not cut it.
        gain: Of the objective, as a share of the topic's own edge weight; 0 where it is not cut.
    """

    parts: NDArray[np.int64]
    gain: float


def split_topics(
    graph: csr_matrix,
    topics: NDArray[np.int64],
    free: Sequence[NDArray[np.int64]],
    resolution: float,
    rule: SplitRule | None = None,
    new: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.int64], int]:
    """Split the topics that come apart without their anchor, and those that have drawn in a topic of new papers.

    Args:
        graph: (n, n) symmetric weights, without anchors.
        topics: (n,) int64 anchored topics.
        free: Communities that were found without anchors, (n,) int64 each, under one seed each.
        resolution: That of the objective.
        rule: When a topic is split.
        new: (n,) bool, the papers that no anchor holds; None for none.

    Returns:
        Topics (n,) int64, numbered by first row, and how many were split.

    Example:
        >>> from scipy.sparse import csr_matrix
        >>> two = csr_matrix(np.kron(np.eye(2), np.ones((10, 10)) - np.eye(10)))
        >>> free = np.repeat([0, 1], 10)
        >>> split_topics(two, np.zeros(20, dtype=np.int64), [free, free], 1.0)[1]
        1
    """
    rule = rule or SplitRule()
    degrees = degrees_of(graph)
    found, split = topics.copy(), 0
    following = int(topics.max(initial=-1)) + 1
    order = np.argsort(topics, kind="stable")
    bounds = np.searchsorted(topics[order], np.arange(following + 1))
    for topic in range(following):
        members = order[bounds[topic] : bounds[topic + 1]]
        if any(len(np.unique(communities[members])) < 2 for communities in free):
            continue
        cuts = [_cut(graph, degrees, members, communities[members], resolution, rule) for communities in free]
        best = (
            max(cuts, key=lambda cut: cut.gain).parts
            if _holds(cuts, rule)
            else _new_parts(cuts, np.zeros(len(members), dtype=bool) if new is None else new[members])
        )
        if not best.any():
            continue
        found[members[best > 0]] = following + best[best > 0]
        following += int(best.max()) + 1
        split += 1
    return numbered_by_row(found), split


def _holds(cuts: Sequence[Cut], rule: SplitRule) -> bool:
    """Whether each seed gains by its cut more than they differ and than chance gives, the less the less alike they cut.

    A large gain outweighs that one seed cuts a part once more, or draws the border a few papers away.
    """
    gains = [cut.gain for cut in cuts]
    if min(gains) <= max(gains) - min(gains):
        return False
    agreement = min((adjusted_rand_score(cuts[0].parts, cut.parts) for cut in cuts[1:]), default=1.0)
    return min(gains) * agreement > rule.least_gain


def _new_parts(cuts: Sequence[Cut], new: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Parts of new papers that every cut has, numbered from 1, and 0 for all other papers of the topic.

    cuts: of one topic. new: (m,) bool, which of its papers are new.
    """
    found = np.zeros(len(new), dtype=np.int64)
    for part in range(int(cuts[0].parts.max()) + 1):
        papers = cuts[0].parts == part
        if new[papers].mean() >= _NEW and all(_has(cut, papers) for cut in cuts[1:]):
            found[papers] = found.max() + 1
    return found if (found == 0).any() else np.zeros_like(found)


def _has(cut: Cut, papers: NDArray[np.bool_]) -> bool:
    """Whether a cut has these papers as one part. papers: (m,) bool."""
    part = cut.parts == np.bincount(cut.parts[papers]).argmax()
    return bool((part & papers).sum() >= _SAME * (part | papers).sum())


def _cut(
    graph: csr_matrix,
    degrees: NDArray[np.float64],
    members: NDArray[np.int64],
    communities: NDArray[np.int64],
    resolution: float,
    rule: SplitRule,
) -> Cut:
    """Parts of one topic, the small ones joined to the part that they are tied to most, and the gain of the cut."""
    within = graph[members][:, members]
    least = max(rule.least_papers, int(np.ceil(_PART * len(members))))
    # Without a term for chance the neighbour that loses least is the one with the heaviest tie.
    parts = settle_small_topics(within, numbered_by_row(communities), 0.0, least).labels
    parts = numbered_by_row(np.where(parts < 0, 0, parts))
    weight = np.bincount(parts, weights=degrees[members])
    links = links_between(within, parts)
    total, whole = degrees.sum(), weight.sum()
    severed = links.sum() - links.diagonal().sum()
    gain = resolution * (whole**2 - (weight**2).sum()) / total - severed
    return Cut(parts, float(gain / whole) if whole else 0.0)
