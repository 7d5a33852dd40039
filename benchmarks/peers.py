"""Ours beside other libraries, on the same vectors: python -m benchmarks.peers OUT.json SCRATCH PYTHON PROJECT [...].

PYTHON is that of an environment with the libraries of benchmarks/peers.txt. Each way runs in a fresh process, the ways
in turn, seed by seed; seconds, processor seconds and peak memory are those of the whole process, imports included. The
topics of all are judged by one code: NPMI and C_v of ten words each, outliers, agreement of seeds. Two wordings are
judged: a library's own words, and the ten that our c-TF-IDF finds for its partition, as for all the others.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.graph import agreement
from benchmarks.graph_parts import SEEDS, Corpus, Labels, read_corpus, read_texts
from benchmarks.growth import ours
from benchmarks.measure import measure
from benchmarks.peer_ways import TOP
from benchmarks.peer_ways import WAYS as PEERS
from benchmarks.projects import GRAPH, change_settings, copied, seeded
from benchmarks.versions import environment
from topicloom.measures.coherence import coherence
from topicloom.settings.words import RepresentSettings
from topicloom.store.files import write_json
from topicloom.words.counting import count_ngrams
from topicloom.words.ctfidf import fit_weighting, number_topics, top_words

_ROOT = Path(__file__).resolve().parents[1]
_NOT_DRAWN = {"quality": False, "figures": False, "report": False}
_SIZE = 10  # papers that a topic has at least, as with BERTopic's defaults
OURS: dict[str, dict[str, Any]] = {
    "ours_hdbscan": {"pictures": _NOT_DRAWN},
    "ours_graph": {**GRAPH, "hdbscan": None, "pictures": _NOT_DRAWN},
    "ours_hdbscan_whole": {"pictures": {}},
    "ours_graph_whole": {**GRAPH, "hdbscan": None, "pictures": {}},
}
WAYS = (*PEERS, *OURS)


@dataclass(frozen=True)
class Ran:
    """A way that has run once. cost: what it took. labels: by partition. words: of the library's own, by partition."""

    cost: dict[str, Any]
    labels: dict[str, Labels]
    words: dict[str, list[list[str]]]


def peer(python: Path, way: str, folder: Path, seed: int) -> Ran:
    """Another library on what lies in a folder, in a process of its own."""
    for name in ("labels.npz", "found.json"):
        (folder / name).unlink(missing_ok=True)
    command: list[str | Path] = [python, "-m", "benchmarks.peer_ways", way, folder, str(seed)]
    done = measure(command, {"PYTHONPATH": str(_ROOT), "TOKENIZERS_PARALLELISM": "false"})
    cost: dict[str, Any] = {"seconds": done.seconds, "processor": done.processor, "peak": done.peak}
    if done.code:
        return Ran({**cost, "code": done.code, "output": done.output[-3000:]}, {}, {})
    found = json.loads((folder / "found.json").read_text())
    with np.load(folder / "labels.npz") as held:
        labels = {name: held[name] for name in held.files}
    return Ran({**cost, "fit": found["seconds"]}, labels, found["words"])


def topicloom(way: str, project: Path, scratch: Path, seed: int) -> Ran:
    """`topicloom run` on a copy of a project; its topics are the way's."""
    analysis = copied(project, scratch)
    change_settings(analysis, **{"n_topics": 0, "min_topic_size": _SIZE, **OURS[way]})
    seeded(analysis, seed)
    done = ours(analysis)
    cost: dict[str, Any] = {"seconds": done["whole"], "processor": done["processor"], "peak": done["peak"]}
    if "code" in done:
        return Ran({**cost, "code": done["code"], "output": done["output"]}, {}, {})
    key = json.loads((analysis / "run.json").read_text())["stages"]["represent"]["key"]
    topics = np.load(analysis.parent / ".topicloom" / "represent" / key / "topics.npy").astype(np.int64)
    shutil.rmtree(analysis.parent)
    return Ran({**cost, "stages": done["stages"]}, {"all": topics}, {})


