"""The map of very many papers, without their embeddings in memory."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

from topicloom.settings.clusters import UmapSettings
from topicloom.space import map_in_blocks as module
from topicloom.space.map_in_blocks import map_in_blocks, maps_in_blocks, principal_components
from topicloom.space.neighbours import find_neighbours
from topicloom.space.umap_fit import map_coordinates


@pytest.fixture(scope="module")
def vectors():
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(12, 16))
    return (centres[rng.integers(12, size=500)] + 0.5 * rng.normal(size=(500, 16))).astype(np.float32)


def test_components_are_those_of_scikit_learn(monkeypatch, vectors):
    monkeypatch.setattr(module, "_BLOCK", 50)
    ours, theirs = principal_components(vectors), PCA(2).fit_transform(vectors)
    for axis in range(2):
        sign = np.sign(ours[:, axis] @ theirs[:, axis])
        np.testing.assert_allclose(ours[:, axis], sign * theirs[:, axis], atol=1e-4)


def test_it_keeps_neighbourhoods_as_well_as_the_map_of_umaps_start(vectors):
    umap = UmapSettings(init="pca", map_layout="parallel", n_epochs=100)
    near = find_neighbours(vectors, umap, 100, quiet=True)
    kept = [
        trustworthiness(vectors, placed, n_neighbors=15, metric="cosine")
        for placed in (map_in_blocks(vectors, umap, 100, near), map_coordinates(vectors, umap, 100, near))
    ]
    assert kept[0] > kept[1] - 0.01


def test_the_same_seed_gives_the_same_bytes_and_blocks_only_round(vectors):
    umap = UmapSettings(n_epochs=20)
    near = find_neighbours(vectors, umap, 100, quiet=True)
    first, again, other = (map_in_blocks(vectors, umap, seed, near) for seed in (100, 100, 7))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_who_states_a_spectral_start_or_umaps_own_layout_gets_it():
    assert maps_in_blocks(UmapSettings(neighbors="faiss"), 10**6)
    assert not maps_in_blocks(UmapSettings(neighbors="faiss", init="spectral"), 10**6)
    assert not maps_in_blocks(UmapSettings(neighbors="faiss", map_layout="umap"), 10**6)
    assert not maps_in_blocks(UmapSettings(init="pca"), 10**6)
