"""Topics from the neighbour graph beside those of UMAP and HDBSCAN: python -m benchmarks.graph OUT.json PROJECT [...].

For each project with embeddings and years, three seeds: outliers, agreement of seeds, coherence, beside UMAP
with HDBSCAN and KMeans, and other libraries where --peers names a Python that has them; how many papers keep
their topic as the corpus grows, by 2 % a step and by year; what that costs of the objective; and changes planted among
real embeddings, at several inertias: births, splits and merges of topics of 20 papers and more.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix
from sklearn.metrics import adjusted_rand_score

from benchmarks.graph_changes import planted_changes
from benchmarks.graph_parts import (
    GROWING_AT,
    INERTIAS,
    SEEDS,
    UMAP,
    Corpus,
    Labels,
    graph_of,
    neighbours_of,
    read_corpus,
    tied,
)
from benchmarks.graph_peers import labels_of_peers
from benchmarks.versions import environment
from topicloom.clusters.graph.partition import membership_matrix, sizes_of
from topicloom.clusters.graph.topics import GraphParameters, find_topics
from topicloom.lineage.matching import overlap_of
from topicloom.lineage.partition import Partition
from topicloom.measures.coherence import coherence
from topicloom.settings.clusters import HdbscanSettings, KMeansSettings
from topicloom.settings.words import RepresentSettings
from topicloom.space.shared_neighbours import shared_neighbour_graph
from topicloom.words.counting import count_ngrams
from topicloom.words.ctfidf import fit_weighting, number_topics, top_words
from topicloom.words.tokens import Tokens

RESOLUTIONS = (10.0, 15.0, 20.0, 30.0, 40.0)
HDBSCAN_SIZES = (5, 6, 7, 8, 10, 12, 13, 14, 15, 16, 17)


def words_measures(tokens: Tokens, clusters: Labels) -> dict[str, float]:
    """Mean NPMI and C_v of the topics, by their ten heaviest single words; and of the papers, each its topic's."""
    represent = RepresentSettings(n_gram_range=(1, 1))
    topics = number_topics(clusters)
    wording = count_ngrams(tokens, topics, represent, 2)
    words = top_words(fit_weighting(wording.counts, represent)(wording.counts), wording.vocabulary, 10)
    found = coherence([[word for word, _ in topic] for topic in words[int((topics < 0).any()) :]], tokens)
    papers = np.bincount(topics[topics >= 0])
    return {
        name + of: float(np.average(values[np.isfinite(values)], weights=weights[np.isfinite(values)]))
        for name, values in zip(("npmi", "c_v"), found, strict=True)
        for of, weights in (("", np.ones(len(papers))), ("_of_papers", papers))
    }


def agreement(partitions: Sequence[Labels]) -> float:
    """Mean adjusted Rand index of each two, over the papers that both assign."""
    pairs = itertools.combinations(partitions, 2)
    return float(np.mean([adjusted_rand_score(*(one[(a >= 0) & (b >= 0)] for one in (a, b))) for a, b in pairs]))


def measured(corpus: Corpus, way: str, partitions: Sequence[Labels], seconds: float) -> dict[str, Any]:
    """A row of the table of ways."""
    words = [words_measures(corpus.tokens, one) for one in partitions]
    return {
        "corpus": corpus.name,
        "way": way,
        "topics": [len(sizes_of(one)) for one in partitions],
        "outliers": float(np.mean([(one < 0).mean() for one in partitions])),
        "ari": agreement(partitions),
        **{name: float(np.mean([found[name] for found in words])) for name in words[0]},
        "cpu_seconds": None if np.isnan(seconds) else seconds / len(partitions),
    }


def ways(corpus: Corpus, *, layouts: bool, peers: Path | None) -> Iterator[dict[str, Any]]:
    """Each way to topics under three seeds, each with a neighbour search of its own."""
    near = [neighbours_of(corpus.vectors, seed) for seed in SEEDS]
    graphs = [shared_neighbour_graph(corpus.vectors, UMAP, one) for one in near]
    of_graph: dict[float, list[Labels]] = {}
    for resolution in RESOLUTIONS:
        started = time.process_time()
        wanted = GraphParameters(resolution)
        found = [find_topics(graph, wanted, seed).topics for graph, seed in zip(graphs, SEEDS, strict=True)]
        of_graph[resolution] = found
        yield measured(corpus, f"graph, resolution {resolution:g}", found, time.process_time() - started)
    if not layouts:
        return
    from topicloom.clusters.clustering import cluster_by_hdbscan, cluster_by_kmeans
    from topicloom.space.umap_fit import fit_umap, reduced_vectors

    started = time.process_time()
    reduced = [
        reduced_vectors(fit_umap(corpus.vectors, UMAP, seed, one, quiet=True))
        for seed, one in zip(SEEDS, near, strict=True)
    ]
    laid_out = time.process_time() - started
    of_layout: dict[int, list[Labels]] = {}
    for size in HDBSCAN_SIZES:
        started = time.process_time()
        of_layout[size] = [cluster_by_hdbscan(one, HdbscanSettings(min_cluster_size=size)).clusters for one in reduced]
        yield measured(corpus, f"UMAP + HDBSCAN({size})", of_layout[size], laid_out + time.process_time() - started)
    yield from same_papers(corpus, graphs, of_graph, of_layout)
    for topics in (400, 200):
        started = time.process_time()
        found = [
            cluster_by_kmeans(one, topics, KMeansSettings(), seed).clusters
            for one, seed in zip(reduced, SEEDS, strict=True)
        ]
        yield measured(corpus, f"UMAP + KMeans({topics})", found, laid_out + time.process_time() - started)
    if peers is not None:
        by_seed = dict(zip(SEEDS, reduced, strict=True))
        for way, found in labels_of_peers(peers, corpus.vectors, by_seed, SEEDS).items():
            yield measured(corpus, way, found, float("nan"))


