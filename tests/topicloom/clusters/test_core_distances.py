"""A fit that searches in the order of the tree is hdbscan's own, bit for bit: labels, probabilities, trees, distances."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hdbscan import HDBSCAN
from sklearn.neighbors import KDTree

from topicloom.clusters import core_distances
from topicloom.clusters.core_distances import _TreeOrderedKDTree, searched_in_tree_order


def assert_fits_equal(points: np.ndarray, **settings) -> None:
    theirs = HDBSCAN(prediction_data=True, **settings)
    ours = HDBSCAN(prediction_data=True, **{**settings, "core_dist_n_jobs": 1})  # as the stage cluster has it
    with searched_in_tree_order():
        ours.fit(points)
    theirs.fit(points)
    assert type(ours.prediction_data_.tree) is _TreeOrderedKDTree
    assert type(theirs.prediction_data_.tree) is KDTree
    for found, expected in (
        (ours.labels_, theirs.labels_),
        (ours.probabilities_, theirs.probabilities_),
        (ours.single_linkage_tree_.to_numpy(), theirs.single_linkage_tree_.to_numpy()),
        (ours.condensed_tree_.to_numpy(), theirs.condensed_tree_.to_numpy()),
        (ours.prediction_data_.core_distances, theirs.prediction_data_.core_distances),
    ):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
@pytest.mark.parametrize("settings", [{}, {"min_samples": 1}, {"cluster_selection_method": "leaf"}])
def test_real_papers_some_of_them_twice(demo_reduced, metric, settings):
    assert_fits_equal(
        np.vstack([demo_reduced, demo_reduced[:9], demo_reduced[:4]]), min_cluster_size=5, metric=metric, **settings
    )


@pytest.mark.parametrize("corpus", ["demo", "small_2k", pytest.param("acl_18k", marks=pytest.mark.slow)])
def test_papers_of_a_field(vectors_of, corpus):
    """Few enough that hdbscan searches once, and so many that it splits its search by the notebook's four jobs."""
    from sklearn.decomposition import PCA

    reduced = PCA(5, random_state=0).fit_transform(vectors_of(corpus)).astype(np.float32)
    assert_fits_equal(reduced, min_cluster_size=3, min_samples=1)


@pytest.mark.parametrize("grid", [False, True])
def test_points_at_one_distance_keep_the_librarys_neighbours(grid):
    """On a grid nearly all distances are equal, so the choice among them decides; off it, none is."""
    rng = np.random.default_rng(0)
    points = rng.integers(0, 6, (700, 3)).astype(float) if grid else rng.normal(size=(700, 3))
    ours, theirs = _TreeOrderedKDTree(points), KDTree(points)
    for k in (4, len(points)):
        for found, expected in zip(
            ours.query(points, k, dualtree=True, breadth_first=True),
            theirs.query(points, k, dualtree=True, breadth_first=True),
            strict=True,
        ):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("threads", [1, 3])
def test_more_points_than_one_search_takes(threads, monkeypatch):
    """20,000 points: in several searches, and where hdbscan would split its own by four."""
    monkeypatch.setattr(core_distances, "available_threads", lambda: threads)
    rng = np.random.default_rng(1)
    points = rng.normal(rng.uniform(-9, 9, (40, 5))[rng.integers(0, 40, 20_000)], 0.4).astype(np.float32)
    assert_fits_equal(points, min_cluster_size=20, core_dist_n_jobs=1)


def test_it_is_saved_as_the_librarys_tree():
    points = np.random.default_rng(2).normal(size=(90, 4))
    kept = pickle.loads(pickle.dumps(_TreeOrderedKDTree(points)))
    assert type(kept) is KDTree
    for found, expected in zip(kept.query(points, 3), KDTree(points).query(points, 3), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_fits_side_by_side_leave_the_library_as_it_was():
    points = np.random.default_rng(3).normal(size=(300, 3))

    def fit(size: int) -> type:
        with searched_in_tree_order():
            return type(HDBSCAN(min_cluster_size=size, prediction_data=True).fit(points).prediction_data_.tree)

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(fit, range(3, 15))) == {_TreeOrderedKDTree}
    assert type(HDBSCAN(min_cluster_size=5, prediction_data=True).fit(points).prediction_data_.tree) is KDTree
