"""Topics from the neighbour graph beside those of UMAP and HDBSCAN: python -m benchmarks.graph OUT.json PROJECT [...].

For each project with embeddings and years, three seeds: outliers, agreement of seeds, coherence; how many papers keep
their topic as the corpus grows, by 2 % a step and by year; what that costs of the objective; and changes planted among
real embeddings, at several inertias: births, splits and merges of topics of 20 papers and more.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix
from sklearn.metrics import adjusted_rand_score

from benchmarks.versions import environment
from topicloom.clusters.graph.anchors import Anchors, anchors_of
from topicloom.clusters.graph.partition import links_between, sizes_of
from topicloom.clusters.graph.topics import GraphParameters, GraphTopics, find_topics
from topicloom.inputs.embeddings import read_embeddings
from topicloom.lineage.matching import Partition, continued, overlap_of, transitions
from topicloom.measures.coherence import coherence
from topicloom.settings.schema import HdbscanSettings, RepresentSettings, UmapSettings
from topicloom.space.neighbour_graph import neighbour_graph
from topicloom.space.neighbours import ALL_PAIRS_BELOW, Neighbours, find_neighbours
from topicloom.words.counting import count_ngrams
from topicloom.words.ctfidf import fit_weighting, number_topics, top_words
from topicloom.words.tokens import Tokens, tokenise

RESOLUTIONS, INERTIAS, SEEDS = (10.0, 20.0, 30.0, 40.0), (0.0, 0.2, 0.5, 1.0), (100, 1, 2)
GROWING_AT = 20.0  # the resolution of all that grows
UMAP = UmapSettings()
CHANGES, LEAST = 8, 20  # planted of each kind; papers of a planted topic
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Corpus:
    """Papers by row: vectors (n, d), years (n,) with NaN where unknown, and their words."""

    name: str
    vectors: NDArray[np.float32]
    years: NDArray[np.float64]
    tokens: Tokens


def read_corpus(project: Path) -> Corpus:
    """Read a project in the folder layout of topicloom."""
    profile = next(project.glob("f01/*e01"))
    corpus = pd.read_csv(profile / "corpus.csv", dtype=str, encoding="latin-1", keep_default_na=False)
    dataset = pd.read_csv(
        project / "f01" / "dataset_raw_cleaned.csv", dtype=str, encoding="latin-1", keep_default_na=False
    )
    years = pd.to_numeric(dataset.drop_duplicates("UT").set_index("UT")["PY"], errors="coerce").reindex(corpus["UT"])
    vectors = np.asarray(read_embeddings(profile).vectors, dtype=np.float32)
    return Corpus(project.name, vectors, years.to_numpy(dtype=float), tokenise(corpus["text"].tolist(), "english"))


def neighbours_of(vectors: NDArray[np.float32], seed: int) -> Neighbours | None:
    """Neighbours as a run finds them."""
    return find_neighbours(vectors, UMAP, seed, quiet=True) if len(vectors) >= ALL_PAIRS_BELOW else None


def graph_of(vectors: NDArray[np.float32], seed: int = SEEDS[0]) -> csr_matrix:
    """The neighbour graph of some papers."""
    return neighbour_graph(vectors, UMAP, neighbours_of(vectors, seed))


def words_measures(tokens: Tokens, clusters: Labels) -> dict[str, float]:
    """Mean NPMI and C_v of the topics, by their ten heaviest single words."""
    represent = RepresentSettings(n_gram_range=(1, 1))
    topics = number_topics(clusters)
    wording = count_ngrams(tokens, topics, represent, 2)
    words = top_words(fit_weighting(wording.counts, represent)(wording.counts), wording.vocabulary, 10)
    npmi, c_v = coherence([[word for word, _ in topic] for topic in words[int((topics < 0).any()) :]], tokens)
    return {"npmi": float(np.nanmean(npmi)), "c_v": float(np.nanmean(c_v))}


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
        "seconds": seconds / len(partitions),
    }


def ways(corpus: Corpus, *, layouts: bool) -> Iterator[dict[str, Any]]:
    """Each way to topics under three seeds, each with a neighbour search of its own."""
    graphs = [graph_of(corpus.vectors, seed) for seed in SEEDS]
    for resolution in RESOLUTIONS:
        started = time.perf_counter()
        wanted = GraphParameters(resolution)
        found = [find_topics(graph, wanted, seed).topics for graph, seed in zip(graphs, SEEDS, strict=True)]
        yield measured(corpus, f"graph, resolution {resolution:g}", found, time.perf_counter() - started)
    if not layouts:
        return
    from topicloom.clusters.clustering import cluster_by_hdbscan
    from topicloom.space.umap_fit import fit_umap, reduced_vectors

    started = time.perf_counter()
    reduced = [
        reduced_vectors(fit_umap(corpus.vectors, UMAP, seed, neighbours_of(corpus.vectors, seed), quiet=True))
        for seed in SEEDS
    ]
    laid_out = time.perf_counter() - started
    for size in (5, 10, 15, 20, 30):
        started = time.perf_counter()
        found = [cluster_by_hdbscan(one, HdbscanSettings(min_cluster_size=size)).clusters for one in reduced]
        seconds = laid_out + time.perf_counter() - started
        yield measured(corpus, f"UMAP + HDBSCAN({size})", found, seconds)


def growth_steps(corpus: Corpus, kind: str) -> list[NDArray[np.int64]]:
    """The rows of a corpus step by step: 2 % a step in random order, or year by year."""
    n = len(corpus.vectors)
    if kind == "2 %":
        order = np.random.default_rng(0).permutation(n)
        return [np.sort(order[: round(n / 1.02**left)]) for left in range(5, -1, -1)]
    last = int(np.nanmax(corpus.years))
    return [np.flatnonzero(corpus.years <= year) for year in range(last - 4, last + 1)]


def tied(papers: NDArray[np.int64], earlier: NDArray[np.int64], topics: Labels, inertia: float) -> Anchors:
    """The ties of papers to their topics of the step before."""
    return anchors_of(papers.astype(str), earlier.astype(str), topics, inertia)


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


@dataclass(frozen=True)
class Planted:
    """A corpus before and after: truth (n,) true topics after, and which of them change.

    before: rows of the papers that are there before.
    """

    truth: Labels
    before: NDArray[np.int64]
    graphs: tuple[csr_matrix, csr_matrix]
    births: set[int]
    splits: set[frozenset[int]]
    merges: set[frozenset[int]]


def plant(vectors: NDArray[np.float32], share: float, seed: int) -> Planted:
    """Plant births, splits and merges among real papers, and let the corpus grow by a share.

    The papers of a birth are withheld before. Two topics that touch are one before a split, or after a merge, by moving
    the papers of the second by the difference of the means of both.
    """
    rng = np.random.default_rng(seed)
    unit = _unit(vectors.astype(np.float64))
    graph = graph_of(unit.astype(np.float32))
    truth = find_topics(graph, GraphParameters(GROWING_AT), 7).topics
    chosen = rng.permutation(np.flatnonzero(sizes_of(truth) >= LEAST)).tolist()
    births, left = set(chosen[:CHANGES]), chosen[CHANGES:]
    touching = np.argsort(-links_between(graph, truth).toarray(), axis=1)[:, :12]
    pairs: list[tuple[int, int]] = []
    while len(pairs) < 2 * CHANGES:
        one = left.pop(0)
        near = [other for other in touching[one].tolist() if other in left]
        if near:
            pairs.append((one, near[int(rng.integers(len(near)))]))
            left.remove(pairs[-1][1])
    splits, merges = pairs[:CHANGES], pairs[CHANGES:]
    stays = ~np.isin(truth, list(births))
    before = np.flatnonzero(stays & (rng.random(len(truth)) >= share))
    earlier, later = _moved(unit, truth, splits)[before], _moved(unit, truth, merges)
    return Planted(
        truth,
        before,
        (graph_of(earlier), graph_of(later)),
        births,
        {frozenset(pair) for pair in splits},
        {frozenset(pair) for pair in merges},
    )


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def _moved(unit: NDArray[np.float64], truth: Labels, pairs: Sequence[tuple[int, int]]) -> NDArray[np.float32]:
    moved = unit.copy()
    for one, other in pairs:
        moved[truth == other] += unit[truth == one].mean(axis=0) - unit[truth == other].mean(axis=0)
    return _unit(moved).astype(np.float32)


def found_changes(planted: Planted, before: Labels, after: Labels) -> dict[str, dict[str, int]]:
    """What the history would say became of topics, held against what was planted: found, right and planted.

    right: events of the history that name the very topics of a planted change. recognised: planted changes whose every
    topic after has a Jaccard index of 0.5 and more with a topic found, a topic of its own.
    """
    papers = np.arange(len(after))
    one, other = Partition(planted.before.astype(str), before, None), Partition(papers.astype(str), after, None)
    overlap = overlap_of(one, other)
    events = transitions(one, other, overlap, continued(one, other, overlap))

    def mainly(members: NDArray[np.bool_], truth: Labels) -> int:
        return int(np.bincount(truth[members]).argmax())

    then, now = planted.truth[planted.before], planted.truth
    splits = [frozenset(mainly(after == part, now) for part in parts) for parts in events.splits.values()]
    merges = [frozenset(mainly(before == part, then) for part in parts) for parts in events.merges.values()]
    born = [mainly(after == topic, now) for topic in events.born]
    seen = _recognised(planted, after)
    rows: dict[str, tuple[list[Any], set[Any]]] = {
        "split": (splits, planted.splits),
        "merged": (merges, planted.merges),
        "born": (born, planted.births),
    }
    return {
        kind: {
            "said": len(given),
            "right": len(set(given) & wanted),
            "planted": len(wanted),
            "recognised": sum(seen(change if isinstance(change, frozenset) else {change}, kind) for change in wanted),
        }
        for kind, (given, wanted) in rows.items()
    }


def _recognised(planted: Planted, after: Labels) -> Any:
    def best(members: NDArray[np.bool_]) -> int | None:
        counts = np.bincount(after[members & (after >= 0)], minlength=1)
        topic = int(counts.argmax())
        return topic if counts[topic] >= 0.5 * ((after == topic) | members).sum() else None

    def seen(change: Any, kind: str) -> bool:
        if kind == "merged":
            return best(np.isin(planted.truth, list(change))) is not None
        topics = [best(planted.truth == topic) for topic in change]
        return None not in topics and len(set(topics)) == len(topics)

    return seen


def planted_changes(corpus: Corpus, share: float) -> Iterator[dict[str, Any]]:
    """How many planted changes are found at each inertia."""
    vectors = corpus.vectors[:10_000]
    for seed in SEEDS:
        planted = plant(vectors, share, seed)
        papers = np.arange(len(vectors))
        before = find_topics(planted.graphs[0], GraphParameters(GROWING_AT), seed).topics
        for inertia in INERTIAS:
            ties = tied(papers, planted.before, before, inertia)
            found: GraphTopics = find_topics(planted.graphs[1], GraphParameters(GROWING_AT), seed, ties)
            changes = found_changes(planted, before, found.topics)
            yield {"corpus": corpus.name, "growth": share, "inertia": inertia, "seed": seed, **changes}


def main() -> None:
    """Run the benchmark and write its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("projects", type=Path, nargs="+")
    parser.add_argument(
        "--only", choices=["ways", "growth", "planted"], nargs="+", default=["ways", "growth", "planted"]
    )
    parser.add_argument("--without-layouts", action="store_true", help="leave UMAP and HDBSCAN out")
    given = parser.parse_args()
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in given.only}
    for corpus in map(read_corpus, given.projects):
        # Made only as they are asked for.
        parts: dict[str, Iterator[dict[str, Any]]] = {
            "ways": ways(corpus, layouts=not given.without_layouts),
            "growth": itertools.chain(growth(corpus, "2 %"), growth(corpus, "by year")),
            "planted": itertools.chain(planted_changes(corpus, 0.02), planted_changes(corpus, 0.1)),
        }
        for name in given.only:
            for row in parts[name]:
                print(json.dumps(row), flush=True)
                rows[name].append(row)
                given.out.write_text(json.dumps({"environment": environment(), **rows}, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