def same_papers(
    corpus: Corpus,
    graphs: Sequence[csr_matrix],
    of_graph: dict[float, list[Labels]],
    of_layout: dict[int, list[Labels]],
) -> Iterator[dict[str, Any]]:
    """Both ways about the same papers, at the nearest number of topics: those that HDBSCAN assigns, and all."""
    for resolution, ours in of_graph.items():
        size = min(of_layout, key=lambda one: abs(_mean_topics(of_layout[one]) - _mean_topics(ours)))
        theirs = of_layout[size]
        asked = [np.where(other < 0, -1, one) for one, other in zip(ours, theirs, strict=True)]
        yield measured(
            corpus, f"graph, resolution {resolution:g}, papers that HDBSCAN({size}) assigns", asked, float("nan")
        )
        placed = [with_rest_placed(graph, one) for graph, one in zip(graphs, theirs, strict=True)]
        yield measured(corpus, f"UMAP + HDBSCAN({size}), outliers placed", placed, float("nan"))


def _mean_topics(partitions: Sequence[Labels]) -> float:
    return float(np.mean([len(sizes_of(one)) for one in partitions]))


def with_rest_placed(graph: csr_matrix, labels: Labels) -> Labels:
    """Outliers in the topic that most of their edge weight goes to, those first that have an edge to some topic."""
    labels = labels.copy()
    while True:
        rest = np.flatnonzero(labels < 0)
        weights = csr_matrix(graph[rest] @ membership_matrix(labels, int(labels.max()) + 1))
        near = np.diff(weights.indptr) > 0
        if not near.any():
            return labels
        labels[rest[near]] = np.asarray(weights.argmax(axis=1)).ravel()[near]


def growth_steps(corpus: Corpus, kind: str) -> list[NDArray[np.int64]]:
    """The rows of a corpus step by step: 2 % a step in random order, or year by year."""
    n = len(corpus.vectors)
    if kind == "2 %":
        order = np.random.default_rng(0).permutation(n)
        return [np.sort(order[: round(n / 1.02**left)]) for left in range(5, -1, -1)]
    last = int(np.nanmax(corpus.years))
    return [np.flatnonzero(corpus.years <= year) for year in range(last - 4, last + 1)]


def kept_share(earlier: NDArray[np.int64], before: Labels, papers: NDArray[np.int64], after: Labels) -> float:
    """Share of all papers of the step before that keep their topic, topics matched one to one."""
    overlap = overlap_of(Partition(earlier.astype(str), before, None), Partition(papers.astype(str), after, None))
    rows, columns = linear_sum_assignment(overlap.between, maximize=True)
    return float(overlap.between[rows, columns].sum() / np.isin(earlier, papers).sum())


def growth(corpus: Corpus, kind: str) -> Iterator[dict[str, Any]]:
    """How steady topics are at each inertia as a corpus grows."""
    steps = growth_steps(corpus, kind)
    graphs = [graph_of(corpus.vectors[rows]) for rows in steps]
    for inertia, seed in itertools.product(INERTIAS, SEEDS):
        topics = find_topics(graphs[0], GraphParameters(GROWING_AT), seed).topics
        kept, cost, split = [], [], 0
        for (earlier, papers), graph in zip(itertools.pairwise(steps), graphs[1:], strict=True):
            ties = tied(papers, earlier, topics, inertia)
            found = find_topics(graph, GraphParameters(GROWING_AT), seed, ties)
            kept.append(kept_share(earlier, topics, papers, found.topics))
            cost.append(found.given_up or 0.0)
            split, topics = split + found.split, found.topics
        words = words_measures(corpus.tokens, spread(topics, steps[-1], len(corpus.vectors)))
        yield {
            "corpus": corpus.name,
            "growth": kind,
            "inertia": inertia,
            "seed": seed,
            "kept": kept,
            "given_up": cost,
            "split": split,
            **words,
        }


def spread(topics: Labels, rows: NDArray[np.int64], n: int) -> Labels:
    """Topics of some rows, as topics of all: -1 for the others."""
    whole = np.full(n, -1, dtype=np.int64)
    whole[rows] = topics
    return whole


def main() -> None:
    """Run the benchmark and write its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("projects", type=Path, nargs="+")
    parser.add_argument(
        "--only", choices=["ways", "growth", "planted"], nargs="+", default=["ways", "growth", "planted"]
    )
    parser.add_argument("--peers", type=Path, help="the Python of an environment with evoc and fast_hdbscan")
    parser.add_argument("--without-layouts", action="store_true", help="leave UMAP and HDBSCAN out")
    parser.add_argument(
        "--planted-seeds", type=int, nargs="+", default=SEEDS, help="others than those looked at so far"
    )
    given = parser.parse_args()
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in given.only}
    for corpus in map(read_corpus, given.projects):
        # Made only as they are asked for.
        parts: dict[str, Iterator[dict[str, Any]]] = {
            "ways": ways(corpus, layouts=not given.without_layouts, peers=given.peers),
            "growth": itertools.chain(growth(corpus, "2 %"), growth(corpus, "by year")),
            "planted": itertools.chain.from_iterable(
                planted_changes(corpus, share, given.planted_seeds) for share in (0.02, 0.1)
            ),
        }
        for name in given.only:
            for row in parts[name]:
                print(json.dumps(row), flush=True)
                rows[name].append(row)
                given.out.write_text(json.dumps({"environment": environment(), **rows}, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
