"""Insides of other libraries that are gone or changed: the same result by the public way, and one line that says so.

Each test takes one inside away, or changes it, and computes what rests on it. docs/dependencies.md lists them.
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import hdbscan
import numpy as np
import pytest

from topicloom.clusters import core_distances, membership, prediction
from topicloom.clusters.clustering import cluster_by_hdbscan
from topicloom.machine import guards
from topicloom.settings.clusters import HdbscanSettings, UmapSettings
from topicloom.words import english

FEW = UmapSettings(n_neighbors=8, n_epochs=20)


@pytest.fixture(autouse=True)
def afresh():
    """Nothing is known of the libraries yet, and nothing has been said; nor afterwards."""
    caches = (
        *(guards.tell_slower, membership._insides_hold, prediction._insides_hold),
        english.english_stop_words,
    )
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


@pytest.fixture
def said(caplog):
    """What the guards have said, a line each."""
    caplog.set_level(logging.WARNING, logger=guards.logger.name)
    return lambda: [record.getMessage() for record in caplog.records if record.name == guards.logger.name]


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.concatenate([rng.normal(centre, 0.4, (60, 5)) for centre in range(0, 9, 3)]).astype(np.float32)


def clustered(points):
    return cluster_by_hdbscan(points, HdbscanSettings(min_cluster_size=8))


def assert_same_clustering(found, expected):
    np.testing.assert_array_equal(found.clusters, expected.clusters)
    np.testing.assert_allclose(found.probability, expected.probability, rtol=0, atol=1e-12)


def test_insides_as_they_were_are_used_without_a_word(points, said):
    with core_distances.searched_in_tree_order():
        assert hdbscan.hdbscan_.KDTree is core_distances._TreeOrderedKDTree
    clustered(points)
    prediction.membership_vector(clustered(points).model, points[:4])
    assert membership._insides_hold()
    assert prediction._insides_hold()
    assert said() == []


def no_map_of_trees(patch):
    patch.delattr(hdbscan.prediction.PredictionData, "_tree_type_map")


def another_tree(patch):
    patch.setattr(hdbscan.hdbscan_, "KDTree", type("Tree", (), {}))


@pytest.mark.parametrize("change", [no_map_of_trees, another_tree])
def test_hdbscan_names_its_tree_elsewhere(points, said, monkeypatch, change):
    with monkeypatch.context() as patch:
        change(patch)
        with core_distances.searched_in_tree_order():
            assert getattr(hdbscan.hdbscan_, "KDTree", None) is not core_distances._TreeOrderedKDTree
    assert len(said()) == 1
    assert "hdbscan" in said()[0]
    assert "names its tree elsewhere" in said()[0]


def test_without_our_tree_the_clusters_are_the_same(points, said, monkeypatch):
    expected = clustered(points)
    monkeypatch.setattr(core_distances, "_hdbscan_names_its_tree", lambda: hdbscan.no_such_module)
    found = clustered(points)
    assert type(found.model.prediction_data_.tree) is core_distances.KDTree
    assert_same_clustering(found, expected)
    assert len(said()) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("__reduce__", lambda self: (list, ())),
        ("_own", lambda self, k: (np.zeros((32, k)), np.zeros((32, k), np.int64))),
        ("_own", lambda self, k: self.no_such_array),
    ],
    ids=["saved otherwise", "other neighbours", "no order"],
)
def test_scikit_learn_has_another_tree(points, said, monkeypatch, name, value):
    expected = clustered(points)
    monkeypatch.setattr(core_distances._TreeOrderedKDTree, name, value)
    found = clustered(points)
    assert type(found.model.prediction_data_.tree) is core_distances.KDTree
    assert_same_clustering(found, expected)
    assert len(said()) == 1
    assert "scikit-learn" in said()[0]
    assert "another KDTree" in said()[0]


def other_clusters_selected(patch):
    patch.setattr(hdbscan.plots.CondensedTree, "_select_clusters", lambda self: [int(self._raw_tree["parent"].min())])


def no_leaf_lambdas(patch):
    patch.setattr(membership, "merge_heights", lambda tree, nodes: (tree.no_such_field, None))


@pytest.mark.parametrize("change", [other_clusters_selected, no_leaf_lambdas])
def test_hdbscan_keeps_its_tree_otherwise(points, said, monkeypatch, change):
    model = clustered(points).model
    expected = np.concatenate(list(membership.membership_vectors(model)))
    membership._insides_hold.cache_clear()
    with monkeypatch.context() as patch:
        change(patch)
        assert not membership._insides_hold()
    found = membership.all_points_membership_vectors(model)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert len(said()) == 1
    assert "keeps its trees and exemplars in another way" in said()[0]


def test_hdbscan_predicts_from_other_data(points, said, monkeypatch):
    model, new = clustered(points).model, points[::7] + np.float32(0.1)
    expected = prediction.membership_vector(model, new)
    prediction._insides_hold.cache_clear()
    nearest = prediction._nearest_reachable
    monkeypatch.setattr(prediction, "_nearest_reachable", lambda *given: (nearest(*given)[0], nearest(*given)[1] * 2))
    found = prediction.membership_vector(model, new)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert len(said()) == 1
    assert "memberships of new papers" in said()[0]


def test_a_model_without_clusters_needs_no_insides(monkeypatch):
    model = hdbscan.HDBSCAN(min_cluster_size=30, prediction_data=True).fit(
        np.random.default_rng(0).normal(size=(40, 3))
    )
    assert model.labels_.max() == -1
    monkeypatch.setattr(membership, "_insides_hold", lambda: pytest.fail("nothing is to be looked up"))
    assert membership.all_points_membership_vectors(model).shape == (40, 0)
    assert prediction.membership_vector(model, np.zeros((2, 3))).shape == (2, 0)


def another_signature(points, n_neighbors, metric, angular, random_state, **more):
    raise AssertionError("it is not called")


@pytest.mark.parametrize("change", ["gone", "another signature"])
def test_umap_searches_by_another_function(points, said, monkeypatch, change):
    from topicloom.machine.compiled import import_umap
    from topicloom.space.neighbours import find_neighbours

    umap_ = import_umap().umap_
    expected = find_neighbours(points, FEW, 3, quiet=True)
    if change == "gone":
        monkeypatch.delattr(umap_, "nearest_neighbors")
    else:
        monkeypatch.setattr(umap_, "nearest_neighbors", another_signature)
    found = find_neighbours(points, FEW, 3, quiet=True)
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_array_equal(found.distances, expected.distances)
    np.testing.assert_array_equal(found.random_state[1], expected.random_state[1])
    assert len(said()) == 1
    assert "umap-learn" in said()[0]
    assert "nearest_neighbors" in said()[0]


@pytest.mark.parametrize("searched", [True, False])
def test_umap_builds_its_graph_by_another_function(points, said, monkeypatch, searched):
    from topicloom.machine.compiled import import_umap
    from topicloom.space import neighbour_graph
    from topicloom.space.neighbours import find_neighbours

    umap_ = import_umap().umap_
    known = find_neighbours(points, FEW, 3, quiet=True) if searched else None
    expected = neighbour_graph.neighbour_graph(points, FEW, known)
    own = umap_.fuzzy_simplicial_set
    # UMAP itself calls it by its name, so it stays; to us it shows another signature.
    monkeypatch.setattr(umap_, "fuzzy_simplicial_set", lambda *given, **named: own(*given, **named))
    found = neighbour_graph.neighbour_graph(points, FEW, known)
    assert (found != expected).nnz == 0
    assert len(said()) == 1
    assert "fuzzy_simplicial_set" in said()[0]


def test_umap_compares_all_pairs_by_another_function(points, said, monkeypatch):
    from topicloom.machine.compiled import import_umap
    from topicloom.space.all_pairs import all_pairs_compiled

    monkeypatch.delattr(import_umap().umap_, "pairwise_distances")
    with all_pairs_compiled():
        assert not hasattr(import_umap().umap_, "pairwise_distances")
    assert len(said()) == 1
    assert "compares pairs by another function" in said()[0]


def test_umap_keeps_its_curve_elsewhere(said):
    from topicloom.machine.compiled import import_umap
    from topicloom.space.umap_fit import _curve_of

    for wanted in (UmapSettings(), UmapSettings(min_dist=0.3, spread=1.5)):
        expected = import_umap().umap_.find_ab_params(wanted.spread, wanted.min_dist)
        assert _curve_of(object(), wanted) == pytest.approx(expected, rel=0, abs=0)
    assert len(said()) == 1
    assert "curve" in said()[0]


def test_umap_keeps_its_embeddings_elsewhere(said):
    from topicloom.space.reduction import _without_data

    model = object()
    assert _without_data(model) is model
    assert len(said()) == 1


def test_umap_keeps_its_index_elsewhere(points, said, tmp_path):
    """It is fitted once more with the index, and places new papers where the other would."""
    from topicloom.space.neighbours import find_neighbours, read_index, read_neighbours, write_neighbours
    from topicloom.space.umap_fit import fit_umap
    from topicloom.stages.reduce import _fitted_again

    write_neighbours(tmp_path, find_neighbours(points, FEW, 3, quiet=True))
    usual = fit_umap(points, FEW, 3, read_neighbours(tmp_path), quiet=True)
    usual._knn_search_index = read_index(tmp_path)
    again = _fitted_again(FEW, 3, points, tmp_path)
    np.testing.assert_array_equal(again.embedding_, usual.embedding_)
    new = points[:5] + np.float32(0.01)
    np.testing.assert_array_equal(again.transform(new), usual.transform(new))
    assert len(said()) == 1
    assert "index" in said()[0]


class _Dispatcher:
    """A compiled function as another numba may have it."""

    def __init__(self, **has) -> None:
        self.__dict__.update(has)


@pytest.mark.parametrize(
    "dispatcher",
    [_Dispatcher(), _Dispatcher(_set_uuid=lambda name: None), _Dispatcher(_set_uuid=lambda: None)],
    ids=["no identity", "no cache", "another signature"],
)
def test_numba_does_not_let_compiled_code_be_kept(said, dispatcher):
    from topicloom.machine import compiled

    compiled._keep("f", dispatcher)
    assert len(said()) == 1
    assert "numba" in said()[0]
    assert "compiles it anew" in said()[0]


def no_dispatcher(patch):
    from numba.core import dispatcher

    patch.delattr(dispatcher, "Dispatcher")


def no_null_cache(patch):
    from numba.core import caching

    patch.delattr(caching, "NullCache")


def another_way_to_save(patch):
    from numba.core import caching

    patch.setattr(caching.IndexDataCacheFile, "save", lambda self, entry: None)


def no_longer(name):
    def change(patch):
        from numba.core.dispatcher import Dispatcher

        owner = next(one for one in Dispatcher.__mro__ if name in vars(one))
        patch.delattr(owner, name)

    change.__name__ = f"no {name}"
    return change


OF_DISPATCHER = (
    *("_set_uuid", "enable_caching", "get_call_template", "_compile_for_args", "disable_compile"),
    *("compile", "typeof_pyval", "nopython_signatures", "_explain_matching_error"),
)


@pytest.mark.parametrize("change", [no_dispatcher, no_null_cache, another_way_to_save, *map(no_longer, OF_DISPATCHER)])
def test_numba_keeps_compiled_code_in_another_way(said, monkeypatch, change):
    """Of its insides none is used then, and umap is imported as it is."""
    from topicloom.machine import compiled

    compiled.import_umap()  # the insides are used, and nothing is said
    assert said() == []
    monkeypatch.setattr(compiled, "compiled_when_called", lambda: pytest.fail("an inside is used"))
    monkeypatch.setattr(compiled, "dispatchers", lambda: pytest.fail("an inside is used"))
    change(monkeypatch)
    assert compiled.import_umap().__name__ == "umap"
    assert len(said()) == 1
    assert "keeps compiled code in another way" in said()[0]


@pytest.mark.parametrize("name", ["nn_descent", "nn_descent_internal", "init_rp_tree", "process_candidates"])
def test_pynndescent_has_another_search(points, said, monkeypatch, name):
    from topicloom.machine import compiled

    compiled.import_umap()
    from pynndescent import pynndescent_

    monkeypatch.delattr(pynndescent_, name)
    assert compiled.import_umap().__name__ == "umap"
    assert len(said()) == 1
    assert f"pynndescent_.{name}" in said()[0]


@pytest.mark.parametrize(
    ("library", "name"),
    [
        ("umap-learn", "umap_.fast_knn_indices"),
        ("umap-learn", "umap_.submatrix"),
        ("umap-learn", "umap_.compute_membership_strengths"),
        ("pynndescent", "pynndescent_.permute_rows"),
    ],
)
@pytest.mark.parametrize("change", ["renamed", "taking something else"])
def test_a_function_that_numpy_stands_in_for_has_changed(said, monkeypatch, library, name, change):
    from topicloom.machine.by_numpy import do_by_numpy
    from topicloom.machine.compiled import import_umap

    import_umap()
    module, _, function = name.partition(".")
    inside = sys.modules[f"{library.partition('-')[0]}.{module}"]
    other = lambda first, second: None  # noqa: E731
    if change == "renamed":
        monkeypatch.delattr(inside, function)
    else:
        monkeypatch.setattr(inside, function, other)
    do_by_numpy()
    assert getattr(inside, function, None) is (None if change == "renamed" else other)
    assert len(said()) == 1
    assert said()[0].startswith(library)
    assert f"has no {name} that topicloom knows" in said()[0]


def test_bertopic_is_not_imported_without_its_heavy_parts(said):
    """In a process of its own, where bertopic has not been imported."""
    import subprocess
    import sys

    script = """
