"""Orphans apart from assigned documents, and the main clusters that reports show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

REMAINDER = 99999  # level0 of the clusters that are not main ones


@dataclass(frozen=True)
class Split:
    """Assigned documents apart from orphans.

    Args:
        assigned: int64 row numbers.
        orphans: int64 row numbers.
        level0: int64, an entry for each assigned row.
        main: X_C of the main clusters.
    """

    assigned: NDArray[np.int64]
    orphans: NDArray[np.int64]
    level0: NDArray[np.int64]
    main: list[int]


def split_orphans(topics: NDArray[np.int64], others_threshold: float) -> Split:
    """Part documents of topic -1 from the others, and give those their level0.

    Args:
        topics: (n,) int64, -1 for outliers.
        others_threshold: Share of the assigned documents that the main clusters hold together.

    Returns:
        Rows of either kind, and level0: X_C = topic + 1 where the cluster is a main one, else 99999.

    Example:
        >>> found = split_orphans(np.array([0, 0, 0, 1, -1]), others_threshold=0.9)
        >>> found.assigned.tolist(), found.orphans.tolist(), found.level0.tolist()
        ([0, 1, 2, 3], [4], [1, 1, 1, 99999])
    """
    assigned = np.flatnonzero(topics != -1)
    cluster = topics[assigned] + 1
    main = main_clusters(cluster, others_threshold)
    level0 = np.where(np.isin(cluster, main), cluster, REMAINDER).astype(np.int64)
    return Split(assigned, np.flatnonzero(topics == -1), level0, main)


def main_clusters(clusters: NDArray[np.int64], others_threshold: float) -> list[int]:
    """The largest clusters that together cover at most a share of the documents.

    The largest cluster is always a main one, also where it alone passes the threshold (the notebook then has none).

    Args:
        clusters: X_C of every assigned document, (n,) int64.
        others_threshold: That share, 0 to 1.

    Returns:
        X_C of the main clusters, the largest first; clusters of one size in the order of X_C.

    Example:
        >>> main_clusters(np.array([1, 1, 1, 2, 2, 3]), others_threshold=0.9)
        [1, 2]
    """
    numbers, counts = np.unique(clusters, return_counts=True)
    order = np.lexsort((numbers, -counts))
    covered = counts[order].cumsum() / max(len(clusters), 1)
    within = max(int((covered <= others_threshold).sum()), 1)
    return [int(number) for number in numbers[order][:within]]
