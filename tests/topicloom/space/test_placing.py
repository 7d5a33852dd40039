"""New papers among fitted ones: neighbours, the place on the map, the majority's cluster, drift."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from topicloom.clusters.prediction import _majority_cluster, place_in_clusters
from topicloom.space.new_papers import Drift, Surroundings, place_on_map, surroundings


@given(arrays(np.int64, st.tuples(st.integers(1, 30), st.integers(1, 16)), elements=st.integers(-1, 3)))
@settings(deadline=None)
def test_more_than_half_of_the_neighbours_decide(votes):
    def of_row(row: list[int]) -> int:
        cluster, count = Counter(row).most_common(1)[0]
        return cluster if 2 * count > len(row) else -1

    assert _majority_cluster(votes).tolist() == [of_row(row) for row in votes.tolist()]


@pytest.mark.parametrize(
    ("drift", "value"),
    [
        (Drift(100, 0, 0, 0.0), 0.0),
        (Drift(100, 25, 0, 0.05), 0.2),
        (Drift(100, 25, 0, 0.0), 0.2),  # nearer than usual counts as usual
        (Drift(100, 25, 0, 0.1), 0.4),
        (Drift(100, 0, 20, 0.0), 0.25),
        (Drift(10, 0, 10, 0.0), 10.0),  # all withdrawn
    ],
)
def test_drift_counts_new_and_withdrawn_papers_far_ones_more(drift, value):
    assert drift.value == pytest.approx(value)


def test_neighbours_are_the_nearest_and_strangers_are_far():
    rng = np.random.default_rng(0)
    fitted = rng.normal(size=(400, 8))
    new = np.vstack([fitted[:40] + 1e-3, rng.normal(size=(5, 8)) + 30])
    near = surroundings(fitted, new, 5, "euclidean")
    exact = np.argsort(np.linalg.norm(fitted[None] - new[:, None], axis=2), axis=1)[:, :5]
    assert (near.rows == exact).all()
    assert near.far.tolist() == [False] * 40 + [True] * 5
    assert surroundings(fitted, fitted[:0], 5, "euclidean").rows.shape == (0, 5)


def test_a_paper_lies_on_the_map_by_its_nearest_neighbours():
    coordinates = np.array([[0, 0], [10, 0], [0, 10]], dtype=np.float32)
    rows, none = np.array([[0, 1, 2], [1, 0, 2]]), np.zeros(2, dtype=bool)
    alike = place_on_map(Surroundings(rows, np.ones((2, 3)), none), coordinates)
    assert np.allclose(alike, coordinates.mean(axis=0))
    near = place_on_map(Surroundings(rows, np.array([[0.0, 9, 9], [0.0, 9, 9]]), none), coordinates)
    assert (
        np.linalg.norm(near - coordinates[[0, 1]], axis=1) < np.linalg.norm(alike - coordinates[[0, 1]], axis=1)
    ).all()


def test_prediction_comes_first_then_the_neighbours():
    from hdbscan import HDBSCAN

    rng = np.random.default_rng(1)
    points = np.vstack([rng.normal(size=(60, 2)) * 0.1 + centre for centre in ((0, 0), (5, 5))])
    points = np.vstack([points, [[40, 40], [-40, 40], [40, -40]]]).astype(np.float32)
    model = HDBSCAN(min_cluster_size=10, prediction_data=True).fit(points)
    left, right = int(model.labels_[0]), int(model.labels_[60])
    assert model.labels_[-3:].tolist() == [-1] * 3
    new = np.array([[0, 0], [5, 5], [40, 41], [40, 41], [40, 41]], dtype=np.float32)
    rows = np.array([[60, 61, 62], [0, 1, 2], [0, 1, 60], [60, 61, 0], [0, 60, 121]])
    near = Surroundings(rows, np.ones(rows.shape), np.zeros(len(rows), dtype=bool))
    placed = place_in_clusters(model, new, near, model.labels_.astype(np.int64))
    assert placed.clusters.tolist() == [left, right, left, right, -1]
    # How strongly: as HDBSCAN predicts it; not known of papers that their neighbours were asked about.
    assert (placed.strength[:2] > 0).all()
    assert np.isnan(placed.strength[2:4]).all()
    assert placed.strength[4] == 0
    nothing = place_in_clusters(model, new, near, np.full(len(points), -1))
    assert nothing.clusters.tolist() == [-1] * 5
    assert nothing.strength.tolist() == [0] * 5
