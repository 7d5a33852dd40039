"""Neighbours in shards within a run: their own key, the same kept form, and topics, words and map that follow."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from pydantic import ValidationError

from tests.topicloom.stages.runs import run_stages
from topicloom.errors import SettingsError
from topicloom.machine import comparing
from topicloom.settings.checks import require_fitting_settings
from topicloom.settings.clusters import UmapSettings
from topicloom.settings.memory import least_memory, likely_memory
from topicloom.settings.reading import read_settings
from topicloom.settings.schema import TopicModelSettings
from topicloom.stages import graph, reduce
from topicloom.store.store import Store

GRAPH = {"clusterer": "graph", "umap": {"neighbors": "faiss"}}


def settings_of(**umap):
    chosen = SimpleNamespace(method="graph", umap=UmapSettings(**umap), update=SimpleNamespace(mode="refit"))
    return SimpleNamespace(tmo=chosen, params=SimpleNamespace(seed=1))


@pytest.mark.parametrize("stage", [graph, reduce])
def test_the_keys_of_before_hold_and_the_way_is_part_of_new_ones(stage, monkeypatch):
    before, now = stage.parameters(settings_of()), stage.parameters(settings_of(neighbors="faiss"))
    assert "neighbors" not in before.keys() | before.get("umap", {}).keys()
    assert now["neighbors"] == {"in shards": 1, **comparing.comparing_engine()}
    monkeypatch.setattr("topicloom.stages.parts.comparing_engine", lambda: {"cuvs-cu12": "26.10"})
    assert stage.parameters(settings_of(neighbors="faiss")) != now


@pytest.mark.parametrize("more", [{}, {"clusterer": "hdbscan"}, {"n_topics": 9}])
def test_whoever_lays_out_before_clustering_needs_the_index(more):
    with pytest.raises(ValidationError, match=r"umap\.neighbors is faiss and clusterer"):
        TopicModelSettings.model_validate({"embeds_folder": "e01", "umap": {"neighbors": "faiss"}, **more})
    assert TopicModelSettings.model_validate({"embeds_folder": "e01", **GRAPH}).umap.neighbors == "faiss"


def test_a_metric_that_faiss_does_not_know_is_refused():
    with pytest.raises(ValidationError, match="neighbors is faiss and metric manhattan"):
        UmapSettings(neighbors="faiss", metric="manhattan")


def test_faiss_that_is_missing_is_said_before_any_work(project, monkeypatch):
    settings = read_settings(project.write_settings(**GRAPH))
    monkeypatch.setattr("topicloom.settings.checks.importlib.util.find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"the package faiss-cpu, which it needs, is not installed"):
        require_fitting_settings(settings, {"documents": 240})


def test_less_memory_is_asked_for_where_the_embeddings_stay_on_disk():
    sizes = (10_000_000, 384, 15)
    assert least_memory(*sizes, in_shards=True) < 24 * 2**30 < least_memory(*sizes)
    assert likely_memory(*sizes, in_shards=True) < likely_memory(*sizes)


@pytest.mark.parametrize("start", ["spectral", "pca"])
def test_a_run_rests_on_them_from_graph_to_map(project, monkeypatch, start):
    pytest.importorskip("faiss")
    monkeypatch.setattr("topicloom.space.neighbours.ALL_PAIRS_BELOW", 100)  # as for 4,096 papers and more
    if start == "pca":
        monkeypatch.setattr("topicloom.space.umap_fit._SPECTRAL_UP_TO", 100)  # as for 200,000
    quiet = {"pictures": {"quality": False, "figures": False}}
    wanted = {"n_epochs": 50, "map_layout": "parallel"}
    common = {"clusterer": "graph", "graph": {"resolution": 2, "inertia": 0}, **quiet}
    shards = run_stages(project.write_settings(umap={**wanted, "neighbors": "faiss"}, **common))
    store = Store(shards.settings.store_path)
    manifest = store.manifest_of("graph", shards.refs["graph"].key)
    assert manifest["facts"]["neighbours"] == "approximate, in shards"
    folder = store.folder("neighbours", manifest["parts"]["neighbours"])
    assert sorted(path.name for path in folder.glob("*.np*")) == ["distances.npy", "indices.npy", "random_state.npz"]
    found = np.load(store.artifact(shards.refs["cluster"], "clusters.npy"))
    placed = np.load(store.artifact(shards.refs["reduce"], "coordinates.npy"))
    assert placed.shape == (240, 2)
    assert np.isfinite(placed).all()
    if start == "pca":
        return
    again = run_stages(project.write_settings(umap={**wanted, "neighbors": "faiss"}, **common))
    assert not again.computed
    other = run_stages(project.write_settings(umap=wanted, **common))
    assert {"graph", "reduce"} <= set(other.computed)
    # So few papers fit into one cell and are compared pair by pair: both ways find the same neighbours but for ties.
    theirs = np.load(store.artifact(other.refs["cluster"], "clusters.npy"))
    assert (found == theirs).mean() > 0.8
