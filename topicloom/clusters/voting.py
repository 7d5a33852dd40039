"""Topics that several seeds agree on: each paper votes once a seed, and topics that do not come again go.

Sources: voting after relabelling, Dimitriadou, Weingessel and Hornik (2002); the stability of a topic, Hennig (2007).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from topicloom.measures.stability import overlaps


@dataclass(frozen=True)
class Consensus:
    """What the seeds agree on.

    Args:
        clusters: (n,) int64, the first clustering's numbers, -1 for outliers.
        agreement: (n,) float64, share of the seeds that put a paper where it is.
        stability: (t,) float64, mean Jaccard index of each topic of the first with its like under the others.
    """

    clusters: NDArray[np.int64]
    agreement: NDArray[np.float64]
    stability: NDArray[np.float64]


def consensus(clusterings: Sequence[NDArray[np.int64]], least_agreement: float, least_stability: float) -> Consensus:
    """Find what clusterings of the same papers agree on.

    The topics are those of the first; each topic of another is taken for the one of the first that it overlaps most,
    one to one. A paper goes where most clusterings put it.

    Args:
        clusterings: (n,) int64 each, -1 for outliers.
        least_agreement: Papers on which a smaller share of the clusterings agrees become outliers.
        least_stability: Topics with a smaller mean Jaccard index are dissolved before the vote.

    Returns:
        The agreed clusters, and how sure they are.

    Example:
        >>> one, other = np.array([0, 0, 0, 1, 1]), np.array([1, 1, 1, 0, -1])
        >>> found = consensus([one, other, one], least_agreement=0.6, least_stability=0.5)
        >>> found.clusters.tolist(), found.agreement.round(2).tolist()
        ([0, 0, 0, 1, 1], [1.0, 1.0, 1.0, 1.0, 0.67])

    Source: Dimitriadou, Weingessel and Hornik (2002), voting after relabelling; Hennig (2007), the stability of a
    topic.
    """
    first = clusterings[0]
    matched, indices = [first], []
    for other in clusterings[1:]:
        names, index = _renamed(first, other)
        matched.append(names)
        indices.append(index)
    topics = int(first.max(initial=-1)) + 1
    stability = np.mean(indices, axis=0) if indices else np.ones(topics)
    lasting = np.append(stability >= least_stability, False)
    votes = [np.where(lasting[names], names, -1) for names in matched]
    clusters, agreement = _vote(np.stack(votes, axis=1))
    clusters = np.where(agreement >= least_agreement, clusters, -1)
    agreement = np.mean([names == clusters for names in votes], axis=0)
    return Consensus(clusters, agreement, stability)


def _renamed(first: NDArray[np.int64], other: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Another clustering by the first one's numbers, -1 where a topic is like none of them; and how like, (t,)."""
    alike = overlaps(first, other)
    rows, columns = linear_sum_assignment(alike, maximize=True)
    name = np.full(alike.shape[1] + 1, -1, dtype=np.int64)
    index = np.zeros(alike.shape[0])
    real = alike[rows, columns] > 0
    name[columns[real]] = rows[real]
    index[rows] = alike[rows, columns]
    return name[other], index


def _vote(votes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The most frequent topic of each row and its share, (n,) each; outliers win only where no topic is named.

    Of topics named as often the one that the first clustering names wins, else the smallest number.
    """
    n, seeds = votes.shape
    named = np.stack([(votes == votes[:, [seed]]).sum(axis=1) for seed in range(seeds)], axis=1)
    named[votes < 0] = 0
    later = np.broadcast_to(np.arange(seeds) > 0, votes.shape)
    best = np.lexsort((votes, later, -named), axis=1)[:, 0]  # by -named, then by later, then by number
    rows = np.arange(n)
    return votes[rows, best], np.where(votes[rows, best] < 0, 1.0, named[rows, best] / seeds)
