"""Topics from the neighbour graph: none left out, the same every time, steady as the corpus grows, and not blind."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from scipy.sparse import block_diag, csr_matrix
from sklearn.metrics import adjusted_rand_score

from topicloom.atlas.tree import group_levels
from topicloom.clusters.graph import topics as topics_of_graph
from topicloom.clusters.graph.agreement import agreed_communities
from topicloom.clusters.graph.anchors import Anchors, anchored, anchors_of
from topicloom.clusters.graph.evidence import resolution_by_evidence
from topicloom.clusters.graph.leiden import close_in_memory, leiden
from topicloom.clusters.graph.levels import graph_tree, level_sizes
from topicloom.clusters.graph.partition import conductance, links_between, modularity, numbered_by_row, sizes_of
from topicloom.clusters.graph.placing import place_by_neighbours
from topicloom.clusters.graph.small_topics import join_down_to, settle_small_topics
from topicloom.clusters.graph.splits import split_topics
from topicloom.clusters.graph.strength import strength_of
from topicloom.clusters.graph.topics import GraphParameters, find_topics
from topicloom.settings.clusters import UmapSettings
from topicloom.space.neighbour_graph import exact_neighbours, neighbour_graph, pieces_of

DIMENSIONS = 24
AT = 8.0  # a resolution that gives about as many topics as there are centres
NEAR = UmapSettings(n_neighbors=10)


def blobs(sizes: list[int], noise: float = 0.55, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Papers around a centre each, and whose centre it is."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(sizes)), sizes)
    centres = np.random.default_rng(99).normal(size=(len(sizes), DIMENSIONS))
    return centres[truth] + noise * rng.normal(size=(len(truth), DIMENSIONS)), truth


@pytest.fixture(scope="module")
def forty() -> tuple[csr_matrix, np.ndarray]:
    vectors, truth = blobs([30 + index % 20 for index in range(40)])
    return neighbour_graph(vectors, NEAR), truth


@pytest.fixture(scope="module")
def blurred() -> csr_matrix:
    """A graph in one piece, whose topics run into each other."""
    graph = neighbour_graph(blobs([30 + index % 20 for index in range(40)], noise=1.3)[0], NEAR)
    assert pieces_of(graph).count == 1
    return graph


def cliques(*sizes: int) -> csr_matrix:
    return csr_matrix(block_diag([np.ones((size, size)) - np.eye(size) for size in sizes]))


def test_every_paper_has_a_topic_and_the_topics_are_the_true_ones(forty):
    graph, truth = forty
    found = find_topics(graph, GraphParameters(AT), seed=1)
    assert (found.topics >= 0).all()
    assert adjusted_rand_score(truth, found.topics) > 0.95
    assert found.stability is not None
    assert found.stability > 0.9
    assert found.given_up is None


def test_modularity_is_that_of_networkx():
    networkx = pytest.importorskip("networkx")
    vectors, truth = blobs([20, 25, 30])
    graph = neighbour_graph(vectors, NEAR).astype(np.float64)
    theirs = networkx.community.modularity(
        networkx.from_scipy_sparse_array(graph), [set(np.flatnonzero(truth == t)) for t in range(3)], resolution=2.5
    )
    assert modularity(graph, truth, 2.5) == pytest.approx(theirs, abs=1e-9)


def test_the_number_of_threads_and_the_process_change_nothing(forty, tmp_path):
    graph, _ = forty
    np.savez(tmp_path / "graph.npz", data=graph.data, indices=graph.indices, indptr=graph.indptr)
    program = (
        "import sys, numpy as np; from scipy.sparse import csr_matrix;"
        "from topicloom.clusters.graph.topics import find_topics, GraphParameters;"
        f"h = np.load({str(tmp_path / 'graph.npz')!r}); g = csr_matrix((h['data'], h['indices'], h['indptr']));"
        "f = find_topics(g, GraphParameters(8.0), 5); sys.stdout.buffer.write(f.topics.tobytes() + f.strength.own.tobytes())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "TOPICLOOM_THREADS": threads, "PYTHONHASHSEED": threads},
            capture_output=True,
            check=True,
        ).stdout
        for threads in ("1", "4")
    }
    here = find_topics(graph, GraphParameters(AT), 5)
    assert outputs == {here.topics.tobytes() + here.strength.own.tobytes()}


@pytest.mark.parametrize("wanted", [7, 23, 40, 61])
def test_a_wanted_number_of_topics_is_met_exactly(blurred, wanted):
    found = find_topics(blurred, GraphParameters(topics=wanted, least=5), seed=1)
    assert len(sizes_of(found.topics)) == wanted
    assert sizes_of(found.topics).min() >= 5


def test_more_topics_than_any_resolution_gives_are_as_many_as_it_gives():
    found = find_topics(cliques(12, 12, 12), GraphParameters(topics=30, least=10), seed=1)
    assert len(sizes_of(found.topics)) == 3


def test_fewer_topics_than_pieces_are_as_many_as_there_are_pieces():
    found = find_topics(cliques(12, 12, 12), GraphParameters(topics=2, least=10), seed=1)
    assert len(sizes_of(found.topics)) == 3


def test_isolated_papers_and_pieces_too_small_are_outliers():
    graph = csr_matrix(block_diag([cliques(15, 4), csr_matrix((3, 3))]))
    found = find_topics(graph, GraphParameters(resolution=1.0, least=5), seed=1)
    assert found.topics.tolist() == [0] * 15 + [-1] * 7
    assert found.too_small == 1
    assert not found.strength.own[15:].any()


def test_a_graph_without_edges_has_no_topics():
    found = find_topics(csr_matrix((6, 6)), GraphParameters(topics=3), seed=1)
    assert found.topics.tolist() == [-1] * 6
    assert found.modularity == 0


def test_small_topics_join_the_neighbour_that_loses_least(forty):
    graph, _ = forty
    fine = leiden(graph, 400.0, 1)
    settled = settle_small_topics(graph, fine, 20.0, 25)
    assert sizes_of(fine).min() < 25
    assert sizes_of(settled.labels).min() >= 25
    assert settled.given_up == 0


def test_no_other_neighbour_of_a_small_topic_would_have_lost_less(forty):
    graph, _ = forty
    topics = leiden(graph, 40.0, 1)
    sizes = sizes_of(topics)
    smallest = int(sizes.argmin())
    assert (sizes == sizes.min()).sum() == 1
    once = settle_small_topics(graph, topics, 20.0, int(sizes.min()) + 1)
    others = [t for t in range(len(sizes)) if t != smallest]
    best = max(modularity(graph, numbered_by_row(np.where(topics == smallest, t, topics)), 20.0) for t in others)
    assert once.joined == 1
    assert modularity(graph, once.labels, 20.0) == pytest.approx(best)


def test_small_topics_become_outliers_where_that_is_asked(forty):
    graph, _ = forty
    fine = leiden(graph, 400.0, 1)
    settled = settle_small_topics(graph, fine, 20.0, 25, "outlier")
    assert ((settled.labels == -1) == (sizes_of(fine)[fine] < 25)).all()
    assert settled.joined == 0


def test_topics_joined_nest(blurred):
    graph = blurred
    fine = leiden(graph, 100.0, 1)
    coarse = join_down_to(graph, fine, 5.0, 9)
    assert len(sizes_of(coarse)) == 9
    assert all(len(np.unique(coarse[fine == topic])) == 1 for topic in range(fine.max() + 1))


def test_levels_nest_and_have_the_wanted_numbers(forty):
    graph, _ = forty
    topics = find_topics(graph, GraphParameters(AT), seed=1).topics
    tree = graph_tree(graph, topics, AT)
    assert (np.diff(tree[:, 2]) > 0).all()
    assert tree[-1, 3] == topics.max() + 1
    levels = group_levels(tree, sizes_of(topics), level_sizes(len(sizes_of(topics))))
    assert [int(level.max()) + 1 for level in levels] == [*level_sizes(len(sizes_of(topics))), topics.max() + 1]
    for coarse, fine in itertools.pairwise(levels):
        assert all(len(np.unique(coarse[fine == group])) == 1 for group in range(fine.max() + 1))


def test_the_tree_of_a_graph_in_pieces_has_one_root():
    graph = cliques(5, 5, 5)
    tree = graph_tree(graph, np.repeat([0, 1, 2], 5), 1.0)
    assert tree.shape == (2, 4)
    assert tree[-1, 2] >= 1
    assert graph_tree(graph, np.zeros(15, dtype=np.int64), 1.0).shape == (0, 4)
    assert graph_tree(graph, np.full(15, -1), 1.0).shape == (0, 4)


def test_strength_is_the_share_of_a_papers_own_edge_weight(forty):
    graph, _ = forty
    topics = leiden(graph, 20.0, 1)
    strength = strength_of(graph, topics)
    dense = graph.toarray().astype(float)
    for paper in range(0, len(topics), 97):
        shares = np.bincount(topics, weights=dense[paper], minlength=topics.max() + 1) / dense[paper].sum()
        own = topics[paper]
        assert strength.own[paper] == pytest.approx(shares[own])
        shares[own] = -1
        assert strength.second_strength[paper] == pytest.approx(max(shares.max(), 0))
        assert strength.second[paper] == (shares.argmax() if shares.max() > 0 else -1)
    assert (strength.own + strength.second_strength <= 1 + 1e-12).all()


def test_weakly_tied_papers_are_outliers_where_that_is_asked(forty):
    graph, _ = forty
    all_in = find_topics(graph, GraphParameters(AT), seed=1)
    some_out = find_topics(graph, GraphParameters(AT, least_strength=0.8), seed=1)
    assert np.array_equal(some_out.topics == -1, all_in.strength.own < 0.8)
    assert 0 < (some_out.topics == -1).mean() < 0.9


def test_conductance_is_what_leaves_a_topic():
    graph = csr_matrix([[0, 2, 1], [2, 0, 0], [1, 0, 0]])
    assert conductance(graph, np.array([0, 0, 1])) == pytest.approx([1 / 5, 1])
    assert links_between(graph, np.array([0, 0, 1])).toarray().tolist() == [[4, 1], [1, 0]]


def grown(sizes: list[int], more: list[int], **blob: float) -> tuple[csr_matrix, csr_matrix, np.ndarray, np.ndarray]:
    """A corpus, and the same with more papers of each topic: graphs, papers before and truth after."""
    vectors, truth = blobs([one + two for one, two in zip(sizes, more, strict=True)], **blob)
    place = np.concatenate([np.arange(one + two) for one, two in zip(sizes, more, strict=True)])
    before = np.flatnonzero(place < np.array(sizes)[truth])
    return neighbour_graph(vectors[before], NEAR), neighbour_graph(vectors, NEAR), before, truth


def run_after(graph, papers, earlier, earlier_topics, weight, **more):
    ties = anchors_of(papers.astype(str), earlier.astype(str), earlier_topics, weight)
    return find_topics(graph, GraphParameters(AT, **more), 1, ties)


def test_anchors_keep_papers_in_their_topics_for_little_of_the_objective():
    before, after, earlier, truth = grown([30] * 40, [1] * 40, noise=1.3)
    first = find_topics(before, GraphParameters(AT), 1).topics
    papers = np.arange(len(truth))
    free = find_topics(after, GraphParameters(AT), 1)
    held = run_after(after, papers, earlier, first, 0.5)
    kept = [adjusted_rand_score(first, one.topics[earlier]) for one in (free, held)]
    assert kept[0] < 0.97  # else there would be nothing to hold
    assert kept[1] > max(kept[0], 0.98)
    assert held.given_up is not None
    assert -0.02 < held.given_up < 0.02
    assert held.anchors == first.max() + 1


def test_a_topic_that_comes_apart_is_split_though_its_anchor_holds_it():
    vectors, truth = blobs([40] * 20)
    graph = neighbour_graph(vectors, NEAR)
    earlier = np.where(truth == 19, 18, truth)
    papers = np.arange(len(truth))
    for weight in (0.5, 2.0, 8.0):
        found = run_after(graph, papers, papers, earlier, weight)
        assert adjusted_rand_score(truth, found.topics) > 0.95, weight
    assert found.split >= 1


def test_births_merges_and_deaths_happen_under_anchors():
    vectors, truth = blobs([40] * 20)
    graph = neighbour_graph(vectors, NEAR)
    papers = np.arange(len(truth))
    known = papers[truth != 3]  # topic 3 is born, topic 5 was two, topic 20 is gone
    earlier_papers = np.append(known, 10_000 + np.arange(30))
    earlier = np.append(np.where((truth[known] == 5) & (known % 2 == 0), 21, truth[known]), np.full(30, 20))
    found = run_after(graph, papers, earlier_papers, earlier, 0.5)
    assert adjusted_rand_score(truth, found.topics) > 0.95
    assert found.anchors == 20  # 19 known topics, one of them twice; that whose papers are gone has none


def test_an_inertia_without_a_history_and_a_history_whose_papers_are_gone_hold_nothing(forty):
    graph, _ = forty
    free = find_topics(graph, GraphParameters(AT), 1)
    papers = np.arange(graph.shape[0])
    gone = run_after(graph, papers, papers + 100_000, np.zeros(len(papers), dtype=np.int64), 0.5)
    assert np.array_equal(gone.topics, free.topics)
    assert (gone.anchors, gone.given_up) == (0, None)
    none = find_topics(graph, GraphParameters(AT), 1, Anchors(np.zeros(len(papers), dtype=np.int64), 0.0))
    assert np.array_equal(none.topics, free.topics)


def test_anchors_do_not_depend_on_the_order_of_the_earlier_papers(forty):
    graph, truth = forty
    papers, order = np.arange(len(truth)), np.random.default_rng(3).permutation(len(truth))
    one = run_after(graph, papers, papers, truth, 0.5)
    other = run_after(graph, papers, papers[order], truth[order], 0.5)
    assert np.array_equal(one.topics, other.topics)


def test_a_cut_that_another_seed_does_not_make_is_no_split():
    graph = cliques(20, 20)
    together, cut = np.zeros(40, dtype=np.int64), np.repeat([0, 1], 20)
    assert split_topics(graph, together, [cut, cut], 1.0)[1] == 1
    assert split_topics(graph, together, [cut, together], 1.0)[1] == 0
    askew = np.tile([0, 1], 20)
    assert split_topics(graph, together, [cut, askew], 1.0)[1] == 0
    assert split_topics(graph, together, [askew, askew], 1.0)[1] == 0


def test_new_papers_are_a_topic_where_every_seed_has_them_as_one_whatever_the_gain():
    graph = csr_matrix(np.ones((60, 60)) - np.eye(60))  # any cut loses here
    together, cut = np.zeros(60, dtype=np.int64), np.repeat([0, 1], [40, 20])
    new = cut == 1
    topics, split = split_topics(graph, together, [cut, cut], 1.0, new=new)
    assert split == 1
    assert np.array_equal(topics, cut)
    askew = np.roll(cut, 10)
    assert split_topics(graph, together, [cut, askew], 1.0, new=new)[1] == 0
    assert split_topics(graph, together, [cut, cut], 1.0, new=np.roll(new, 10))[1] == 0  # half of them had the topic
    assert split_topics(graph, together, [cut, cut], 1.0)[1] == 0
    assert split_topics(graph, together, [cut, cut], 1.0, new=np.ones(60, dtype=bool))[1] == 0  # nothing would be left


def test_anchors_are_tied_to_each_of_their_papers():
    graph = cliques(3)
    whole = anchored(graph, Anchors(np.array([0, 0, -1]), 0.5))
    assert whole.shape == (4, 4)
    assert whole[3].toarray().tolist() == [[0.5, 0.5, 0, 0]]


def test_seeds_agree_more_on_what_several_seeds_agreed_on(blurred):
    graph = blurred

    def alike(runs: int) -> float:
        labels = [agreed_communities(graph, 20.0, seed, runs=runs).labels for seed in range(4)]
        return float(np.mean([adjusted_rand_score(labels[0], other) for other in labels[1:]]))

    assert alike(8) > alike(1)


def _most_alike(truth: np.ndarray, members: np.ndarray) -> float:
    return max(((truth == t) & members).sum() / ((truth == t) | members).sum() for t in np.unique(truth[members]))


def test_communities_of_nodes_numbered_close_in_memory_are_those_of_the_nodes_given(forty, blurred):
    graph, truth = forty
    mixed = np.random.default_rng(3).permutation(len(truth))
    found = close_in_memory(leiden)(csr_matrix(graph[mixed][:, mixed]), AT, 100)
    assert adjusted_rand_score(truth[mixed], found) > 0.99
    assert np.array_equal(found, numbered_by_row(found))
    near, plain = (modularity(blurred, find(blurred, AT, 100), AT) for find in (close_in_memory(leiden), leiden))
    assert near == pytest.approx(plain, rel=0.005)


@pytest.mark.parametrize("inertia", [0.0, 0.5])
def test_of_very_many_papers_one_seed_is_asked_and_its_topics_are_as_good(blurred, monkeypatch, inertia):
    voted = find_topics(blurred, GraphParameters(resolution=AT), seed=100)
    anchors = Anchors(voted.topics, inertia) if inertia else None
    monkeypatch.setattr(topics_of_graph, "ONE_SEED_FROM", blurred.shape[0])
    alone = find_topics(blurred, GraphParameters(resolution=AT), 100, anchors)
    assert alone.stability is None
    assert voted.stability is not None
    assert alone.modularity == pytest.approx(voted.modularity, rel=0.01)
    assert not inertia or adjusted_rand_score(voted.topics, alone.topics) > 0.9
    again = find_topics(blurred, GraphParameters(resolution=AT), 100, anchors)
    assert np.array_equal(alone.topics, again.topics)


def test_the_resolution_by_evidence_has_the_most_good_topics(forty):
    graph, truth = forty

    def coherence_of(partitions):
        # As coherent as a topic is a true one.
        return [
            np.array([_most_alike(truth, labels == t) - 0.6 for t in range(labels.max() + 1)]) for labels in partitions
        ]

    found = resolution_by_evidence(graph, coherence_of, seed=1, least=5)
    topics = {step.resolution: step.topics for step in found.steps}
    assert 36 <= topics[found.resolution] <= 44
    assert max(step.worth for step in found.steps) == next(
        step.worth for step in found.steps if step.resolution == found.resolution
    )
    near = next(r for r in topics if r > found.resolution and abs(topics[r] - topics[found.resolution]) <= 2)
    assert resolution_by_evidence(graph, coherence_of, seed=1, least=5, before=near).resolution == near


def test_a_corpus_of_low_coherence_gets_the_resolution_of_its_most_coherent_topics():
    # Four knots, two and two of them loosely tied: a low resolution finds two topics, a high one four.
    tie = np.kron(np.eye(2), np.ones((24, 24))) * 0.2
    graph = csr_matrix(np.maximum(np.kron(np.eye(4), np.ones((12, 12))), tie) - np.eye(48))

    def coherence_of(partitions):
        return [np.full(labels.max() + 1, 0.03 if labels.max() == 3 else -0.1) for labels in partitions]

    found = resolution_by_evidence(graph, coherence_of, seed=1, least=5, path=(0.3, 2.0))
    assert [step.topics for step in found.steps] == [2, 4]
    assert found.resolution == 2.0
    assert [step.good for step in found.steps] == [0, 4]
    assert "0.030, counts as coherent" in found.why


def test_new_papers_go_where_their_neighbours_are():
    rows = np.array([[0, 1, 2], [3, 4, 5], [6, 7, 8]])
    near = np.array([[0, 1, 2], [1, 9, 9], [2, 9, -1], [3, 4, 5], [4, 3, 5], [5, 4, 3], *[[9, 9, 9]] * 4])
    placed = place_by_neighbours(rows, near, np.array([7, 0, 0, 1, 2, 2, -1, -1, -1, 0]))
    assert placed.topics.tolist() == [7, 2, -1]
    # The first shares three neighbours with paper 0, and one each with papers 1 and 2, of which the latter has fewer.
    assert placed.strength[0] == pytest.approx(0.75 / (0.75 + 1 / 6 + 1 / 5))
    assert placed.strength[1] == pytest.approx(2 / 3)
    assert placed.second.tolist() == [0, 1, -1]
    assert placed.strength[2] == 0


def test_placing_agrees_with_a_fit_of_all():
    before, after, earlier, truth = grown([40] * 25, [3] * 25)
    from sklearn.neighbors import NearestNeighbors

    vectors, _ = blobs([43] * 25)
    new = np.setdiff1d(np.arange(len(truth)), earlier)
    first = find_topics(before, GraphParameters(AT), 1).topics
    rows = NearestNeighbors(n_neighbors=10, metric="cosine").fit(vectors[earlier]).kneighbors(vectors[new])[1]
    placed = place_by_neighbours(rows, exact_neighbours(vectors[earlier], NEAR)[0], first)
    fitted = find_topics(after, GraphParameters(AT), 1).topics[new]
    assert adjusted_rand_score(placed.topics, fitted) > 0.9


def test_a_resolution_must_be_above_zero():
    with pytest.raises(ValueError, match="must be above 0"):
        leiden(cliques(3), 0.0, 1)
