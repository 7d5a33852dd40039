"""Level0, probabilities and scores, against plain restatements of their definitions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from topicloom.clusters.clustering import _assigned_probability, cluster_by_hdbscan, cluster_by_kmeans
from topicloom.clusters.main_clusters import REMAINDER, main_clusters, split_orphans
from topicloom.clusters.membership import all_points_membership_vectors, membership_vectors
from topicloom.settings.clusters import HdbscanSettings, KMeansSettings
from topicloom.words.distribution import centroid_score, distribution_score

topics_strategy = st.lists(st.integers(-1, 8), min_size=1, max_size=60).map(lambda t: np.array(t, dtype=np.int64))
thresholds = st.floats(0.01, 1.0)


@given(topics_strategy, thresholds)
def test_main_clusters_are_the_notebooks_but_for_its_repairs(topics, threshold):
    split = split_orphans(topics, threshold)
    clusters = pd.Series(topics[topics != -1] + 1)
    assert list(split.assigned) == list(np.flatnonzero(topics != -1))
    assert list(split.orphans) == list(np.flatnonzero(topics == -1))
    if clusters.empty:
        assert split.main == []
        assert len(split.level0) == 0
        return
    # The notebook's rule, with ties by number and the largest cluster always in.
    counts = clusters.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    cumulative = counts.cumsum() / len(clusters)
    expected = counts.index[cumulative <= threshold].tolist() or [counts.index[0]]
    assert split.main == expected
    assert list(split.level0) == [x if x in expected else REMAINDER for x in clusters]


@given(topics_strategy, thresholds)
def test_main_clusters_are_no_smaller_than_the_others(topics, threshold):
    clusters = topics[topics != -1] + 1
    main = main_clusters(clusters, threshold)
    sizes = {number: int((clusters == number).sum()) for number in set(clusters)}
    rest = [size for number, size in sizes.items() if number not in main]
    assert not main or not rest or min(sizes[number] for number in main) >= max(rest)


def test_the_largest_cluster_is_main_even_where_it_alone_passes_the_threshold():
    assert main_clusters(np.array([1] * 95 + [2] * 5), 0.9) == [1]


def test_ties_break_by_number():
    assert main_clusters(np.array([3, 3, 1, 1, 2, 2]), 0.67) == [1, 2]


def test_probability_is_bertopics():
    vectors = np.array([[0.2, 0.5], [0.1, 0.3], [0.6, 0.0]])
    clusters = np.array([1, -1, 0])
    np.testing.assert_allclose(_assigned_probability(clusters, [vectors[:2], vectors[2:]]), [0.5, 0.6, 0.6])
    np.testing.assert_array_equal(_assigned_probability(np.array([-1, -1]), []), [0, 0])


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_membership_rows_sum_to_at_most_one(seed):
    rng = np.random.default_rng(seed)
    points = np.concatenate([rng.normal(centre, 0.3, (40, 3)) for centre in (0, 3, 6)]).astype(np.float32)
    clustering = cluster_by_hdbscan(points, HdbscanSettings(min_cluster_size=10))
    vectors = all_points_membership_vectors(clustering.model)
    assert vectors.shape == (120, clustering.clusters.max() + 1)
    assert ((vectors >= 0) & (vectors <= 1 + 1e-12)).all()
    assert (vectors.sum(axis=1) <= 1 + 1e-12).all()
    assert clustering.probability is not None
    assert ((clustering.probability >= -1e-12) & (clustering.probability <= 1 + 1e-12)).all()


def blobs(seed: int, points: int, spread: float) -> np.ndarray:
    """Points of several densities around nested centres, some of them twice, some alone."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 4, (6, 3))
    near = centres[rng.integers(0, 6, points)] + rng.normal(0, 1, (points, 3)) * rng.choice(
        [0.1, 0.4, spread], (points, 1)
    )
    return np.concatenate([near, near[:7], rng.uniform(-12, 12, (points // 8, 3))]).astype(np.float32)


@given(
    seed=st.integers(0, 10_000),
    points=st.integers(60, 400),
    spread=st.floats(0.2, 3),
    size=st.integers(3, 15),
    method=st.sampled_from(["eom", "leaf"]),
    metric=st.sampled_from(["euclidean", "manhattan"]),
)
@settings(max_examples=60, deadline=None)
def test_membership_equals_hdbscans_own(seed, points, spread, size, method, metric):
    """Element by element, to 1e-12: the order of additions differs, nothing else."""
    from hdbscan import HDBSCAN
    from hdbscan import all_points_membership_vectors as reference

    model = HDBSCAN(min_cluster_size=size, cluster_selection_method=method, metric=metric, prediction_data=True).fit(
        blobs(seed, points, spread)
    )
    ours = all_points_membership_vectors(model)
    if model.labels_.max() < 0:
        assert ours.shape == (len(model.labels_), 0)
        return
    theirs = reference(model)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("corpus", "metric", "method"),
    [
        ("demo", "euclidean", "eom"),
        ("demo", "manhattan", "eom"),
        ("demo", "euclidean", "leaf"),
        ("demo", "manhattan", "leaf"),
        ("small_2k", "euclidean", "eom"),
    ],
)
def test_membership_of_real_papers_equals_hdbscans_own(vectors_of, monkeypatch, corpus, metric, method):
    """Real papers in five dimensions, in blocks of few rows, to 1e-12."""
    from hdbscan import HDBSCAN
    from hdbscan import all_points_membership_vectors as reference
    from sklearn.decomposition import PCA

    from topicloom.clusters import membership

    # Rows lie in memory one after the other, as UMAP leaves them; column by column hdbscan reads other numbers.
    reduced = np.ascontiguousarray(PCA(5, random_state=0).fit_transform(vectors_of(corpus)))
    wanted = {"min_cluster_size": 3, "min_samples": 1, "metric": metric, "cluster_selection_method": method}
    model = HDBSCAN(**wanted, prediction_data=True).fit(reduced)
    assert model.labels_.max() > 20
    monkeypatch.setattr(membership, "_BLOCK_BYTES", 1 << 14)
    blocks = list(membership_vectors(model))
    assert len(blocks) > 1
    np.testing.assert_allclose(np.concatenate(blocks), reference(model), rtol=0, atol=1e-12)


def test_without_probabilities_it_is_hdbscans_strength():
    rng = np.random.default_rng(1)
    points = np.concatenate([rng.normal(centre, 0.3, (40, 3)) for centre in (0, 5)]).astype(np.float32)
    clustering = cluster_by_hdbscan(points, HdbscanSettings(min_cluster_size=10), memberships=False)
    np.testing.assert_array_equal(clustering.probability, clustering.model.probabilities_)


def test_kmeans_is_seeded():
    points = np.random.default_rng(2).normal(size=(300, 3)).astype(np.float32)
    first, second = (cluster_by_kmeans(points, 9, KMeansSettings(), seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.clusters, second.clusters)
    assert first.probability is None
    assert first.model.random_state == 3


def test_distribution_score_is_the_share_of_the_own_topic():
    matrix = csr_matrix(np.array([[0.0, 1.0], [0.25, 0.75], [0.0, 0.0]]))
    np.testing.assert_array_equal(distribution_score(matrix, np.array([1, 0, -1])), [1.0, 0.25, 0.0])
    np.testing.assert_array_equal(distribution_score(csr_matrix((2, 0)), np.array([-1, -1])), [0, 0])


def test_centroid_score_is_largest_for_the_closest():
    embeddings = np.array([[1, 0], [0.9, 0.1], [0, 1], [-1, 0.2], [5, 5]], dtype=np.float32)
    topics = np.array([0, 0, 0, 0, -1])
    score = centroid_score(embeddings, topics)
    centroid = embeddings[:4].astype(np.float64).mean(axis=0)
    cosine = embeddings[:4] @ centroid / np.linalg.norm(embeddings[:4], axis=1) / np.linalg.norm(centroid)
    np.testing.assert_allclose(score[:4], cosine.clip(0, 1), atol=1e-7)
    assert score[4] == 0


@pytest.mark.parametrize("rows", [1, 2])
def test_centroid_score_of_tiny_topics(rows):
    assert centroid_score(np.ones((rows, 4), np.float32), np.zeros(rows, np.int64)) == pytest.approx(np.ones(rows))
