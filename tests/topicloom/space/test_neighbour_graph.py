"""The graph is the very one that UMAP lays out."""

from __future__ import annotations

import numpy as np
import pytest

from topicloom.settings.clusters import UmapSettings
from topicloom.space.neighbour_graph import neighbour_graph, pieces_of
from topicloom.space.neighbours import find_neighbours
from topicloom.space.umap_fit import fit_umap


@pytest.mark.parametrize("searched", [False, True])
@pytest.mark.parametrize("real", [False, True])
def test_it_is_umaps_own_graph(demo_vectors, searched: bool, real: bool):
    vectors = demo_vectors if real else np.random.default_rng(1).normal(size=(400, 16)).astype(np.float32)
    umap = UmapSettings(n_neighbors=8)
    neighbours = find_neighbours(vectors, umap, 3, quiet=True) if searched else None
    theirs = fit_umap(vectors, umap.model_copy(update={"n_epochs": 1}), 3, neighbours, quiet=True).graph_
    ours = neighbour_graph(vectors, umap, neighbours)
    # A layout strikes out the edges that it would never visit; UMAP does so in the graph itself.
    assert np.abs((ours - theirs).toarray()).max() < theirs.max() / 200
    kept = theirs.nonzero()
    assert np.allclose(np.asarray(ours[kept]), np.asarray(theirs[kept]), atol=1e-4)


def test_fewer_papers_than_neighbours_have_all_others_for_neighbours():
    graph = neighbour_graph(np.random.default_rng(1).normal(size=(5, 4)), UmapSettings(n_neighbors=15))
    assert graph.nnz == 20
    assert neighbour_graph(np.ones((1, 4)), UmapSettings()).shape == (1, 1)
    assert neighbour_graph(np.ones((0, 4)), UmapSettings()).shape == (0, 0)


def test_identical_embeddings_give_weights_that_are_numbers():
    graph = neighbour_graph(np.ones((40, 4)), UmapSettings(n_neighbors=5, metric="euclidean"))
    assert np.isfinite(graph.data).all()
    assert graph.data.max() <= 1


def test_pieces_are_counted():
    vectors = np.concatenate(
        [np.eye(8)[[0]] + 0.01 * np.random.default_rng(1).normal(size=(30, 8)), np.eye(8)[[3]] * 50]
    )
    graph = neighbour_graph(vectors, UmapSettings(n_neighbors=4, metric="euclidean")).tolil()
    graph[30, :], graph[:, 30] = 0, 0
    graph = graph.tocsr()
    graph.eliminate_zeros()
    pieces = pieces_of(graph)
    assert pieces.isolated == 1
    assert pieces.count >= 1
