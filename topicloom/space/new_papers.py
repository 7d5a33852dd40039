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

    rows: (m, k) int64. distances: (m, k) float64. far: (m,) bool, farther from its nearest than 95 % of fitted ones.
    """

    rows: NDArray[np.int64]
    distances: NDArray[np.float64]
    far: NDArray[np.bool_]


def surroundings(
    fitted: NDArray[np.floating[Any]], new: NDArray[np.floating[Any]], neighbours: int, metric: str
) -> Surroundings:
    """Find the fitted papers nearest to new ones, all pairs compared in blocks. fitted: (n, d). new: (m, d)."""
    k = min(neighbours, len(fitted))
    search = NearestNeighbors(n_neighbors=k, metric=metric, algorithm="brute").fit(fitted)
    every = max(len(fitted) // _SAMPLE, 1)
    usual = search.kneighbors(fitted[::every], n_neighbors=min(2, len(fitted)))[0][:, -1]
    if not len(new):
        return Surroundings(np.zeros((0, k), np.int64), np.zeros((0, k)), np.zeros(0, bool))
    distances, rows = search.kneighbors(new)
    return Surroundings(rows, distances, distances[:, 0] > np.quantile(usual, 1 - _USUAL))


@dataclass(frozen=True)
class Drift:
    """How far a corpus has gone from the one that was fitted. far_share: of the new papers."""

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
    """Coordinates of new papers, (m, 2) float32: the mean of their neighbours', the nearer the heavier.

    A neighbour's weight falls off with its distance beyond the nearest, as in UMAP's graph; so UMAP places new points
    before it moves them. coordinates: (n, 2) of the fitted papers, which stay where they are.
    """
    beyond = near.distances - near.distances[:, :1]
    width = np.maximum(beyond.mean(axis=1, keepdims=True), 1e-12)
    weights = np.exp(-beyond / width)
    weights /= weights.sum(axis=1, keepdims=True)
    placed: NDArray[np.float32] = np.einsum("mk,mkd->md", weights, coordinates[near.rows]).astype(np.float32)
    return placed