import sys
from topicloom.exports import bertopic_model as model
model._OPTIONAL = (*model._OPTIONAL, "tqdm")
with model.lean_bertopic() as bertopic:
    print(bertopic.BERTopic.__name__, "umap" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["BERTopic", "True"]
    assert "is not imported without its heavy parts" in done.stderr
    assert "It is imported whole." in done.stderr


def test_bertopic_writes_its_vocabulary_elsewhere(said, tmp_path):
    import pyarrow as pa

    from topicloom.exports.bertopic_model import _fill_in, _SavedVocabulary

    config = tmp_path / "ctfidf_config.json"
    config.write_text(json.dumps({"vectorizer_model": {"vocab": {}, "params": {"a": 1}}, "ctfidf_model": {}}))
    _fill_in(config, _SavedVocabulary(pa.array(["gene", "gene map", "naïve"], pa.large_string())))
    found = json.loads(config.read_text(encoding="utf-8"))
    assert found["vectorizer_model"] == {"vocab": {"gene": 0, "gene map": 1, "naïve": 2}, "params": {"a": 1}}
    assert len(said()) == 1


@pytest.mark.parametrize("change", ["gone", "another signature"])
def test_prefect_orders_events_in_another_way(said, monkeypatch, change):
    from flows.server import ordering

    usual = ordering._ordering()
    assert issubclass(usual, ordering._InMemory)
    assert usual is not ordering._InMemory
    assert said() == []
    if change == "gone":
        monkeypatch.delattr(ordering._InMemory, "event_has_been_seen")
    else:
        monkeypatch.setattr(ordering._InMemory, "wait_for_leader", lambda self: None)
    assert ordering._ordering() is ordering._InMemory
    assert len(said()) == 1
    assert "prefect" in said()[0]


def test_an_index_is_saved_whatever_pynndescent_calls_its_search(points, said, tmp_path, monkeypatch):
    """The attribute that stands in for it is not looked at: pynndescent makes its search, and the index is the same."""
    from pynndescent import NNDescent

    from topicloom.space import neighbours

    found = neighbours.find_neighbours(points, FEW, 3, quiet=True)
    state, saved = NNDescent.__getstate__, []

    def another_state(index):
        assert index.__dict__.pop("_search_function") is None
        saved.append(index)
        return state(index)

    monkeypatch.setattr(NNDescent, "__getstate__", another_state)
    neighbours.write_neighbours(tmp_path, found)
    assert saved == [found.index]
    again = neighbours.read_index(tmp_path)
    np.testing.assert_array_equal(again.query(points[:4], 3)[0], found.index.query(points[:4], 3)[0])
    assert said() == []


def test_pynndescent_makes_its_search_elsewhere(points, said, tmp_path, monkeypatch):
    from pynndescent import NNDescent

    from topicloom.space import neighbours

    found = neighbours.find_neighbours(points, FEW, 3, quiet=True)
    neighbours.write_neighbours(tmp_path, found)
    monkeypatch.setattr(NNDescent, "__setstate__", lambda index, state: index.__dict__.update(state))
    monkeypatch.delattr(NNDescent, "_init_search_function")
    again = neighbours.read_index(tmp_path, to_search=False)
    np.testing.assert_array_equal(again._raw_data, found.index._raw_data)
    assert len(said()) == 1
    assert "pynndescent" in said()[0]


def test_scikit_learn_keeps_its_stop_words_elsewhere(said, monkeypatch):
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    monkeypatch.setattr(english, "_FILE", Path("feature_extraction", "_no_such_file.py"))
    assert english.english_stop_words() == ENGLISH_STOP_WORDS
    assert len(said()) == 1
    assert "_no_such_file.py" in said()[0]


def test_fonttools_drops_tables_elsewhere(tmp_path, said, monkeypatch):
    from fontTools.subset import Options

    from topicloom.figures.sheet import Page, Sheet
    from topicloom.figures.style import styled

    def drawn(name):
        with styled():
            sheet = Sheet(Page(tmp_path, formats=["pdf"]), 50)
            sheet.write(2, 20, "first words")
            sheet.keep(name)
        return (tmp_path / f"{name}.pdf").stat().st_size

    small = drawn("small")
    assert said() == []
    # As if the tables were a tuple: still what fontTools needs, yet not what is looked for.
    monkeypatch.setattr(Options, "_drop_tables_default", tuple(Options._drop_tables_default))
    monkeypatch.setattr(Options, "__init__", _with_a_list(Options.__init__))
    assert drawn("large") > small
    assert len(said()) == 1
    assert "fontTools" in said()[0]


def _with_a_list(begin):
    """matplotlib adds to the tables that are dropped."""

    def init(self, **given):
        begin(self, **given)
        self.drop_tables = list(self.drop_tables)

    return init
