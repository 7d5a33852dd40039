"""Neighbours in shards: nearly all of the nearest, the same for any number of threads, from a file of any precision."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from topicloom.settings.clusters import UmapSettings
from topicloom.space.cells import find_cells
from topicloom.space.neighbour_graph import exact_neighbours, graph_with_neighbours
from topicloom.space.neighbours import find_neighbours, read_neighbours, write_neighbours
from topicloom.space.sharded_neighbours import sharded_neighbours
from topicloom.space.shared_neighbours import shared_neighbours

pytest.importorskip("faiss")
UMAP = UmapSettings(neighbors="faiss")


def papers(n=2400, dimensions=32, topics=60, seed=1):
    """Papers around the centres of their topics, which lie around each other."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(topics, dimensions))
    return (centres[rng.integers(topics, size=n)] + rng.normal(size=(n, dimensions))).astype(np.float32)


def recall(found, exact):
    return np.mean([len(np.intersect1d(one, other)) / len(other) for one, other in zip(found, exact, strict=True)])


def of_size(vectors, umap=UMAP, threads=None, size=100):
    return sharded_neighbours(vectors, umap, 100, threads, size)


@pytest.fixture(scope="module", autouse=True)
def _compared():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("topicloom.space.cells._COMPARED", 300)  # of 2,400, as 8,000 of 64,000
        yield


@pytest.fixture(scope="module")
def vectors():
    return papers()


@pytest.fixture(scope="module")
def found(vectors):
    return of_size(vectors)


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "correlation"])
def test_nearly_all_of_the_nearest_are_found_at_their_exact_distance(metric):
    umap, vectors = UmapSettings(metric=metric, neighbors="faiss"), papers()
    found, (exact, far) = of_size(vectors, umap), exact_neighbours(vectors, umap)
    assert recall(found.indices, exact) > 0.97
    same = (found.indices == exact).all(axis=1)
    assert same.mean() > 0.5
    np.testing.assert_allclose(found.distances[same], far[same], atol=1e-5)
    assert (np.diff(found.distances, axis=1) >= 0).all()
    assert (found.indices[:, 0] == np.arange(len(vectors))).all()
    assert (found.distances[:, 0] == 0).all()


def test_distances_are_those_of_pynndescent(vectors, found):
    theirs = find_neighbours(vectors, UmapSettings(), 100, quiet=True)
    same = (found.indices == theirs.indices).all(axis=1)
    assert same.mean() > 0.5
    np.testing.assert_allclose(found.distances[same], theirs.distances[same], atol=1e-6)
    assert found.indices.dtype == theirs.indices.dtype


def test_the_bytes_are_the_same_for_any_number_of_threads_and_each_time(vectors, found):
    for threads in (1, 2, 3):
        again = of_size(vectors, threads=threads)
        assert again.indices.tobytes() == found.indices.tobytes()
        assert again.distances.tobytes() == found.distances.tobytes()
    other = sharded_neighbours(vectors, UMAP, 7, size=100)
    assert other.indices.tobytes() != found.indices.tobytes()


def test_a_file_of_half_precision_is_read_in_blocks(tmp_path, vectors):
    np.save(tmp_path / "half.npy", vectors.astype(np.float16))
    mapped = of_size(np.load(tmp_path / "half.npy", mmap_mode="r"))
    held = of_size(np.load(tmp_path / "half.npy").astype(np.float32))
    np.testing.assert_array_equal(mapped.indices, held.indices)
    np.testing.assert_array_equal(mapped.distances, held.distances)


def test_rounds_find_what_cells_cut_apart(vectors, found, monkeypatch):
    monkeypatch.setattr("topicloom.space.cells._COMPARED", 100)
    exact = exact_neighbours(vectors, UMAP)[0]
    explored = recall(of_size(vectors).indices, exact)
    monkeypatch.setattr("topicloom.space.sharded_neighbours._ROUNDS", 0)
    alone = recall(of_size(vectors).indices, exact)
    assert explored > alone + 0.02


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_equal_papers_and_papers_of_zeros_do_no_harm(metric):
    vectors = papers(500)
    vectors[:80], vectors[100:103] = vectors[0], 0.0
    found = of_size(vectors, UmapSettings(metric=metric, neighbors="faiss"))
    assert (found.indices[:, 0] == np.arange(500)).all()
    assert all(len(set(row)) == 15 for row in found.indices.tolist())
    assert np.isfinite(found.distances).all()
    assert (found.indices[:80] < 80).all()
    np.testing.assert_allclose(found.distances[:80], 0, atol=1e-6)


def test_few_papers_and_one_cell_are_compared_pair_by_pair():
    vectors = papers(40)
    found = sharded_neighbours(vectors, UMAP, 100)
    np.testing.assert_array_equal(np.sort(found.indices), np.sort(exact_neighbours(vectors, UMAP)[0]))


def test_every_paper_is_in_one_cell(vectors):
    cells = find_cells(vectors, "cosine", 100, 100)
    assert len(cells.beside) == 24
    assert np.array_equal(np.sort(cells.papers), np.arange(len(vectors)))
    assert all((cells.of[cells.members(cell)] == cell).all() for cell in range(24))
    assert all(cell in beside for cell, beside in enumerate(cells.beside))


def test_they_are_kept_and_joined_to_a_graph_as_others_are(tmp_path, vectors, found):
    write_neighbours(tmp_path, found)
    assert not (tmp_path / "index.joblib").exists()
    kept = read_neighbours(tmp_path)
    np.testing.assert_array_equal(kept.indices, found.indices)
    graph, near = graph_with_neighbours(vectors, UMAP, kept)
    assert (graph != graph.T).nnz == 0
    assert (shared_neighbours(graph, near) > 0).mean() > 0.99


def test_manhattan_is_refused(vectors):
    with pytest.raises(ValueError, match="manhattan"):
        sharded_neighbours(vectors, UmapSettings(metric="manhattan"), 100)


def test_faiss_torch_and_numba_live_in_one_process():
    """Each wheel brings an OpenMP of its own. Numbers and neighbours stay what they are, whoever was imported first."""
    script = (
        "import sys, zlib\nfirst = sys.argv[1]\n__import__(first)\nimport faiss, numba, numpy as np, torch\n"
        "from topicloom.settings.clusters import UmapSettings\n"
        "from topicloom.space.sharded_neighbours import sharded_neighbours\n"
        "vectors = np.random.default_rng(1).normal(size=(3000, 16)).astype(np.float32)\n"
        "work = torch.ones(256, 256) @ torch.ones(256, 256)\n"
        "found = sharded_neighbours(vectors, UmapSettings(neighbors='faiss'), 1, 2, 100)\n"
        "again = torch.ones(256, 256) @ torch.ones(256, 256)\n"
        "print(zlib.crc32(found.indices.tobytes()), zlib.crc32(found.distances.tobytes()), bool((work == again).all()))"
    )
    told = {
        subprocess.run([sys.executable, "-c", script, first], capture_output=True, text=True, check=True).stdout
        for first in ("faiss", "torch")
    }
    assert len(told) == 1
    assert told.pop().endswith("True\n")
