"""Consensus of seeds: votes, agreement, topics that do not come again; and the sizes that auto tries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from topicloom.clusters.voting import consensus
from topicloom.stages.choose_size import candidate_sizes


def test_one_clustering_agrees_with_itself():
    clusters = np.array([0, 0, 1, 1, -1])
    found = consensus([clusters], 0.5, 0.5)
    assert (found.clusters == clusters).all()
    assert (found.agreement == 1).all()
    assert found.stability.tolist() == [1.0, 1.0]


def test_the_same_topics_under_other_numbers_agree_in_full():
    one = np.array([0, 0, 0, 1, 1, 1, -1])
    found = consensus([one, np.array([5, 5, 5, 2, 2, 2, -1]), np.array([1, 1, 1, 0, 0, 0, -1])], 1.0, 1.0)
    assert (found.clusters == one).all()
    assert (found.agreement == 1).all()


def test_a_paper_goes_where_most_seeds_put_it_and_its_agreement_is_their_share():
    one = np.array([0, 0, 0, 0, 1, 1, 1, 1, 0, -1])
    two = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    three = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    found = consensus([one, two, three], 0.5, 0.0)
    assert found.clusters.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    assert found.agreement.tolist() == pytest.approx([1] * 8 + [2 / 3] * 2)
    strict = consensus([one, two, three], 0.9, 0.0)
    assert strict.clusters.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, -1, -1]


def test_a_topic_that_does_not_come_again_is_dissolved():
    one = np.array([0] * 6 + [1] * 6 + [2] * 6)
    two = np.array([0] * 6 + [1] * 6 + [2, 2, 3, 3, 4, 4])
    found = consensus([one, two], 0.5, 0.5)
    assert found.stability.tolist() == pytest.approx([1, 1, 1 / 3])
    assert found.clusters.tolist() == [0] * 6 + [1] * 6 + [-1] * 6


@given(st.integers(1, 4), st.integers(1, 30), st.data())
@hypothesis_settings(deadline=None)
def test_agreement_is_the_share_of_seeds_and_no_paper_is_below_the_least(seeds, n, data):
    clusterings = [data.draw(arrays(np.int64, n, elements=st.integers(-1, 3))) for _ in range(seeds)]
    found = consensus(clusterings, 0.6, 0.0)
    assert ((found.agreement >= 0) & (found.agreement <= 1)).all()
    assert (found.agreement[found.clusters >= 0] >= 0.6).all()
    assert set(found.clusters.tolist()) <= set(clusterings[0].tolist()) | {-1}


@pytest.mark.parametrize(
    ("documents", "sizes"),
    [
        (30, [5]),
        (240, [5, 8, 11]),
        (18_000, [5, 8, 11, 17, 25, 38, 57]),
        (1_000_000, [50, 75, 112, 169, 253, 380, 570]),
    ],
)
def test_sizes_grow_with_the_corpus(documents, sizes):
    assert candidate_sizes(documents) == sizes
