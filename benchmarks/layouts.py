"""UMAP's layout beside the one on every core: python -m benchmarks.layouts OUT.json SCRATCH [PROJECT ...].

For each project with embeddings, three seeds, each with a neighbour search of its own: how trustworthy the reduced
vectors and the map are, what topics HDBSCAN finds in them, how coherent these are, how far the seeds agree, and seconds
of processor time. With --generated N also the seconds of both by the clock, for the map of N generated papers from the
same first positions on; --epochs of them, since UMAP's own takes long.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.manifold import trustworthiness

from benchmarks.graph import measured
from benchmarks.graph_parts import SEEDS, Corpus, neighbours_of, read_corpus
from benchmarks.millions import find_neighbours, make_papers
from benchmarks.versions import environment
from topicloom.clusters.clustering import cluster_by_hdbscan
from topicloom.settings.clusters import HdbscanSettings, UmapSettings
from topicloom.space.map_in_blocks import first_positions
from topicloom.space.neighbour_graph import neighbour_graph
from topicloom.space.neighbours import read_neighbours
from topicloom.space.parallel_layout import parallel_layout
from topicloom.space.umap_fit import fit_umap, fitted_curve, map_coordinates, reduced_vectors

HDBSCAN_SIZES = (5, 8)
_FEW = 2000  # papers


def trusted(corpus: Corpus, placed: list[NDArray[np.float32]]) -> float:
    """Mean trustworthiness of 15 neighbours. Needs memory for three numbers of each two papers."""
    return float(np.mean([trustworthiness(corpus.vectors, one, n_neighbors=15, metric="cosine") for one in placed]))


def ways(corpus: Corpus) -> Iterator[dict[str, Any]]:
    """Each layout: its trustworthiness, its topics, and its seconds."""
    near = [neighbours_of(corpus.vectors, seed) for seed in SEEDS]
    layouts: tuple[Literal["umap", "parallel"], ...] = ("umap", "parallel")
    for layout in layouts:
        umap = UmapSettings(layout=layout)
        started = time.process_time()
        reduced = [
            reduced_vectors(fit_umap(corpus.vectors, umap, seed, one, quiet=True))
            for seed, one in zip(SEEDS, near, strict=True)
        ]
        of_reduced = time.process_time() - started
        maps = [map_coordinates(corpus.vectors, umap, seed, one) for seed, one in zip(SEEDS, near, strict=True)]
        of_maps = time.process_time() - started - of_reduced
        yield {
            "corpus": corpus.name,
            "layout": layout,
            "trustworthiness": [trusted(corpus, reduced), trusted(corpus, maps)],
            "cpu_seconds": [of_reduced / len(SEEDS), of_maps / len(SEEDS)],
        }
        for size in HDBSCAN_SIZES:
            found = [cluster_by_hdbscan(one, HdbscanSettings(min_cluster_size=size)).clusters for one in reduced]
            yield {"layout": layout, **measured(corpus, f"HDBSCAN({size})", found, float("nan"))}


def of_generated(scratch: Path, papers: int, epochs: int) -> Iterator[dict[str, Any]]:
    """Seconds of both layouts of a map; no graph, no first positions, nothing compiled."""
    from umap.umap_ import simplicial_set_embedding

    folder = scratch / f"l{papers}"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "indices.npy").exists():
        make_papers(folder, papers)
        find_neighbours(folder, papers)
    vectors, umap = np.load(folder / "vectors.npy", mmap_mode="r"), UmapSettings(neighbors="faiss")
    graph, (a, b) = neighbour_graph(vectors, umap, read_neighbours(folder)), fitted_curve(umap)
    start = first_positions(vectors, SEEDS[0])

    def by_umap(graph: csr_matrix, start: NDArray[np.float32], epochs: int) -> None:
        random = np.random.RandomState(SEEDS[0])
        how: tuple[Any, ...] = (2, 1.0, a, b, 1.0, 5, epochs, start, random, "euclidean", {}, False, {}, False)
        simplicial_set_embedding(None, graph, *how, parallel=False)

    def by_ours(graph: csr_matrix, start: NDArray[np.float32], epochs: int) -> None:
        parallel_layout(graph, start, epochs, a, b, SEEDS[0])

    for layout, lay_out in (("umap", by_umap), ("parallel", by_ours)):
        lay_out(graph[:_FEW, :_FEW].tocsr(), start[:_FEW], epochs)  # compiles
        started = time.perf_counter()
        lay_out(graph.copy(), start, epochs)
        seconds = time.perf_counter() - started
        yield {"layout": layout, "generated": papers, "edges": graph.nnz // 2, "epochs": epochs, "seconds": seconds}


def main() -> None:
    """Measure, and write what was measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("scratch", type=Path)
    parser.add_argument("projects", type=Path, nargs="*")
    parser.add_argument("--generated", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=40)
    given = parser.parse_intermixed_args()
    of_each = [ways(read_corpus(project)) for project in given.projects]
    if given.generated:
        of_each.append(of_generated(given.scratch, given.generated, given.epochs))
    rows: list[dict[str, Any]] = []
    for row in itertools.chain.from_iterable(of_each):
        rows.append(row)
        print(json.dumps(row), flush=True)
        given.out.write_text(json.dumps({"environment": environment(), "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
