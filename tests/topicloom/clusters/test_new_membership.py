"""Membership of new points, element by element against hdbscan's own function, on real text."""

from __future__ import annotations

import numpy as np
import pytest

from topicloom.clusters.prediction import membership_vector


@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
@pytest.mark.parametrize("settings", [{}, {"min_samples": 3}, {"cluster_selection_method": "leaf"}])
def test_equal_to_hdbscan(demo_reduced, metric, settings):
    import hdbscan

    reduced = demo_reduced
    model = hdbscan.HDBSCAN(min_cluster_size=5, metric=metric, prediction_data=True, **settings).fit(reduced[:400])
    rng = np.random.default_rng(0)
    far = rng.normal(size=(20, reduced.shape[1])) * 20
    # New papers, papers that were fitted (their distance to exemplars can be zero), and points far from all.
    points = np.vstack([reduced[400:], reduced[:40], far]).astype(np.float64)
    expected = hdbscan.membership_vector(model, points)
    found = membership_vector(model, points)
    assert found.shape == expected.shape
    assert found.shape[1] > 2
    assert np.abs(found - expected).max() <= 1e-12


def test_without_clusters_there_are_no_columns(demo_reduced):
    import hdbscan

    model = hdbscan.HDBSCAN(min_cluster_size=300, prediction_data=True).fit(demo_reduced)
    assert membership_vector(model, demo_reduced[:3]).shape == (3, 0)


def test_another_metric_is_refused(demo_reduced):
    import hdbscan

    model = hdbscan.HDBSCAN(min_cluster_size=5, metric="chebyshev", prediction_data=True).fit(demo_reduced)
    with pytest.raises(ValueError, match="must be 'euclidean' or 'manhattan'"):
        membership_vector(model, demo_reduced[:3])
