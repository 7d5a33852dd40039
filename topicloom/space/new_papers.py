"""New papers placed among fitted ones: on the map, in the reduced space, in clusters; and how far they have drifted.

Sources: UMAP's transform (McInnes, Healy and Melville 2018); the approximate prediction and membership vectors of the
hdbscan library.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from topicloom.clusters.prediction import membership_vector

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_USUAL = 0.05  # share of the fitted papers that count as far from the others
_SAMPLE = 3000  # fitted papers whose distances say what is far
_MAJORITY = 0.5  # share of the neighbours that must agree where prediction finds no cluster


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
    import numpy as np
    from sklearn.neighbors import NearestNeighbors

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
    import numpy as np

    beyond = near.distances - near.distances[:, :1]
    width = np.maximum(beyond.mean(axis=1, keepdims=True), 1e-12)
    weights = np.exp(-beyond / width)
    weights /= weights.sum(axis=1, keepdims=True)
    placed: NDArray[np.float32] = np.einsum("mk,mkd->md", weights, coordinates[near.rows]).astype(np.float32)
    return placed


@dataclass(frozen=True)
class Placed:
    """clusters: (m,) int64 of new papers, -1 for outliers. strength: (m,) float64, how strongly each is in its own as
    HDBSCAN predicts it, 0 for outliers; NaN where the neighbours have decided, and under KMeans.
    """

    clusters: NDArray[np.int64]
    strength: NDArray[np.float64]


def place_in_clusters(
    model: Any, reduced: NDArray[np.float32], near: Surroundings, clusters: NDArray[np.int64]
) -> Placed:
    """Find the clusters of m new papers.

    model: a fitted hdbscan.HDBSCAN with prediction_data=True, or KMeans. reduced: (m, c). clusters: (n,) of the fitted
    papers. Where HDBSCAN's approximate prediction finds no cluster, the one that more than half of the neighbours are
    in is taken: of new papers prediction alone leaves many more out than a fit of all does.
    """
    import numpy as np

    m = len(reduced)
    if not m or (hasattr(model, "prediction_data_") and clusters.max(initial=-1) < 0):
        return Placed(np.full(m, -1, dtype=np.int64), np.zeros(m))
    if not hasattr(model, "prediction_data_"):
        return Placed(model.predict(reduced).astype(np.int64), np.full(m, np.nan))
    from hdbscan import approximate_predict

    predicted, strength = approximate_predict(model, reduced)
    found = np.where(predicted >= 0, predicted, majority_cluster(clusters[near.rows])).astype(np.int64)
    return Placed(found, np.where((predicted < 0) & (found >= 0), np.nan, strength.astype(np.float64)))


def majority_cluster(votes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The cluster that more than half of each row names, (m,) int64; -1 where none is. votes: (m, k)."""
    import numpy as np

    middle = np.sort(votes, axis=1)[:, votes.shape[1] // 2]  # what more than half name stands in the middle
    holds = (votes == middle[:, None]).mean(axis=1) > _MAJORITY
    return np.where(holds, middle, -1)


def placed_probability(model: Any, reduced: NDArray[np.float32], clusters: NDArray[np.int64]) -> NDArray[np.float64]:
    """Membership of new papers in the clusters they were placed in, (m,) float64; of outliers 1 minus all of it."""
    import numpy as np

    vectors = membership_vector(model, reduced)
    if not vectors.shape[1]:
        return np.zeros(len(reduced))
    own = vectors[np.arange(len(vectors)), clusters]
    placed: NDArray[np.float64] = np.where(clusters >= 0, own, 1 - vectors.sum(axis=1))
    return placed
