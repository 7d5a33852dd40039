"""Changes planted in a generated corpus, to be found again: python -m benchmarks.planted OUT.json SCRATCH.

From one run to the next some topics split in two, some pairs merge, some are born of new papers, and some go, their
papers withdrawn; all others gain a tenth in new papers. What `topicloom.lineage` then says is compared with it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.generator import write_project
from benchmarks.growth import ours
from benchmarks.versions import environment
from topicloom.lineage.history import History, lineage_of
from topicloom.lineage.partition import Partition
from topicloom.lineage.records import Event, RunRecord
from topicloom.settings.reading import read_settings

GROWTH, WITHIN = 0.1, 0.5  # new papers over old ones; distance of the halves of a split topic over that of topics


@dataclass(frozen=True)
class Planted:
    """True topics of papers before and after, by UT; and what was planted, by the numbers of true topics.

    splits: topic before -> its two parts after. merges: topic after -> the two before. born, gone: topics.
    """

    before: dict[str, int]
    after: dict[str, int]
    splits: dict[int, tuple[int, int]]
    merges: dict[int, tuple[int, int]]
    born: list[int]
    gone: list[int]


def plant(topics: int, of_each: int, rng: np.random.Generator, size: tuple[int, int] = (40, 160)) -> Planted:
    """Plant so many splits, merges, births and deaths each among so many topics of 40 to 160 papers."""
    sizes = rng.integers(*size, topics)
    before = {f"P{topic:03}{paper:05}": topic for topic in range(topics) for paper in range(sizes[topic])}
    chosen = rng.permutation(topics)
    splits, gone = chosen[:of_each], chosen[of_each : 2 * of_each]
    pairs = chosen[2 * of_each : 4 * of_each].reshape(-1, 2)
    fresh = iter(range(topics, 10 * topics))
    parts = {int(topic): (int(topic), next(fresh)) for topic in splits}
    into = {int(one): (int(one), int(other)) for one, other in pairs}
    merged = {other: whole for whole, members in into.items() for other in members}
    after = {}
    for ut, topic in before.items():
        if topic in gone:
            continue
        after[ut] = int(rng.choice(parts[topic])) if topic in parts else merged.get(topic, topic)
    born = [next(fresh) for _ in range(of_each)]
    for topic in sorted(set(after.values())):
        for paper in range(round(GROWTH * sum(found == topic for found in after.values()))):
            after[f"N{topic:03}{paper:05}"] = topic
    for topic in born:
        after |= {f"N{topic:03}{paper:05}": topic for paper in range(int(rng.integers(*size)))}
    return Planted(before, after, parts, into, born, sorted(int(topic) for topic in gone))


def blurred(topics: dict[str, int], outliers: float, strays: float, rng: np.random.Generator) -> Partition:
    """The true topics as a clustering would find them: a share become outliers, a share stray into any topic."""
    papers = np.array(sorted(topics), dtype=object)
    _, numbers = np.unique([topics[ut] for ut in papers], return_inverse=True)
    straying = rng.random(len(papers)) < strays
    numbers = np.where(straying, rng.integers(0, numbers.max() + 1, len(papers)), numbers)
    return Partition(papers, np.where(rng.random(len(papers)) < outliers, -1, numbers), None)


@dataclass(frozen=True)
class Found:
    """What was found, by true topics: each event as a frozenset of topics before and of topics after."""

    splits: set[tuple[frozenset[int], frozenset[int]]]
    merges: set[tuple[frozenset[int], frozenset[int]]]
    born: set[int]
    gone: set[int]


def found_events(events: Iterable[Event], true_before: dict[str, int], true_after: dict[str, int]) -> Found:
    """Events by the true topics that most papers of a lasting topic have. true_before, true_after: by lasting id."""
    found = Found(set(), set(), set(), set())
    for event in events:
        one = frozenset(true_before[uid] for uid in event.before if uid in true_before)
        other = frozenset(true_after[uid] for uid in event.after if uid in true_after)
        if event.kind == "split":
            found.splits.add((one, other))
        elif event.kind == "merged":
            found.merges.add((one, other))
        elif event.kind == "born":
            found.born.update(other)
        elif event.kind == "gone":
            found.gone.update(one)
    return found


def score(planted: Planted, found: Found) -> dict[str, dict[str, float]]:
    """Precision and recall of each kind of change."""
    wanted: dict[str, set[Any]] = {
        "split": {(frozenset([topic]), frozenset(parts)) for topic, parts in planted.splits.items()},
        "merged": {(frozenset(members), frozenset([topic])) for topic, members in planted.merges.items()},
        "born": set(planted.born),
        "gone": set(planted.gone),
    }
    given: dict[str, set[Any]] = {"split": found.splits, "merged": found.merges, "born": found.born, "gone": found.gone}
    return {
        kind: {
            "planted": len(wanted[kind]),
            "found": len(given[kind]),
            "precision": len(wanted[kind] & given[kind]) / max(len(given[kind]), 1),
            "recall": len(wanted[kind] & given[kind]) / max(len(wanted[kind]), 1),
        }
        for kind in wanted
    }


def true_topics(run: RunRecord, truth: dict[str, int]) -> dict[str, int]:
    """The true topic that most papers of each lasting topic have."""
    return {
        uid: majority([truth[ut] for ut, number in zip(run.papers, run.numbers, strict=True) if number == topic])
        for topic, uid in enumerate(run.uids)
    }


def majority(values: list[int]) -> int:
    """The most frequent value, the smallest of equals."""
    numbers, counts = np.unique(values, return_counts=True)
    return int(numbers[counts.argmax()])


def centres_of(planted: Planted, dimensions: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """A centre for each true topic: those of a split near to each other, all others far."""
    count = max([*planted.before.values(), *planted.after.values()]) + 1
    centres: NDArray[np.float64] = rng.normal(size=(count, dimensions)) / np.sqrt(dimensions)
    for topic, (_, part) in planted.splits.items():
        centres[part] = centres[topic] + WITHIN * centres[part]
    return centres


def run_planted(folder: Path, topics: int, of_each: int, seed: int) -> dict[str, Any]:
    """Plant changes in a generated project, run it before and after, and score what the history says."""
    rng = np.random.default_rng(seed)
    planted = plant(topics, of_each, rng)
    centres = centres_of(planted, 384, rng)
    analysis = folder / "a01"
    records = []
    for truth in (planted.before, planted.after):
        # A paper whose topic has not changed keeps its embedding: its noise is that of its UT.
        papers = sorted(truth)
        noise = np.stack([_noise(ut, seed) for ut in papers])
        vectors = (centres[[truth[ut] for ut in papers]] + 0.5 * noise).astype(np.float32)
        write_project(folder, papers, np.array([truth[ut] for ut in papers]), vectors, seed)
        outcome = ours(analysis)
        if "code" in outcome:
            raise RuntimeError(outcome["output"])
        settings = read_settings(analysis)
        history, lineage = History(settings), lineage_of(settings)
        records.append(history.read(lineage, history.heads(lineage)[-1].number))
    before, after = records
    found = found_events(after.events, true_topics(before, planted.before), true_topics(after, planted.after))
    return {"seed": seed, "topics": [len(run.topics) for run in records], **score(planted, found)}


def _noise(ut: str, seed: int) -> NDArray[np.float64]:
    noise: NDArray[np.float64] = np.random.default_rng([seed, *ut.encode()]).normal(size=384) / np.sqrt(384)
    return noise


def main() -> None:
    """Run the benchmark and write its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("scratch", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    given = parser.parse_args()
    rounds = [run_planted(given.scratch / f"planted{seed}", 60, 6, seed) for seed in given.seeds]
    print(json.dumps(rounds, indent=2), file=sys.stderr)
    given.out.write_text(json.dumps({"environment": environment(), "rounds": rounds}, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