def judged(corpus: Corpus, labels: Labels, words: list[list[str]] | None) -> dict[str, Any]:
    """How good a partition is, and its words: the library's own, where it has some, and ours."""
    represent = RepresentSettings(n_gram_range=(1, 1))
    topics = number_topics(labels)
    wording = count_ngrams(corpus.tokens, topics, represent, 2)
    heaviest = top_words(fit_weighting(wording.counts, represent)(wording.counts), wording.vocabulary, TOP)
    by_ours = [[word for word, _ in topic] for topic in heaviest[int((topics < 0).any()) :]]
    own = by_ours if words is None else [topic[:TOP] for topic in words]
    npmi, c_v = coherence([*own, *by_ours], corpus.tokens)
    known, said = set(corpus.tokens.words), [word for topic in own for word in topic if word]
    return {
        "topics": int(topics.max(initial=-1)) + 1,
        "outliers": float((labels < 0).mean()),
        "npmi": float(np.nanmean(npmi[: len(own)])),
        "c_v": float(np.nanmean(c_v[: len(own)])),
        "npmi_by_ours": float(np.nanmean(npmi[len(own) :])),
        "c_v_by_ours": float(np.nanmean(c_v[len(own) :])),
        "own_words": words is not None,
        "unknown_words": float(np.mean([word not in known for word in said])),
    }


def rows_of(
    runs: dict[str, list[Ran]], judgements: dict[tuple[str, str], list[dict[str, Any]]]
) -> Iterator[dict[str, Any]]:
    """A row for each partition of each way: medians over the seeds of what it cost, means of how good it is."""
    for way, every in runs.items():
        for failed in (one for one in every if "code" in one.cost):
            yield {"way": way, "failed": failed.cost}
        done = [one for one in every if "code" not in one.cost]
        for partition in done[0].labels if done else ():
            costs = ("seconds", "fit", "processor", "peak")
            found = judgements[way, partition]
            yield {
                "way": way,
                "partition": partition,
                "seeds": len(done),
                **{name: median(one.cost[name] for one in done) for name in costs if name in done[0].cost},
                **{f"every_{name}": [one.cost[name] for one in done] for name in costs if name in done[0].cost},
                "ari": agreement([one.labels[partition] for one in done]) if len(done) > 1 else None,
                "topics": [one["topics"] for one in found],
                "own_words": found[0]["own_words"],
                **{name: float(np.mean([one[name] for one in found])) for name in found[0] if name in _MEANS},
            }


_MEANS = ("outliers", "npmi", "c_v", "npmi_by_ours", "c_v_by_ours", "unknown_words")


def beside(project: Path, scratch: Path, python: Path, seeds: Sequence[int], ways: Sequence[str]) -> Iterator[Any]:
    """The rows of a project, anew after each process that has ended."""
    corpus, folder = read_corpus(project), scratch / "peers"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    np.save(folder / "vectors.npy", corpus.vectors)
    (folder / "texts.json").write_text(json.dumps(read_texts(project)))
    runs: dict[str, list[Ran]] = {way: [] for way in ways}
    judgements: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for seed in seeds:
        for way in ways:
            ran = topicloom(way, project, scratch / "work", seed) if way in OURS else peer(python, way, folder, seed)
            runs[way].append(ran)
            for partition, labels in ran.labels.items():
                found = judged(corpus, labels, ran.words.get(partition))
                judgements.setdefault((way, partition), []).append(found)
                print(project.name, seed, way, partition, json.dumps({**ran.cost, **found}), flush=True)
            if "code" in ran.cost:
                print(project.name, seed, way, "failed:", ran.cost["output"], flush=True)
            yield {"documents": len(corpus.vectors), "rows": list(rows_of(runs, judgements))}
    shutil.rmtree(folder)


def libraries(python: Path) -> dict[str, str]:
    """Versions of what stands beside ours, as the other environment has them."""
    asked = (
        "import json, sys; from importlib.metadata import version;"
        "print(json.dumps({name: version(name) for name in sys.argv[1:]}))"
    )
    names = (
        "bertopic",
        "toponymy",
        "evoc",
        "fast_hdbscan",
        "turftopic",
        "scikit-learn",
        "umap-learn",
        "numba",
        "torch",
    )
    found: dict[str, str] = json.loads(measure([python, "-c", asked, *names], {}).output.splitlines()[-1])
    return found


def main() -> None:
    """Measure every project and write what was found after each process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("scratch", type=Path)
    parser.add_argument("python", type=Path)
    parser.add_argument("projects", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    given = parser.parse_intermixed_args()
    results: dict[str, Any] = {"environment": environment(), "libraries": libraries(given.python), "projects": {}}
    for project in given.projects:
        for entry in beside(project, given.scratch, given.python, given.seeds, given.ways):
            results["projects"][project.name] = entry
            write_json(given.out, results)


if __name__ == "__main__":
    main()
