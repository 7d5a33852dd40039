"""Sorting and searching of keys are numpy's stable sort and searchsorted, for any number of threads and any size of keys."""

from __future__ import annotations

import numpy as np
import pytest

from topicloom.words import sorting
from topicloom.words.sorting import search_keys, sort_keys


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("largest", [3, 10**6, 2**62])
@pytest.mark.parametrize("size", [0, 1, 2, 1000, 5000])
def test_it_is_a_stable_sort(monkeypatch, threads, largest, size):
    monkeypatch.setattr(sorting, "_WORTH_SHARING", 100)
    keys = np.random.default_rng(size).integers(0, largest, size)
    ordered, order = sort_keys(keys.copy(), threads)
    expected = np.argsort(keys, kind="stable")
    np.testing.assert_array_equal(order, expected)
    np.testing.assert_array_equal(ordered, keys[expected])


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 1000])
def test_it_is_a_search(monkeypatch, threads, size):
    monkeypatch.setattr(sorting, "_WORTH_SHARING", 100)
    rng = np.random.default_rng(size)
    keys, wanted = np.unique(rng.integers(0, 500, 300)), rng.integers(-5, 505, size)
    np.testing.assert_array_equal(search_keys(keys, wanted, threads), np.searchsorted(keys, wanted))


def test_keys_that_are_all_the_same(monkeypatch):
    monkeypatch.setattr(sorting, "_WORTH_SHARING", 10)
    ordered, order = sort_keys(np.full(500, 7), 3)
    assert ordered.tolist() == [7] * 500
    assert order.tolist() == list(range(500))
