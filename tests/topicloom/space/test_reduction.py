"""Neighbours apart from the layout, the map beside it, and the layout on every core."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import joblib
import numpy as np
import pytest

from topicloom.settings.clusters import UmapSettings
from topicloom.settings.reading import read_settings
from topicloom.space.map_process import MapLayout, MapLayoutError
from topicloom.space.neighbours import ALL_PAIRS_BELOW, find_neighbours, read_index, read_neighbours, write_neighbours
from topicloom.space.new_papers import FoundNeighbours, surroundings
from topicloom.space.parallel_layout import parallel_layout
from topicloom.space.reduction import reduce_documents
from topicloom.space.umap_fit import fit_umap, layout_start, map_coordinates, reduced_vectors
from topicloom.stages.parts import found_neighbours, neighbours_folder, stored_neighbours
from topicloom.store.store import StageRef, Store, Workspace

FEW_EPOCHS = UmapSettings(n_epochs=20)


@pytest.fixture(scope="module")
def vectors():
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(30, 12))
    return (centres[rng.integers(30, size=ALL_PAIRS_BELOW + 200)] + rng.normal(scale=0.3, size=(4296, 12))).astype("f4")


@pytest.fixture(scope="module")
def neighbours(vectors):
    return find_neighbours(vectors, FEW_EPOCHS, 100)


def test_kept_neighbours_give_the_embedding_of_a_search_by_umap_bit_for_bit(vectors, neighbours, tmp_path):
    itself = fit_umap(vectors, FEW_EPOCHS, 100)
    write_neighbours(tmp_path, neighbours)
    kept = fit_umap(vectors, FEW_EPOCHS, 100, read_neighbours(tmp_path))
    np.testing.assert_array_equal(kept.embedding_, itself.embedding_)
    assert kept.get_params() == itself.get_params()
    kept._knn_search_index = read_index(tmp_path)
    new = vectors[:40] + np.float32(0.01)
    np.testing.assert_array_equal(kept.transform(new), itself.transform(new))


def test_neighbours_found_before_place_new_papers_where_a_search_does(vectors, neighbours, tmp_path):
    write_neighbours(tmp_path, neighbours)
    model = fit_umap(vectors, FEW_EPOCHS, 100, read_neighbours(tmp_path))
    model._knn_search_index = read_index(tmp_path)
    new = vectors[:40] + np.float32(0.01)
    near = surroundings(vectors, new, FEW_EPOCHS.n_neighbors, FEW_EPOCHS.metric)
    searched, _ = model._knn_search_index.query(new, FEW_EPOCHS.n_neighbors, epsilon=0.24)
    assert (np.sort(searched) == np.sort(near.rows)).mean() > 0.98
    expected = model.transform(new)
    model._knn_search_index = FoundNeighbours(near)
    apart = np.linalg.norm(model.transform(new) - expected, axis=1)
    assert np.median(apart) < 0.02 * np.linalg.norm(np.ptp(model.embedding_, axis=0))
    with pytest.raises(ValueError, match="of 39 papers"):
        model.transform(new[:39])


def test_the_map_in_a_process_of_its_own_is_the_map(vectors, neighbours, tmp_path, monkeypatch):
    np.save(tmp_path / "vectors.npy", vectors)
    kept, beside, alone = tmp_path / "kept", tmp_path / "beside", tmp_path / "alone"
    for folder in (kept, beside, alone):
        folder.mkdir()
    write_neighbours(kept, neighbours)
    monkeypatch.setenv("TOPICLOOM_THREADS", "1")
    reduce_documents(tmp_path / "vectors.npy", kept, alone, FEW_EPOCHS, 100)
    with MapLayout(tmp_path / "vectors.npy", kept, beside / "coordinates.npy", FEW_EPOCHS, 100) as layout:
        layout.begin()
    expected = map_coordinates(vectors, FEW_EPOCHS, 100, neighbours)
    np.testing.assert_array_equal(np.load(beside / "coordinates.npy"), expected)
    np.testing.assert_array_equal(np.load(alone / "coordinates.npy"), expected)
    assert np.load(alone / "reduced.npy").shape == (len(vectors), 5)
    lean = joblib.load(alone / "umap.joblib")  # without the embeddings and the index, which lie elsewhere
    assert lean._raw_data.shape == vectors.shape
    assert lean._raw_data.nnz == 0
    assert lean._knn_search_index is None


def test_a_map_that_fails_says_why(tmp_path):
    with (
        pytest.raises(MapLayoutError, match=r"could not be laid out: FileNotFoundError"),
        MapLayout(tmp_path / "vectors.npy", tmp_path, tmp_path / "out.npy", FEW_EPOCHS, 1) as layout,
    ):
        layout.begin()


def test_the_maps_process_ends_with_a_reduction_that_fails(tmp_path):
    with pytest.raises(RuntimeError), MapLayout(tmp_path, tmp_path, tmp_path / "out.npy", FEW_EPOCHS, 1) as layout:
        raise RuntimeError
    assert layout._process.poll() is not None


def test_a_map_whose_process_is_killed_is_laid_out_by_the_run_itself(
    vectors, neighbours, tmp_path, monkeypatch, caplog
):
    """As the system kills it where a container has no memory left; the result is the same."""
    from topicloom.space import map_process

    np.save(tmp_path / "vectors.npy", vectors[:900])
    known = find_neighbours(vectors[:900], FEW_EPOCHS, 100, quiet=True)
    kept, alone, killed = tmp_path / "kept", tmp_path / "alone", tmp_path / "killed"
    for folder in (kept, alone, killed):
        folder.mkdir()
    write_neighbours(kept, known)
    monkeypatch.setenv("TOPICLOOM_THREADS", "1")
    assert not reduce_documents(tmp_path / "vectors.npy", kept, alone, FEW_EPOCHS, 100, quiet=True)
    monkeypatch.setattr("topicloom.space.reduction.available_threads", lambda: 2)
    begin = map_process.MapLayout.begin

    def begin_and_be_killed(layout):
        begin(layout)
        os.kill(layout._process.pid, signal.SIGKILL)

    monkeypatch.setattr(map_process.MapLayout, "begin", begin_and_be_killed)
    assert reduce_documents(tmp_path / "vectors.npy", kept, killed, FEW_EPOCHS, 100, quiet=True)
    for name in ("reduced.npy", "coordinates.npy"):
        np.testing.assert_array_equal(np.load(killed / name), np.load(alone / name))
    assert "was killed" in caplog.text
    assert "laid out once more, alone" in caplog.text


def test_the_maps_process_ends_with_a_parent_that_is_killed(tmp_path):
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom topicloom.space.map_process import MapLayout\n"
        "from topicloom.settings.schema import UmapSettings\np = Path(sys.argv[1])\n"
        "with MapLayout(p, p, p / 'out.npy', UmapSettings(), 1) as layout:\n"
        "    print(layout._process.pid, flush=True)\n    time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and _alive(child):
        time.sleep(0.2)
    assert not _alive(child)


def _alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_one_search_serves_every_layout(project, vectors, tmp_path, monkeypatch):
    from topicloom.space import neighbours
    from topicloom.stages import parts

    searched = []
    monkeypatch.setattr(parts, "stored_vectors", lambda *_: vectors)
    monkeypatch.setattr(neighbours, "find_neighbours", lambda *a, **k: searched.append(a) or find_neighbours(*a, **k))
    ref = StageRef(stage="load-embeddings", key="k", outputs={"embeddings.npy": "d"}, facts={"documents": len(vectors)})

    def search(seed: int = 100, **umap) -> str:
        settings = read_settings(project.write_settings(umap=umap, params={"seed": seed}))
        folder = stored_neighbours(settings, ref, out := Workspace(tmp_path))
        assert folder == neighbours_folder(settings, Store(settings.store_path), ref)
        assert out.facts["neighbours"].startswith("approximate")
        return out.parts["neighbours"]

    first = search()
    assert {search(n_components=2), search(min_dist=0.3), search(n_epochs=7), search(layout="parallel")} == {first}
    assert search(seed=7, neighbors_seed=100) == first
    assert len(searched) == 1
    shutil.rmtree(project.path / ".topicloom" / "neighbours" / first)
    assert found_neighbours(read_settings(project.write_settings()), ref).key == first
    assert len(searched) == 2
    assert first not in (search(seed=7), search(n_neighbors=9))
    manifest = json.loads((project.path / ".topicloom" / "neighbours" / first / "manifest.json").read_text())
    assert manifest["made_from"]["parameters"] == {"n_neighbors": 15, "metric": "cosine", "seed": 100}


def test_few_papers_are_compared_pair_by_pair(project, tmp_path):
    settings = read_settings(project.write_settings())
    ref = StageRef(stage="load-embeddings", key="k", outputs={"embeddings.npy": "d"}, facts={"documents": 240})
    assert stored_neighbours(settings, ref, out := Workspace(tmp_path)) is None
    assert out.facts["neighbours"].startswith("exact")
    assert out.parts == {}


def test_a_layout_of_other_seeds_over_the_same_neighbours_differs(vectors, neighbours):
    shared = FEW_EPOCHS.model_copy(update={"neighbors_seed": 100})
    first, second = (reduced_vectors(fit_umap(vectors, shared, seed, neighbours)) for seed in (1, 2))
    assert not np.array_equal(first, second)


def test_the_parallel_layout_is_the_same_for_any_number_of_threads(vectors, neighbours):
    start = fit_umap(vectors, UmapSettings(n_epochs=1), 100, neighbours)
    layouts = [
        parallel_layout(start.graph_, start.embedding_, 30, start._a, start._b, seed=3, threads=threads)
        for threads in (1, 2, 1)
    ]
    np.testing.assert_array_equal(layouts[1], layouts[0])
    np.testing.assert_array_equal(layouts[2], layouts[0])
    other = parallel_layout(start.graph_, start.embedding_, 30, start._a, start._b, seed=4)
    assert not np.array_equal(other, layouts[0])


@pytest.mark.filterwarnings("ignore:A few of your vertices were disconnected")
def test_a_paper_without_neighbours_moves_no_other_in_the_parallel_layout():
    """UMAP gives it no place, NaN; whoever moved away from that had none either, and in the end nobody had."""
    alike = np.zeros((60, 8), np.float32)
    alike[:, 0] = 1.0
    alike[-1] *= -1.0  # the distance to each other is 2, at which UMAP sees no neighbour any more
    umap = UmapSettings(n_neighbors=5, n_epochs=50, init="random", layout="parallel")
    placed = fit_umap(alike, umap, 100, quiet=True).embedding_
    assert np.flatnonzero(np.isnan(placed).any(axis=1)).tolist() == [59]
    assert len(np.unique(placed[:59], axis=0)) == 59


@pytest.mark.parametrize("corpus", ["demo", pytest.param("small_2k", marks=pytest.mark.slow)])
def test_the_parallel_layout_keeps_neighbourhoods_as_well_as_umaps(vectors_of, corpus):
    """Trustworthiness of both on real papers; on 17,924 it is 0.974 in five dimensions for both."""
    from sklearn.manifold import trustworthiness

    vectors = vectors_of(corpus)
    kept = [
        trustworthiness(
            vectors,
            reduced_vectors(fit_umap(vectors, UmapSettings(layout=layout), 100)),
            n_neighbors=15,
            metric="cosine",
        )
        for layout in ("umap", "parallel")
    ]
    assert kept[1] > kept[0] - 0.005


def test_a_large_map_is_laid_out_in_parallel_unless_the_settings_state_another(monkeypatch):
    """What was reduced before keeps its key; a large map that another layout made is laid out anew."""
    from types import SimpleNamespace

    from topicloom.stages.reduce import STAGE, parameters

    def settings(**umap):
        chosen = SimpleNamespace(method="hdbscan", umap=UmapSettings(**umap), update=SimpleNamespace(mode="refit"))
        return SimpleNamespace(tmo=chosen, params=SimpleNamespace(seed=1))

    def also(documents, **umap):
        loaded = SimpleNamespace(facts={"documents": documents})
        return STAGE.also(settings(**umap), {"load-embeddings": loaded})

    assert [UmapSettings().layout_of_map(papers) for papers in (99_999, 100_000)] == ["umap", "parallel"]
    assert UmapSettings(map_layout="umap").layout_of_map(10**6) == "umap"
    assert UmapSettings(layout="parallel").layout_of_map(10) == "parallel"
    assert also(99_999) == also(10**6, map_layout="umap") == also(10**6, layout="parallel") == {}
    assert also(10**6)
    placed = {
        "load-embeddings": SimpleNamespace(facts={"documents": 10**6}),
        "update": SimpleNamespace(facts={"run": 3}),
    }
    monkeypatch.setattr("topicloom.stages.reduce.is_placed", lambda refs: "update" in refs)
    assert STAGE.also(settings(), placed) == {}
    assert "map_layout" not in parameters(settings())["umap"]
    assert parameters(settings(map_layout="parallel")) != parameters(settings())
    assert "parallel layout" in parameters(settings(layout="parallel"))


@pytest.mark.parametrize("wanted", [{"map_layout": "parallel"}, {"layout": "parallel", "map_layout": "umap"}])
def test_the_map_beside_the_reduction_is_the_one_that_is_laid_out_alone(tmp_path, vectors, neighbours, wanted):
    np.save(tmp_path / "vectors.npy", vectors)
    (tmp_path / "near").mkdir()
    write_neighbours(tmp_path / "near", neighbours)
    umap = FEW_EPOCHS.model_copy(update=wanted)
    reduce_documents(tmp_path / "vectors.npy", tmp_path / "near", tmp_path, umap, 100, quiet=True)
    alone = map_coordinates(vectors, umap, 100, neighbours)
    np.testing.assert_array_equal(np.load(tmp_path / "coordinates.npy"), alone)
    other = map_coordinates(vectors, FEW_EPOCHS.model_copy(update={"map_layout": "umap"}), 100, neighbours)
    assert np.array_equal(alone, other) == (wanted["map_layout"] == "umap")


@pytest.mark.parametrize("epochs", [1, 9])
def test_a_few_epochs_will_do(vectors, neighbours, epochs):
    model = fit_umap(vectors, UmapSettings(n_epochs=epochs), 100, neighbours)
    assert np.isfinite(model.embedding_).all()


def test_the_spectral_start_gives_way_where_it_would_take_too_much():
    assert layout_start(UmapSettings(), 200_000) == "spectral"
    assert layout_start(UmapSettings(), 200_001) == "pca"
    assert layout_start(UmapSettings(init="spectral"), 10**6) == "spectral"
