"""How topics resemble each other: their similarity, the tree they form, and the groups of its levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topicloom.measures.similarity import unit_vectors

COARSEST = 8  # groups of the first level, as many as there are colours that all eyes can distinguish
_FINER = 3.6  # groups of a level over those of the level before
_ORDERED_UP_TO = 600  # topics; finding the best order of the leaves takes the square of them in memory


@dataclass(frozen=True)
class Hierarchy:
    """How topics group.

    Args:
        tree: scipy's linkage matrix, (t - 1, 4) float64.
        levels: As `group_levels` gives them; none without topics.
    """

    tree: NDArray[np.float64]
    levels: list[NDArray[np.int64]]


def hierarchy_of(tree: NDArray[np.float64], counts: NDArray[np.int64], sizes: Sequence[int] | None = None) -> Hierarchy:
    """A tree and the groups of its levels.

    Args:
        tree: scipy's linkage matrix.
        counts: (t,) papers of each topic.
        sizes: Groups of each level; see `group_levels`.

    Returns:
        Both together.

    Example:
        >>> [level.tolist() for level in hierarchy_of(topic_tree(np.eye(3)), np.array([5, 9, 2]), sizes=[1]).levels]
        [[0, 0, 0], [1, 0, 2]]
    """
    return Hierarchy(tree, group_levels(tree, counts, sizes) if len(counts) else [])


def topic_tree(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """The tree of topics, by Ward's method on unit vectors, whose squared distance is twice the cosine distance.

    Args:
        vectors: (t, d) mean embeddings.

    Returns:
        scipy's linkage matrix, (t - 1, 4) float64; (0, 4) for fewer than two topics.

    Example:
        >>> sorted(topic_tree(np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]]))[0, :2].tolist())
        [0.0, 1.0]

    Source: Ward (1963), Hierarchical grouping to optimize an objective function; scipy.
    """
    if len(vectors) < 2:
        return np.zeros((0, 4))
    from scipy.cluster.hierarchy import linkage

    tree: NDArray[np.float64] = linkage(
        unit_vectors(vectors), method="ward", optimal_ordering=len(vectors) <= _ORDERED_UP_TO
    )
    return tree


def leaf_order(tree: NDArray[np.float64], topics: int) -> NDArray[np.int64]:
    """The topics in the order of the tree's leaves, so that neighbours resemble each other.

    Args:
        tree: scipy's linkage matrix.
        topics: t.

    Returns:
        (t,) int64.

    Example:
        >>> leaf_order(topic_tree(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.1]])), 3).tolist()
        [1, 2, 0]
    """
    if not len(tree):
        return np.arange(topics, dtype=np.int64)
    found, waiting = [], [2 * topics - 2]
    while waiting:
        node = waiting.pop()
        if node < topics:
            found.append(node)
        else:
            left, right = tree[node - topics, :2].astype(int).tolist()
            waiting += [right, left]
    return np.array(found, dtype=np.int64)


def group_levels(
    tree: NDArray[np.float64], counts: NDArray[np.int64], sizes: Sequence[int] | None = None
) -> list[NDArray[np.int64]]:
    """The groups of topics from coarse to fine.

    Args:
        tree: scipy's linkage matrix, (t - 1, 4) float64.
        counts: (t,) papers of each topic, by which groups are numbered, the largest 0; groups of one size by their
            first topic.
        sizes: Groups of each level but the last, the coarsest first; None: 8, and 3.6 times as many from level to
            level.

    Returns:
        For each level the group of each topic, (t,) int64. The last level is the topics themselves. Each group of a
        level lies within one group of the level before.

    Example:
        >>> tree = topic_tree(np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]]))
        >>> [level.tolist() for level in group_levels(tree, np.array([5, 9, 20]), sizes=[2])]
        [[1, 1, 0], [2, 1, 0]]
    """
    # Late, as is linkage: what only draws needs neither.
    from scipy.cluster.hierarchy import fcluster

    topics = len(counts)
    wanted = _usual_sizes(topics) if sizes is None else sizes
    levels = [_numbered(fcluster(tree, t=size, criterion="maxclust"), counts) for size in wanted]
    return [*levels, _numbered(np.arange(topics), counts)]


def _usual_sizes(topics: int) -> list[int]:
    sizes = []
    wanted = float(COARSEST)
    while wanted <= topics / 2:
        sizes.append(int(wanted))
        wanted *= _FINER
    return sizes


def _numbered(groups: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    sizes = np.bincount(inverse, weights=counts, minlength=len(first))
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.lexsort((first, -sizes))] = np.arange(len(first))
    return rank[inverse]
