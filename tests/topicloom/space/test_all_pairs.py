"""Distances of all pairs by the compiled loop are those that UMAP gets from scikit-learn, bit for bit."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from sklearn.metrics import pairwise_distances

from topicloom.machine.compiled import import_umap
from topicloom.space.all_pairs import all_pairs_compiled
from topicloom.warmup.pieces import metrics


def _metric(name):
    return import_umap().distances.named_distances[name]


@pytest.fixture(scope="module")
def vectors(demo_vectors):
    few = demo_vectors[:151].astype(np.float32)
    few[3], few[4] = few[2], 0  # the same text twice, and a vector of nothing
    return np.ascontiguousarray(few)


@pytest.mark.parametrize("name", metrics())
def test_the_loop_gives_scikit_learns_bits(name, vectors):
    umap_ = import_umap().umap_
    expected = pairwise_distances(vectors, metric=_metric(name))
    with all_pairs_compiled():
        assert umap_.pairwise_distances is not pairwise_distances
        found = umap_.pairwise_distances(vectors, metric=_metric(name))
    assert umap_.pairwise_distances is pairwise_distances
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected, strict=True)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_few_documents(count, vectors):
    with all_pairs_compiled():
        compare = import_umap().umap_.pairwise_distances
        try:
            expected = pairwise_distances(vectors[:count], metric=_metric("cosine"))
        except ValueError as error:
            with pytest.raises(ValueError, match=str(error)[:20]):
                compare(vectors[:count], metric=_metric("cosine"))
        else:
            np.testing.assert_array_equal(compare(vectors[:count], metric=_metric("cosine")), expected)


def test_what_the_loop_does_not_know_is_left_to_scikit_learn(vectors):
    cosine, others = _metric("cosine"), vectors[:5]
    with all_pairs_compiled():
        compare = import_umap().umap_.pairwise_distances
        for given, named in (
            ((vectors, others), {"metric": cosine}),
            ((vectors.astype(np.float64),), {"metric": cosine}),
            ((np.asfortranarray(vectors),), {"metric": cosine}),
            ((vectors,), {"metric": "cosine"}),
            ((vectors,), {"metric": lambda one, other: float(one[0] - other[0])}),
        ):
            np.testing.assert_array_equal(compare(*given, **named), pairwise_distances(*given, **named))


def test_blocks_beside_each_other_leave_nothing_behind():
    umap_, inside, go_on = import_umap().umap_, threading.Event(), threading.Event()

    def first():
        with all_pairs_compiled():
            inside.set()
            go_on.wait(10)

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait(10)
    with all_pairs_compiled():
        go_on.set()
        thread.join()
        assert umap_.pairwise_distances is not pairwise_distances
    assert umap_.pairwise_distances is pairwise_distances


def test_an_error_leaves_nothing_behind():
    with pytest.raises(ZeroDivisionError), all_pairs_compiled():
        raise ZeroDivisionError
    assert import_umap().umap_.pairwise_distances is pairwise_distances
