"""Edges weighed by how many neighbours their two papers share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicloom.settings.clusters import UmapSettings
from topicloom.space.neighbour_graph import graph_with_neighbours
from topicloom.space.neighbours import Neighbours
from topicloom.space.shared_neighbours_kernels import jaccard_of_edges


def shared_neighbours(graph: csr_matrix, near: NDArray[np.integer]) -> NDArray[np.float32]:
    """Weigh each edge of a neighbour graph by the Jaccard index of the neighbours of its two papers.

    A paper in the middle between two topics is as near to some of their papers as these are to each other, but shares
    few neighbours with them.

    Args:
        graph: (n, n), of which the places of the edges count.
        near: (n, k), the nearest neighbours of each paper, itself among them; -1 where one is missing.

    Returns:
        Weights, (edges,) float32 above 0 to 1, in the order of the graph's own.

    Example:
        >>> path = csr_matrix(np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]]))
        >>> shared_neighbours(path, np.array([[0, 1], [1, 0], [2, 1]])).astype(float).round(2).tolist()
        [1.0, 1.0, 0.33, 0.33]

    Source: Jarvis and Patrick (1973), Clustering using a similarity measure based on shared near neighbors.
    """
    indptr, indices = graph.indptr.astype(np.int64), graph.indices.astype(np.int64)
    weights: NDArray[np.float32] = jaccard_of_edges(indptr, indices, np.sort(near.astype(np.int64), axis=1))
    return weights


def weighed(graph: csr_matrix, weights: NDArray[np.float32]) -> csr_matrix:
    """The same edges with other weights.

    Args:
        graph: (n, n), of which the places of the edges count.
        weights: (edges,) float32, in the order of the graph's own.

    Returns:
        (n, n) float32.

    Example:
        >>> path = csr_matrix(np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]]))
        >>> weighed(path, np.array([0.5, 0.5, 0.25, 0.25], np.float32)).toarray().tolist()
        [[0.0, 0.5, 0.0], [0.5, 0.0, 0.25], [0.0, 0.25, 0.0]]
    """
    return csr_matrix((weights, graph.indices, graph.indptr), shape=graph.shape)


def shared_neighbour_graph(
    vectors: NDArray[np.floating[Any]], umap: UmapSettings, neighbours: Neighbours | None = None
) -> csr_matrix:
    """Build the graph that topics are found in: the edges of UMAP's, weighed by shared neighbours.

    Args:
        vectors: (n, d) embeddings.
        umap: The settings of UMAP, of which n_neighbors and metric count here.
        neighbours: Those of these vectors, as `topicloom.space.neighbours.find_neighbours` finds them; None: all pairs
            are compared.

    Returns:
        (n, n) float32 weights above 0 to 1, symmetric, with an empty diagonal.

    Example:
        >>> graph = shared_neighbour_graph(np.random.default_rng(1).normal(size=(50, 8)), UmapSettings(n_neighbors=5))
        >>> graph.shape, bool((graph != graph.T).nnz == 0)
        ((50, 50), True)
    """
    graph, near = graph_with_neighbours(vectors, umap, neighbours)
    return weighed(graph, shared_neighbours(graph, near))
