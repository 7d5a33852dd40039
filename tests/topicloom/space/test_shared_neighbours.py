"""Edges are weighed by the neighbours that their papers share."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from topicloom.settings.clusters import UmapSettings
from topicloom.space.neighbour_graph import exact_neighbours, graph_with_neighbours, neighbour_graph
from topicloom.space.shared_neighbours import shared_neighbour_graph, shared_neighbours


def test_weights_are_jaccard_indices_of_the_neighbours():
    vectors = np.random.default_rng(1).normal(size=(120, 6))
    graph, near = graph_with_neighbours(vectors, UmapSettings(n_neighbors=7))
    sets = [set(row) for row in near.tolist()]
    rows, columns = graph.nonzero()
    expected = [len(sets[i] & sets[j]) / len(sets[i] | sets[j]) for i, j in zip(rows, columns, strict=True)]
    np.testing.assert_allclose(shared_neighbours(graph, near), expected, rtol=1e-6)


def test_the_weighed_graph_has_the_edges_of_umaps_and_is_symmetric():
    vectors, umap = np.random.default_rng(2).normal(size=(90, 5)), UmapSettings(n_neighbors=6)
    plain, ours = neighbour_graph(vectors, umap), shared_neighbour_graph(vectors, umap)
    assert ((plain > 0) != (ours > 0)).nnz == 0
    assert (ours != ours.T).nnz == 0
    assert 0 < ours.data.min() <= ours.data.max() <= 1


def test_a_missing_neighbour_counts_nothing():
    pair = csr_matrix(np.array([[0, 1], [1, 0]]))
    assert shared_neighbours(pair, np.array([[0, 1, -1], [1, 0, -1]])).tolist() == [1, 1]
    assert shared_neighbours(pair, np.array([[0, 1, -1], [1, -1, -1]])).tolist() == [0.5, 0.5]


def test_a_paper_is_among_its_neighbours_also_where_many_have_the_same_embedding():
    near, distances = exact_neighbours(np.ones((40, 4)), UmapSettings(n_neighbors=5, metric="euclidean"))
    assert near[:, 0].tolist() == list(range(40))
    assert distances.max() == 0


def test_one_paper_or_none_has_no_edge():
    for n in (0, 1):
        assert shared_neighbour_graph(np.ones((n, 4)), UmapSettings()).shape == (n, n)
