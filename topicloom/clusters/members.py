"""The papers of a run as a fitted HDBSCAN knows them: most were fitted, others have been placed since.

The model's rows are those of the papers that were fitted. Where papers were placed or withdrawn since, a paper's row in
the run is another than its row in the model, and a placed paper has none: its membership is predicted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topicloom.clusters.membership import membership_vectors
from topicloom.clusters.prediction import membership_vector

_BLOCK = 4096  # papers whose membership is predicted at once


@dataclass(frozen=True)
class Members:
    """n papers and the HDBSCAN that they, or some of them, were fitted by.

    Args:
        model: A fitted hdbscan.HDBSCAN with prediction_data=True.
        positions: (n,) int64, the model's row of each paper, -1 for one that was placed since.
        reduced: (n, c) vectors of all, of which only the placed ones' are read.
    """

    model: Any
    positions: NDArray[np.int64]
    reduced: NDArray[np.float32]

    @classmethod
    def all_fitted(cls, model: Any) -> Members:
        """The papers that a model was fitted to, in its own order."""
        n = len(model.labels_)
        return cls(model, np.arange(n, dtype=np.int64), np.zeros((n, 0), dtype=np.float32))

    def vectors_of(self, rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Membership vectors of some papers, in blocks, each once, in any order.

        Args:
            rows: (m,) row numbers among the n papers.

        Yields:
            Places in `rows`, (b,), and the vectors of those papers, (b, clusters) float64; nothing where the model
            found no cluster.
        """
        positions = self.positions[rows]
        by_position = np.argsort(positions, kind="stable")
        placed = int((positions < 0).sum())
        yield from self._of_fitted(by_position[placed:], positions)
        for start in range(0, placed, _BLOCK):
            places = by_position[start : min(start + _BLOCK, placed)]
            vectors = membership_vector(self.model, self.reduced[rows[places]])
            if vectors.shape[1]:
                yield places, vectors

    def _of_fitted(
        self, places: NDArray[np.int64], positions: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """The fitted ones. places: sorted by their position in the model."""
        if not len(places):
            return
        start, wanted = 0, positions[places]
        for block in membership_vectors(self.model):
            first, last = wanted.searchsorted([start, start + len(block)])
            if last > first:
                yield places[first:last], block[wanted[first:last] - start]
            start += len(block)


def membership_in(members: Members, rows: NDArray[np.int64], clusters: NDArray[np.int64]) -> NDArray[np.float64]:
    """HDBSCAN's membership of some papers in the clusters given for them.

    Args:
        members: The papers and their model.
        rows: (m,) int64 row numbers among the papers.
        clusters: (m,) int64, the model's cluster that each is asked about.

    Returns:
        (m,) float64, 0 to 1; 0 where the model found no cluster.

    Example:
        >>> from hdbscan import HDBSCAN
        >>> points = np.concatenate([np.zeros((20, 2)), np.ones((20, 2))]) + np.arange(40)[:, None] / 1000
        >>> members = Members.all_fitted(HDBSCAN(min_cluster_size=5, prediction_data=True).fit(points))
        >>> own = membership_in(members, np.array([0, 39]), members.model.labels_[[0, 39]])
        >>> bool((own > 0.5).all())
        True
    """
    found = np.zeros(len(rows))
    for places, vectors in members.vectors_of(rows):
        found[places] = vectors[np.arange(len(places)), clusters[places]]
    return found


def membership_in_none(members: Members, rows: NDArray[np.int64], living: NDArray[np.int64]) -> NDArray[np.float64]:
    """The probability that papers are in no topic: 1 minus their membership in all topics.

    Args:
        members: The papers and their model.
        rows: (m,) int64 row numbers among the papers.
        living: (t,) int64, the model's clusters that are topics still.

    Returns:
        (m,) float64, 0 to 1; 0 where there is no topic, as BERTopic has it.

    Example:
        >>> from hdbscan import HDBSCAN
        >>> points = np.concatenate([np.zeros((20, 2)), np.ones((20, 2))]) + np.arange(40)[:, None] / 1000
        >>> members = Members.all_fitted(HDBSCAN(min_cluster_size=5, prediction_data=True).fit(points))
        >>> bool(membership_in_none(members, np.array([0]), np.array([0, 1]))[0] < 0.5)
        True
    """
    found = np.zeros(len(rows))
    for places, vectors in members.vectors_of(rows):
        found[places] = 1 - vectors[:, living].sum(axis=1) if len(living) else 0.0
    return found
