"""UMAP's fuzzy neighbour graph, the one that it lays out, without a layout."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.metrics import pairwise_distances

from topicloom.machine.compiled import import_umap
from topicloom.machine.guards import takes, tell_slower
from topicloom.settings.clusters import UmapSettings
from topicloom.space.neighbours import Neighbours

_BLOCK = 512  # papers whose neighbours are ranked at once


@dataclass(frozen=True)
class Pieces:
    """The connected pieces of a graph.

    Args:
        count: Pieces of two papers and more.
        isolated: Papers without any edge.
        labels: (n,) int64, the piece of each paper.
    """

    count: int
    isolated: int
    labels: NDArray[np.int64]


def neighbour_graph(
    vectors: NDArray[np.floating[Any]], umap: UmapSettings, neighbours: Neighbours | None = None
) -> csr_matrix:
    """Build the graph that umap.UMAP would lay out.

    Args:
        vectors: (n, d) embeddings.
        umap: The settings of UMAP, of which n_neighbors and metric count here.
        neighbours: Those of these vectors, as `topicloom.space.neighbours.find_neighbours` finds them; None: all pairs
            are compared, as UMAP does below 4,096 papers.

    Returns:
        (n, n) float32 weights from 0 to 1, symmetric, with an empty diagonal and sorted indices. With no more papers
        than n_neighbors each paper has all others for neighbours; one paper, or none, has no edge.

    Example:
        >>> import numpy as np
        >>> from topicloom.settings.clusters import UmapSettings
        >>> graph = neighbour_graph(np.random.default_rng(1).normal(size=(50, 8)), UmapSettings(n_neighbors=5))
        >>> graph.shape, bool((graph != graph.T).nnz == 0)
        ((50, 50), True)

    Source: McInnes, Healy and Melville (2018), UMAP, section 3.1; the umap-learn library.
    """
    return graph_with_neighbours(vectors, umap, neighbours)[0]


def graph_with_neighbours(
    vectors: NDArray[np.floating[Any]], umap: UmapSettings, neighbours: Neighbours | None = None
) -> tuple[csr_matrix, NDArray[np.int32]]:
    """The graph of `neighbour_graph`, and the neighbours that it joins.

    Args:
        vectors: (n, d) embeddings.
        umap: The settings of UMAP, of which n_neighbors and metric count here.
        neighbours: As for `neighbour_graph`.

    Returns:
        The graph, and the neighbours of each paper, (n, k) int32, itself among its own.

    Example:
        >>> vectors = np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]])
        >>> graph, near = graph_with_neighbours(vectors, UmapSettings(n_neighbors=2))
        >>> graph.shape, near.tolist()
        ((4, 4), [[0, 1], [1, 0], [2, 3], [3, 2]])
    """
    n = len(vectors)
    if n < 2:
        return csr_matrix((n, n), dtype=np.float32), np.zeros((n, 1), dtype=np.int32)
    near, distances = (
        (neighbours.indices, neighbours.distances) if neighbours is not None else exact_neighbours(vectors, umap)
    )
    build = _umaps_graph() or _public_graph
    random = np.random.RandomState(0)  # asked for, and not used where the neighbours are given
    found = build(vectors, near.shape[1], random, umap.metric, knn_indices=near.copy(), knn_dists=distances.copy())[0]
    graph = csr_matrix(found, dtype=np.float32)
    graph.setdiag(0)
    graph.eliminate_zeros()
    graph.sort_indices()
    return graph, near


def exact_neighbours(
    vectors: NDArray[np.floating[Any]], umap: UmapSettings
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Find the nearest neighbours of each of few papers by comparing all pairs.

    Args:
        vectors: (n, d) embeddings.
        umap: Says how many (`n_neighbors`; with no more papers than that, all of them), and by which metric.

    Returns:
        Indices and distances, (n, k) each, a paper first among its own; of equally near ones the first.

    Example:
        >>> exact_neighbours(np.array([[1.0, 0], [1, 0.1], [0, 1]]), UmapSettings(n_neighbors=2))[0].tolist()
        [[0, 1], [1, 0], [2, 1]]
    """
    from threadpoolctl import threadpool_limits

    n, k = len(vectors), min(umap.n_neighbors, len(vectors))
    with threadpool_limits(limits=1):  # threads would add up products in any order
        distances = pairwise_distances(np.asarray(vectors, dtype=np.float32), metric=umap.metric)
    own = np.arange(n)
    distances[own, own] = -1  # a paper is nearest to itself, also where others are the same
    near = np.concatenate(
        [np.argsort(distances[start : start + _BLOCK], axis=1, kind="stable")[:, :k] for start in range(0, n, _BLOCK)]
    )
    distances[own, own] = 0
    return near.astype(np.int32), np.take_along_axis(distances, near, axis=1).astype(np.float32)


def _umaps_graph() -> Callable[..., Any] | None:
    """The function by which UMAP builds its graph, or None where it is another than it was."""
    umap_ = getattr(import_umap(), "umap_", None)
    found: Callable[..., Any] | None = getattr(umap_, "fuzzy_simplicial_set", None)
    if found is not None and takes(found, "X", "n_neighbors", "random_state", "metric"):
        return found
    tell_slower(
        "umap-learn",
        "has no umap_.fuzzy_simplicial_set that topicloom knows",
        "A whole UMAP is fitted for the graph.",
    )
    return None


def _public_graph(
    data: NDArray[np.floating[Any]],
    k: int,
    random: np.random.RandomState,
    metric: str,
    knn_indices: NDArray[np.int32],
    knn_dists: NDArray[np.float32],
) -> tuple[Any]:
    """The graph of a UMAP that lays out nothing, which it documents as its transform_mode."""
    known = (knn_indices, knn_dists)
    model = import_umap().UMAP(
        n_neighbors=k, metric=metric, random_state=random, transform_mode="graph", precomputed_knn=known
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module="umap")  # of its seed and its missing index
        return (model.fit(data).graph_,)


def pieces_of(graph: csr_matrix) -> Pieces:
    """Find the connected pieces of a graph.

    Args:
        graph: (n, n) symmetric weights.

    Returns:
        How many there are, and which piece each paper is in.

    Example:
        >>> found = pieces_of(csr_matrix([[0, 1, 0], [1, 0, 0], [0, 0, 0]]))
        >>> found.count, found.isolated, found.labels.tolist()
        (1, 1, [0, 0, 1])
    """
    _, labels = connected_components(graph, directed=False)
    sizes = np.bincount(labels)
    return Pieces(int((sizes > 1).sum()), int((sizes == 1).sum()), labels.astype(np.int64))
