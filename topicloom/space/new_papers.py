"""New papers placed among fitted ones: on the map, in the reduced space, in clusters; and how far they have drifted.

Sources: UMAP's transform (McInnes, Healy and Melville 2018); the approximate prediction and membership vectors of the
hdbscan library.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

_USUAL = 0.05  # share of the fitted papers that count as far from the others
_SAMPLE = 3000  # fitted papers whose distances say what is far


@dataclass(frozen=True)
class Surroundings:
    """The fitted papers nearest to each new one, the nearest first.

    Args:
        rows: (m, k) int64 row numbers among the fitted papers.
        distances: (m, k) float64.
        far: (m,) bool, whether it is farther from its nearest than 95 % of fitted ones from theirs.
    """

    rows: NDArray[np.int64]
    distances: NDArray[np.float64]
    far: NDArray[np.bool_]


def surroundings(
    fitted: NDArray[np.floating[Any]], new: NDArray[np.floating[Any]], neighbours: int, metric: str
) -> Surroundings:
    """Find the fitted papers nearest to new ones, all pairs compared in blocks.

    Args:
        fitted: (n, d) embeddings.
        new: (m, d) embeddings.
        neighbours: How many, at most n.
        metric: Of scikit-learn, such as "cosine".

    Returns:
        The nearest of each new paper, and whether it is far from them.

    Raises:
        ValueError: The new embeddings have another dimension than the fitted ones.

    Example:
        >>> fitted = np.arange(10.0)[:, None]
        >>> found = surroundings(fitted, np.array([[2.2], [99.0]]), 2, "euclidean")
        >>> found.rows.tolist(), found.far.tolist()
        ([[2, 3], [9, 8]], [False, True])
    """
    k = min(neighbours, len(fitted))
    search = NearestNeighbors(n_neighbors=k, metric=metric, algorithm="brute").fit(fitted)
    every = max(len(fitted) // _SAMPLE, 1)
    usual = search.kneighbors(fitted[::every], n_neighbors=min(2, len(fitted)))[0][:, -1]
    if not len(new):
        return Surroundings(np.zeros((0, k), np.int64), np.zeros((0, k)), np.zeros(0, bool))
    distances, rows = search.kneighbors(new)
    return Surroundings(rows, distances, distances[:, 0] > np.quantile(usual, 1 - _USUAL))


class FoundNeighbours:
    """Neighbours found before, where umap.UMAP's transform asks its index for them.

    Under the metrics correlation and manhattan pynndescent compiles a search for each index, in every process that
    searches. Neighbours that are known already need none, and these are the nearest, not nearly so.

    Args:
        near: The fitted papers nearest to the new ones that will be transformed, in their order.

    Example:
        >>> near = surroundings(np.array([[0.0], [1.0]]), np.array([[0.1]]), 2, "manhattan")
        >>> rows, distances = FoundNeighbours(near).query(np.array([[0.1]]), 2)
        >>> rows.tolist(), distances.dtype.name
        ([[0, 1]], 'float32')
    """

    _angular_trees = False  # UMAP asks it how far to search

    def __init__(self, near: Surroundings) -> None:
        self._near = near

    def query(
        self,
        new: NDArray[np.floating[Any]],
        k: int,
        epsilon: float = 0.0,  # noqa: ARG002  # UMAP states it
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """As pynndescent's index answers: (m, k) int32 row numbers and (m, k) float32 distances, the nearest first.

        Raises ValueError where other papers, or more neighbours, are asked for than were found.
        """
        rows, distances = self._near.rows, self._near.distances
        if len(new) != len(rows) or k > rows.shape[1]:
            raise ValueError(f"{k} neighbours of {len(new)} papers are asked for, {rows.shape[1]} of {len(rows)} known")
        return rows[:, :k].astype(np.int32), distances[:, :k].astype(np.float32)


@dataclass(frozen=True)
class Drift:
    """How far a corpus has gone from the one that was fitted.

    Args:
        fitted: Papers that were fitted.
        new: Papers that are new since.
        withdrawn: Papers that were fitted and are there no more.
        far_share: Share of the new papers that are far from all fitted ones, 0 to 1.

    Example:
        >>> round(Drift(fitted=100, new=10, withdrawn=0, far_share=0.1).value, 3)
        0.182
    """

    fitted: int
    new: int
    withdrawn: int
    far_share: float

    @property
    def value(self) -> float:
        """Papers new and withdrawn over papers now; the new ones count more the more of them are far.

        Where the new ones are like those fitted, one in twenty of them is far, and each counts once; where one in ten
        is, each counts twice.
        """
        now = self.fitted - self.withdrawn + self.new
        return (self.withdrawn + self.new * max(self.far_share / _USUAL, 1.0)) / max(now, 1)


def place_on_map(near: Surroundings, coordinates: NDArray[np.float32]) -> NDArray[np.float32]:
    """Coordinates of new papers: the mean of their neighbours', the nearer the heavier.

    A neighbour's weight falls off with its distance beyond the nearest, as in UMAP's graph; so UMAP places new points
    before it moves them. The fitted papers stay where they are.

    Args:
        near: The fitted papers nearest to each of m new ones.
        coordinates: (n, 2) float32 of the fitted papers.

    Returns:
        (m, 2) float32.

    Example:
        >>> near = surroundings(np.array([[0.0], [1.0]]), np.array([[0.5]]), 2, "euclidean")
        >>> place_on_map(near, np.array([[0, 0], [4, 2]], dtype=np.float32)).tolist()
        [[2.0, 1.0]]

    Source: McInnes, Healy and Melville (2018), UMAP, the transform.
    """
    beyond = near.distances - near.distances[:, :1]
    width = np.maximum(beyond.mean(axis=1, keepdims=True), 1e-12)
    weights = np.exp(-beyond / width)
    weights /= weights.sum(axis=1, keepdims=True)
    placed: NDArray[np.float32] = np.einsum("mk,mkd->md", weights, coordinates[near.rows]).astype(np.float32)
    return placed
