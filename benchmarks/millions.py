"""Millions of generated papers on one machine: python -m benchmarks.millions OUT.json SCRATCH [SIZE ...].

The graph's way, step by step, by the functions that the stages call; each step in a process of its own, so that its
memory is its own. A step that has been measured is not measured again: where a run was ended, the same command goes on.
`--page docs/scale.md` writes the table between the marks of a page, and measures nothing.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import load_npz, save_npz
from sklearn.metrics import adjusted_rand_score

from benchmarks.generator import make_vectors, texts_of
from benchmarks.measure import measure
from benchmarks.versions import environment
from topicloom.settings.clusters import UmapSettings
from topicloom.settings.words import RepresentSettings

SIZES = (1_000_000, 2_000_000, 3_000_000)
_FAR = 10_000_000
_BEGIN, _END = "<!-- millions -->", "<!-- /millions -->"
_SEED, _RESOLUTION, _LEAST = 100, 20.0, 20
_UMAP = UmapSettings(neighbors="faiss")
_WORDS = RepresentSettings(n_gram_range=(1, 1))
_RECALL_OF, _BLOCK = 1000, 65_536  # papers whose neighbours are compared with the exact ones; rows read at once


def make_papers(folder: Path, documents: int) -> dict[str, Any]:
    """Embeddings in half precision, and a text a line."""
    topic = make_vectors(folder / "vectors.npy", documents)
    np.save(folder / "true.npy", topic)
    with (folder / "texts.txt").open("w", encoding="utf-8") as file:
        file.writelines(f"{text}\n" for text in texts_of(topic, np.random.default_rng(_SEED)))
    return {"true_topics": int(topic.max()) + 1}


def find_neighbours(folder: Path, _: int) -> dict[str, Any]:
    """The neighbours, in shards."""
    from topicloom.space.neighbours import write_neighbours
    from topicloom.space.sharded_neighbours import sharded_neighbours

    write_neighbours(folder, sharded_neighbours(np.load(folder / "vectors.npy", mmap_mode="r"), _UMAP, _SEED))
    return {}


def check_neighbours(folder: Path, documents: int) -> dict[str, Any]:
    """Share of the nearest neighbours that were found, of a thousand papers compared with all others."""
    from topicloom.space.nearest_in_block import comparable

    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    rows = np.random.default_rng(_SEED).choice(documents, _RECALL_OF, replace=False)
    found = np.load(folder / "indices.npy", mmap_mode="r")[rows]
    near, at = np.full(found.shape, -np.inf, np.float32), np.zeros(found.shape, np.int64)
    papers = comparable(vectors[rows], "cosine")
    for start in range(0, documents, _BLOCK):
        cosine = papers @ comparable(vectors[start : start + _BLOCK], "cosine").T
        both = np.concatenate([near, cosine], axis=1)
        of = np.concatenate([at, np.broadcast_to(np.arange(start, start + cosine.shape[1]), cosine.shape)], axis=1)
        best = np.argpartition(-both, found.shape[1] - 1, axis=1)[:, : found.shape[1]]
        near, at = np.take_along_axis(both, best, axis=1), np.take_along_axis(of, best, axis=1)
    right = [len(np.intersect1d(one[1:], other)) for one, other in zip(found, at, strict=True)]
    return {"recall": float(np.mean(right)) / (found.shape[1] - 1)}


def build_graph(folder: Path, _: int) -> dict[str, Any]:
    """The neighbour graph, its edges weighed by shared neighbours."""
    from topicloom.space.neighbours import read_neighbours
    from topicloom.space.shared_neighbours import shared_neighbour_graph

    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    graph = shared_neighbour_graph(vectors, _UMAP, read_neighbours(folder))
    save_npz(folder / "graph.npz", graph, compressed=False)
    return {"edges": graph.nnz // 2}


def find_topics(folder: Path, documents: int) -> dict[str, Any]:
    """Topics, and how far they agree with those that the papers were made of."""
    from topicloom.clusters.graph.topics import GraphParameters
    from topicloom.clusters.graph.topics import find_topics as search

    wanted = GraphParameters(resolution=_RESOLUTION, least=_LEAST)
    topics = search(load_npz(folder / "graph.npz").tocsr(), wanted, _SEED).topics
    np.save(folder / "topics.npy", topics)
    true = np.load(folder / "true.npy")
    return {"topics": int(topics.max()) + 1, "ari": adjusted_rand_score(true, topics), "documents": documents}


class _Lines(Sequence[str]):
    """The lines of a file, read one after the other."""

    def __init__(self, path: Path, count: int) -> None:
        self._path, self._count = path, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, at: Any) -> Any:
        raise NotImplementedError("read in order only")

    def __iter__(self) -> Iterator[str]:
        with self._path.open(encoding="utf-8") as file:
            yield from (line.rstrip("\n") for line in file)


def cut_words(folder: Path, documents: int) -> dict[str, Any]:
    """The words of the texts as integers."""
    from topicloom.words.tokens import tokenise, write_tokens

    tokens = tokenise(_Lines(folder / "texts.txt", documents), "english")
    write_tokens(folder / "tokens.npz", tokens)
    return {"tokens": len(tokens.ids)}


def find_words(folder: Path, _: int) -> dict[str, Any]:
    """The words of the topics, single ones."""
    from topicloom.words.tokens import read_tokens
    from topicloom.words.topics import represent_topics

    vectors, topics = np.load(folder / "vectors.npy", mmap_mode="r"), np.load(folder / "topics.npy")
    found = represent_topics(read_tokens(folder / "tokens.npz"), vectors, topics, _WORDS)
    return {"columns": found.vocabulary.size}


def lay_out_map(folder: Path, _: int) -> dict[str, Any]:
    """The map."""
    from topicloom.space.map_in_blocks import map_in_blocks
    from topicloom.space.neighbours import read_neighbours

    vectors: NDArray[np.float16] = np.load(folder / "vectors.npy", mmap_mode="r")
    np.save(folder / "map.npy", map_in_blocks(vectors, _UMAP, _SEED, read_neighbours(folder)))
    return {}


STEPS: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    "papers": make_papers,
    "neighbours": find_neighbours,
    "recall": check_neighbours,
    "graph": build_graph,
    "topics": find_topics,
    "cut words": cut_words,
    "words": find_words,
    "map": lay_out_map,
}
_BESIDE = ("papers", "recall")  # what a run does not do
# Why a step grows as it does beyond what was measured.
REASONS = {
    "neighbours": "each paper meets some 8,000 others, however many there are; only the search of its cell, of "
    "n / 1,000, grows with n",
    "graph": "about 22 edges a paper",
    "topics": "Leiden visits each edge in each cycle; graphs that leave the processor's cache cost more an edge",
    "cut words": "each text alone",
    "words": "words are sorted",
    "map": "200 epochs over the edges; positions that leave the processor's cache cost more",
}


def run(out: Path, scratch: Path, sizes: Sequence[int]) -> None:
    """Measure the steps of each size that have not been measured."""
    results: dict[str, Any] = json.loads(out.read_text()) if out.exists() else {"environment": environment()}
    for size in sizes:
        folder, done = scratch / f"m{size}", results.setdefault(str(size), {})
        if set(STEPS) <= set(done):
            continue
        folder.mkdir(parents=True, exist_ok=True)
        for step in STEPS:
            if step in done and (step != "papers" or (folder / "texts.txt").exists()):
                continue
            found = measure([sys.executable, "-m", "benchmarks.millions", "--step", step, folder, str(size)], {})
            if found.code:
                raise SystemExit(f"{step} of {size:,} papers ended with code {found.code}:\n{found.output[-3000:]}")
            numbers = {"seconds": found.seconds, "processor": found.processor, "peak": found.peak, "own": found.own}
            done[step] = {**numbers, **json.loads(found.output.splitlines()[-1])}
            out.write_text(json.dumps(results, indent=2))
            print(f"{size:,} {step}: {json.dumps(done[step])}", flush=True)
        shutil.rmtree(folder)


def page(results: dict[str, Any]) -> str:
    """The tables as Markdown: what was measured, and what follows for ten million."""
    sizes = sorted(int(size) for size, done in results.items() if size.isdigit() and set(STEPS) <= set(done))
    if not sizes:
        return ""
    steps = [step for step in STEPS if step not in _BESIDE]
    machine = results["environment"]
    lines = [
        f"Machine: {machine['processor']}, {machine['cores']} cores, {machine['memory']}. Seconds by the clock, "
        "and in brackets the most memory without pages of files.",
        "",
        "| papers | "
        + " | ".join(steps)
        + " | all | most memory | neighbours found | topics, ARI with the true ones |",
        "|---" * (len(steps) + 5) + "|",
    ]
    for size in sizes:
        done = results[str(size)]
        cells = [f"{done[step]['seconds']:,.0f} s ({_gib(done[step]['own'])})" for step in steps]
        whole, most = sum(done[step]["seconds"] for step in steps), max(done[step]["own"] for step in steps)
        topics = done["topics"]
        lines.append(
            f"| {size:,} | {' | '.join(cells)} | {whole:,.0f} s | {_gib(most)} | {done['recall']['recall']:.3f} | "
            f"{topics['topics']}, {topics['ari']:.2f} |"
        )
    return "\n".join([*lines, "", *_beyond(results, sizes, steps)])


def _gib(amount: float) -> str:
    return f"{amount / 2**30:.1f} GiB"


def _beyond(results: dict[str, Any], sizes: Sequence[int], steps: Sequence[str]) -> list[str]:
    """What the two largest sizes say of ten million: each step to its own exponent, and at least in proportion."""
    if len(sizes) < 2 or sizes[-1] >= _FAR:
        return []
    before, last = results[str(sizes[-2])], results[str(sizes[-1])]
    lines = [
        f"Extrapolated from {sizes[-1]:,} to {_FAR:,} papers; an exponent below 1 counts as 1.",
        "",
        "| step | exponent of seconds | why | seconds | memory |",
        "|---|---|---|---|---|",
    ]
    all_seconds, most = 0.0, 0.0
    for step in steps:
        exponent = math.log(last[step]["seconds"] / before[step]["seconds"]) / math.log(sizes[-1] / sizes[-2])
        seconds = last[step]["seconds"] * (_FAR / sizes[-1]) ** max(exponent, 1.0)
        memory = last[step]["own"] * _FAR / sizes[-1]
        all_seconds, most = all_seconds + seconds, max(most, memory)
        lines.append(f"| {step} | {exponent:.2f} | {REASONS[step]} | {seconds:,.0f} s | {_gib(memory)} |")
    return [*lines, f"| all | | | {all_seconds:,.0f} s | {_gib(most)} |"]


def fill(path: Path, text: str) -> None:
    """Put the tables between the marks of a page."""
    before, _, rest = path.read_text(encoding="utf-8").partition(_BEGIN)
    after = rest.partition(_END)[2]
    path.write_text(f"{before}{_BEGIN}\n\n{text}\n\n{_END}{after}", encoding="utf-8")


def main() -> None:
    """Measure, or write what was measured into a page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("scratch", type=Path, nargs="?")
    parser.add_argument("sizes", type=int, nargs="*")
    parser.add_argument("--page", type=Path)
    chosen = parser.parse_intermixed_args()
    if chosen.scratch:
        run(chosen.out, chosen.scratch, chosen.sizes or SIZES)
    text = page(json.loads(chosen.out.read_text()))
    print(text)
    if chosen.page:
        fill(chosen.page, text)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        print(json.dumps(STEPS[sys.argv[2]](Path(sys.argv[3]), int(sys.argv[4]))))
    else:
        main()
