"""Blocks are compared by faiss, and by cuVS where it and a GPU are there; here a stand-in plays cuVS."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from topicloom.machine import comparing
from topicloom.settings.clusters import UmapSettings
from topicloom.space.nearest_in_block import comparable, nearest_in_block
from topicloom.space.sharded_neighbours import sharded_neighbours

pytest.importorskip("faiss")


class OnDevice:
    """An array that lies on a GPU: numpy must not touch it."""

    def __init__(self, held):
        self.held = held

    def __array__(self, *_args, **_more):
        raise TypeError("Implicit conversion to a NumPy array is not allowed.")  # as CuPy has it


@pytest.fixture
def cuvs(monkeypatch, tmp_path):
    """A stand-in for cuVS and CuPy with the calls of their documentation; returns the shapes that were searched."""
    searched = []

    def build(dataset, metric="sqeuclidean", metric_arg=2.0, resources=None):
        assert isinstance(dataset, OnDevice)
        assert metric in ("inner_product", "sqeuclidean")
        assert dataset.held.dtype == np.float32
        return SimpleNamespace(dataset=dataset.held, metric=metric)

    def search(index, queries, k, neighbors=None, distances=None, resources=None, prefilter=None):
        searched.append((queries.held.shape, index.dataset.shape))
        if index.metric == "inner_product":
            far = queries.held @ index.dataset.T
            order = np.argsort(-far, axis=1, kind="stable")[:, :k]
        else:
            far = ((queries.held[:, None] - index.dataset[None]) ** 2).sum(axis=2)
            order = np.argsort(far, axis=1, kind="stable")[:, :k]
        return OnDevice(np.take_along_axis(far, order, axis=1)), OnDevice(order)

    cupy, package, neighbors = ModuleType("cupy"), ModuleType("cuvs"), ModuleType("cuvs.neighbors")
    cupy.asarray = lambda held: held if isinstance(held, OnDevice) else OnDevice(np.asarray(held))
    cupy.asnumpy = lambda held: held.held
    cupy.__spec__ = SimpleNamespace()
    neighbors.brute_force = SimpleNamespace(build=build, search=search)
    for name, module in {"cupy": cupy, "cuvs": package, "cuvs.neighbors": neighbors}.items():
        monkeypatch.setitem(sys.modules, name, module)
    device = tmp_path / "nvidiactl"
    device.touch()
    monkeypatch.setattr(comparing, "_DEVICES", (device,))
    known = comparing._version
    monkeypatch.setattr(comparing, "_version", lambda name: "26.10" if name == "cuvs-cu12" else known(name))
    return searched


def test_faiss_compares_where_there_is_no_gpu():
    assert list(comparing.comparing_engine()) == ["faiss-cpu"]
    assert not comparing.compares_on_gpu()


def test_cuvs_without_a_gpu_is_left_alone(cuvs, monkeypatch):
    assert comparing.comparing_engine() == {"cuvs-cu12": "26.10"}
    monkeypatch.setattr(comparing, "_DEVICES", ())
    assert list(comparing.comparing_engine()) == ["faiss-cpu"]


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "correlation"])
def test_a_gpu_finds_the_same_neighbours_by_the_same_settings(cuvs, monkeypatch, metric):
    vectors = np.random.default_rng(1).normal(size=(900, 16)).astype(np.float32)
    umap = UmapSettings(neighbors="faiss", metric=metric)
    on_gpu = sharded_neighbours(vectors, umap, 100, size=100)
    assert cuvs
    monkeypatch.setattr(comparing, "_DEVICES", ())
    count = len(cuvs)
    on_processor = sharded_neighbours(vectors, umap, 100, size=100)
    assert len(cuvs) == count
    np.testing.assert_array_equal(on_gpu.indices, on_processor.indices)
    np.testing.assert_array_equal(on_gpu.distances, on_processor.distances)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_larger_the_nearer(metric):
    vectors = comparable(np.random.default_rng(1).normal(size=(30, 4)), metric)
    rows, near = nearest_in_block(vectors, vectors, 30, metric)
    assert (rows[:, 0] == np.arange(30)).all()
    assert (np.diff(near, axis=1) <= 0).all()
