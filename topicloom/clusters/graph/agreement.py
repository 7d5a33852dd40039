"""Communities that several seeds agree on: what one seed leaves to chance, the others settle.

Source: Lancichinetti and Fortunato (2012), Consensus clustering in complex networks; here over the edges of the graph
alone, as Tandon, Albeshri, Thayananthan, Alhalabi and Fortunato (2019), Fast consensus clustering, have it.
"""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.metrics import adjusted_rand_score

from topicloom.clusters.graph.anchors import Anchors, anchored
from topicloom.clusters.graph.leiden import ITERATIONS, FindsCommunities, leiden
from topicloom.clusters.graph.partition import numbered_by_row
from topicloom.machine.threads import available_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

RUNS = 8  # seeds that are asked: with six two runs agree less where topics are many, with ten hardly more
VOTING = 2  # cycles of Leiden of each: a vote more settles more than three cycles more


@dataclass(frozen=True)
class Agreed:
    """Communities, and how far the seeds agree on them.

    Args:
        labels: (n,) int64, numbered from 0 by their first row.
        runs: What each seed found, (n,) int64 each.
    """

    labels: NDArray[np.int64]
    runs: list[NDArray[np.int64]]

    @property
    def rand(self) -> float | None:
        """Mean adjusted Rand index of each two seeds; None for a single one."""
        pairs = [adjusted_rand_score(one, other) for one, other in itertools.combinations(self.runs, 2)]
        return float(np.mean(pairs)) if pairs else None


def agreed_communities(
    graph: csr_matrix,
    resolution: float,
    seed: int,
    anchors: Anchors | None = None,
    runs: int = RUNS,
    find: FindsCommunities = leiden,
    cycles: int = ITERATIONS,
) -> Agreed:
    """Find communities under several seeds, and then those that the seeds agree on.

    An edge counts in the last search by the share of the seeds that have its two papers in one community.

    Args:
        graph: (n, n) symmetric weights, empty diagonal.
        resolution: Above 0; the larger, the more communities.
        seed: Decides the seeds of all runs.
        anchors: The topics of the run before, or None.
        runs: Seeds that are asked; 1: the one run is the result.
        find: Finds the communities of one seed.
        cycles: Of the search that settles the votes, or of the one run.

    Returns:
        The communities; the same whatever the number of threads.

    Example:
        >>> pairs = csr_matrix(np.kron(np.eye(2), np.ones((3, 3)) - np.eye(3)))
        >>> agreed_communities(pairs, 1.0, seed=1).labels.tolist()
        [0, 0, 0, 1, 1, 1]
    """
    n, whole = graph.shape[0], anchored(graph, anchors)
    seeds = [int(state) for state in np.random.SeedSequence(seed).generate_state(runs + 1)]
    each = cycles if runs == 1 else min(cycles, VOTING)
    with ThreadPoolExecutor(min(available_threads(), runs)) as pool:
        found = list(pool.map(lambda one: find(whole, resolution, one, each), seeds[:runs]))
    last = found[0]
    shared = _weighed(whole, found)
    if runs > 1 and shared.nnz:
        # The weight that the seeds do not agree on is missing from the whole, as from what chance would give.
        last = find(shared, resolution * shared.sum() / whole.sum(), seeds[runs], cycles)
    return Agreed(numbered_by_row(last[:n]), [numbered_by_row(one[:n]) for one in found])


def _weighed(graph: csr_matrix, runs: Sequence[NDArray[np.int64]]) -> csr_matrix:
    """Each edge's weight times the share of the runs that have both its ends together."""
    rows = np.repeat(np.arange(graph.shape[0]), np.diff(graph.indptr))
    together = np.zeros(graph.nnz)
    for labels in runs:
        together += labels[rows] == labels[graph.indices]
    weighed = csr_matrix((graph.data * (together / len(runs)), graph.indices, graph.indptr), shape=graph.shape)
    weighed = weighed.copy()
    weighed.eliminate_zeros()
    return weighed
