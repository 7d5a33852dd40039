"""Topics from the neighbour graph: the whole way from a graph to topics, as settings ask for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicloom.clusters.graph.agreement import RUNS, agreed_communities
from topicloom.clusters.graph.anchors import Anchors
from topicloom.clusters.graph.leiden import ITERATIONS, FindsCommunities, close_in_memory, leiden
from topicloom.clusters.graph.partition import degrees_of, modularity, numbered_by_row
from topicloom.clusters.graph.resolution import enough_topics, resolution_for
from topicloom.clusters.graph.small_topics import Small, join_down_to, settle_small_topics
from topicloom.clusters.graph.splits import SplitRule, split_topics
from topicloom.clusters.graph.strength import Strength, strength_of, without_weak
from topicloom.settings.clusters import ONE_SEED_FROM

DEFAULT_RESOLUTION = 20.0
_QUICK = 2  # cycles of Leiden where only the number of topics is asked
_ALONE = 3  # cycles of a seed that is asked alone: two more gain less than one part in a thousand of the objective


@dataclass(frozen=True)
class GraphParameters:
    """How topics are found in a graph.

    Args:
        resolution: The larger, the more topics.
        topics: Wanted number, 0 for as many as the resolution gives.
        least: Papers of a topic.
        small: What becomes of smaller ones.
        least_strength: Share of its edge weight that a paper must have within its topic; below it is an outlier.
        runs: Seeds that vote; None: eight, and one from ONE_SEED_FROM papers on.
    """

    resolution: float = DEFAULT_RESOLUTION
    topics: int = 0
    least: int = 10
    small: Small = "join"
    least_strength: float = 0.0
    runs: int | None = None


@dataclass(frozen=True)
class GraphTopics:
    """Topics of n papers, and what is known of them.

    Args:
        topics: (n,) int64, numbered by first row, -1 for outliers.
        strength: Of each paper in its topic, and its second-best topic.
        resolution: That they were found at.
        modularity: The objective they reach.
        given_up: Share of the objective without anchors that was given up for steadiness; None without anchors.
        stability: Mean adjusted Rand index of the seeds; None where one was asked.
        joined: Topics too small that were joined to another.
        too_small: Topics too small that are outliers now.
        split: Topics that came apart although their anchor held them.
        anchors: Topics of the run before that papers were tied to.
    """

    topics: NDArray[np.int64]
    strength: Strength
    resolution: float
    modularity: float
    given_up: float | None
    stability: float | None
    joined: int
    too_small: int
    split: int
    anchors: int


@dataclass(frozen=True)
class _Found:
    labels: NDArray[np.int64]
    stability: float | None = None
    given_up: float | None = None
    joined: int = 0
    too_small: int = 0
    split: int = 0


def find_topics(
    graph: csr_matrix,
    wanted: GraphParameters,
    seed: int,
    anchors: Anchors | None = None,
    find: FindsCommunities = leiden,
    rule: SplitRule | None = None,
) -> GraphTopics:
    """Find the topics of a graph.

    Args:
        graph: (n, n) symmetric weights, empty diagonal, as
            `topicloom.space.shared_neighbours.shared_neighbour_graph` gives.
        wanted: How.
        seed: Decides all randomness; equal results whatever the number of threads.
        anchors: The topics of the run before, or None. Without any paper in common they hold nothing.
        find: Finds communities.
        rule: When an anchored topic is split all the same.

    Returns:
        Topics. Papers without any edge are outliers, and so are pieces of the graph with fewer papers than a topic.
        Where a number is wanted there are so many, or as near to it as the graph allows.

    Example:
        >>> from scipy.sparse import csr_matrix
        >>> two = csr_matrix(np.kron(np.eye(2), np.ones((12, 12)) - np.eye(12)))
        >>> np.bincount(find_topics(two, GraphParameters(resolution=1.0), seed=1).topics).tolist()
        [12, 12]
    """
    anchors = anchors if anchors is not None and anchors.held else None
    rule = rule or SplitRule(least_papers=wanted.least)

    def at(resolution: float) -> _Found:
        return _at(graph, resolution, wanted, seed, anchors, find, rule)

    if not wanted.topics:
        resolution, found = wanted.resolution, at(wanted.resolution)
    else:
        kept: dict[float, _Found] = {}

        def labels_at(resolution: float) -> NDArray[np.int64]:
            kept[resolution] = at(resolution)
            return kept[resolution].labels

        start = resolution_for(wanted.topics, lambda one: _quick_count(graph, one, wanted, seed, find))
        resolution, labels = enough_topics(wanted.topics, labels_at, start)
        found = kept[resolution]
        if labels.max(initial=-1) + 1 > wanted.topics:
            labels = join_down_to(graph, labels, resolution, wanted.topics)
        found = _Found(labels, found.stability, found.given_up, found.joined, found.too_small, found.split)
    strength = strength_of(graph, found.labels)
    topics = numbered_by_row(without_weak(found.labels, strength.own, wanted.least_strength))
    if (topics != found.labels).any():
        strength = strength_of(graph, topics)
    return GraphTopics(
        topics=topics,
        strength=strength,
        resolution=resolution,
        modularity=modularity(graph, topics, resolution),
        given_up=found.given_up,
        stability=found.stability,
        joined=found.joined,
        too_small=found.too_small,
        split=found.split,
        anchors=0 if anchors is None else int(anchors.topics.max()) + 1,
    )


def _at(
    graph: csr_matrix,
    resolution: float,
    wanted: GraphParameters,
    seed: int,
    anchors: Anchors | None,
    find: FindsCommunities,
    rule: SplitRule,
) -> _Found:
    """Topics at one resolution, none too small."""
    runs, cycles = wanted.runs or RUNS, ITERATIONS
    if wanted.runs is None and graph.shape[0] >= ONE_SEED_FROM:
        runs, cycles, find = 1, _ALONE, close_in_memory(find)
    agreed = agreed_communities(graph, resolution, seed, None, runs, find, cycles)
    labels, split, given_up = agreed.labels, 0, None
    if anchors is not None:
        other = agreed_communities(graph, resolution, _other_seed(seed), None, runs, find, cycles).labels
        held = agreed_communities(graph, resolution, seed, anchors, runs, find, cycles).labels
        labels, split = split_topics(graph, held, [agreed.labels, other], resolution, rule, anchors.topics < 0)
        free, tied = (modularity(graph, one, resolution) for one in (agreed.labels, labels))
        given_up = (free - tied) / free if free > 0 else 0.0
    labels = np.where(degrees_of(graph) > 0, labels, -1)
    settled = settle_small_topics(graph, numbered_by_row(labels), resolution, wanted.least, wanted.small)
    return _Found(settled.labels, agreed.rand, given_up, settled.joined, settled.given_up, split)


def _other_seed(seed: int) -> int:
    return int(np.random.SeedSequence([seed, 1]).generate_state(1)[0])


def _quick_count(
    graph: csr_matrix, resolution: float, wanted: GraphParameters, seed: int, find: FindsCommunities
) -> int:
    """About how many topics a resolution gives, none too small."""
    labels = np.where(degrees_of(graph) > 0, find(graph, resolution, seed, _QUICK), -1)
    settled = settle_small_topics(graph, numbered_by_row(labels), resolution, wanted.least, wanted.small)
    return int(settled.labels.max(initial=-1)) + 1
