"""What numpy does in the place of compiled functions gives what these give, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from topicloom.machine.by_numpy import do_by_numpy
from topicloom.machine.compiled import import_umap


@pytest.fixture(scope="module")
def umap_():
    return import_umap().umap_


def assert_the_same(found, expected):
    assert found.dtype == expected.dtype
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, expected)


def distances(dtype, papers=700):
    """Many are equal, as of papers whose texts are the same; more rows than are ranked at once."""
    found = np.random.default_rng(1).integers(40, size=(papers, papers)).astype(dtype)
    found[3, 5], found[4, 6], found[5, :9] = np.inf, -0.0, np.nan
    return found


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_nearest_columns_and_what_they_hold(umap_, dtype):
    from umap import utils

    matrix = distances(dtype)
    nearest = umap_.fast_knn_indices(matrix, 15)
    assert umap_.fast_knn_indices is not utils.fast_knn_indices
    assert_the_same(nearest, utils.fast_knn_indices(matrix, 15))
    # As UMAP calls it for new papers: columns that were partitioned, of which it takes the first.
    columns = np.argpartition(matrix, 15)[:, :15]
    assert not columns.flags.c_contiguous
    assert_the_same(umap_.submatrix(matrix, columns, 15), utils.submatrix(matrix, columns, 15))
    order = np.argsort(utils.submatrix(matrix, columns, 15))
    assert_the_same(umap_.submatrix(columns, order, 15), utils.submatrix(columns, order, 15))


def test_rows_in_another_order(umap_, tmp_path):
    from pynndescent import pynndescent_, search_graph

    rows = np.random.default_rng(2).normal(size=(50, 6)).astype(np.float32)
    order = np.random.default_rng(3).permutation(50).astype(np.int32)
    np.save(tmp_path / "rows.npy", rows)
    for given in (rows, np.load(tmp_path / "rows.npy", mmap_mode="r")):
        found = pynndescent_.permute_rows(given, order)
        assert type(found) is np.ndarray
        assert_the_same(found, search_graph.permute_rows(rows, order))
    assert pynndescent_.permute_rows is not search_graph.permute_rows


@pytest.mark.parametrize("dtype", ["i4", "i8"])
@pytest.mark.parametrize(
    "more", [{}, {"return_dists": None}, {"return_dists": False}, {"return_dists": True}, {"bipartite": True}], ids=str
)
def test_strengths_of_edges(umap_, dtype, more):
    rng = np.random.default_rng(4)
    nearest = np.argsort(rng.random((60, 60)), axis=1)[:, :8].astype(dtype)
    nearest[:, 0], nearest[7, 5:] = np.arange(60), -1
    far = np.sort(rng.random((60, 8)).astype(np.float32), axis=1)
    given = (nearest, far, rng.random(60).astype(np.float32), far[:, 1].copy())
    given[2][9] = 0
    before = nearest.copy()
    # As umap-learn has written it, not compiled: every number but an exponential is exact.
    compiled = umap_.compute_membership_strengths.__wrapped__
    forms = len(compiled.signatures)
    rows, columns, values, dists = umap_.compute_membership_strengths(*given, **more)
    expected = compiled.py_func(*given, **more)
    assert_the_same(rows, expected[0])
    assert_the_same(columns, expected[1])
    np.testing.assert_allclose(values, expected[2], rtol=1e-6, atol=0)
    assert values.dtype == np.float32
    assert (dists is None) is (expected[3] is None)
    if dists is not None:
        assert_the_same(dists, expected[3])
    np.testing.assert_array_equal(nearest, before)
    assert len(compiled.signatures) == max(forms, 1)


def test_strengths_are_those_of_every_form(umap_):
    """Those of the function compiled as umap-learn declares it: for many threads, for each width of whole numbers."""
    from numba import njit

    compiled = umap_.compute_membership_strengths.__wrapped__
    declared = njit(parallel=True, locals=compiled.locals)(compiled.py_func)
    rng = np.random.default_rng(5)
    nearest = np.argsort(rng.random((300, 300)), axis=1)[:, :15]
    far = np.sort(rng.random((300, 15)).astype(np.float32), axis=1)
    given = (far, rng.random(300).astype(np.float32), far[:, 1].copy())
    for width, more in (("i8", {}), ("i4", {"bipartite": True})):
        found = umap_.compute_membership_strengths(nearest.astype(width), *given, **more)
        for ours, theirs in zip(found[:3], declared(nearest.astype(width), *given, **more)[:3], strict=True):
            assert_the_same(ours, theirs)


def test_once_more_changes_nothing(umap_):
    before = umap_.compute_membership_strengths, umap_.submatrix
    do_by_numpy()
    assert (umap_.compute_membership_strengths, umap_.submatrix) == before
