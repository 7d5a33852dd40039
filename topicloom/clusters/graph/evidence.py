"""The resolution chosen by evidence: where most topics are both stable over seeds and coherent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicloom.clusters.graph.agreement import VOTING, agreed_communities
from topicloom.clusters.graph.leiden import FindsCommunities, leiden
from topicloom.clusters.graph.small_topics import Small, settle_small_topics
from topicloom.machine.threads import available_threads
from topicloom.measures.stability import stability
from topicloom.progress import tell

PATH = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0, 14.0, 20.0, 28.0, 40.0)
STABLE = 0.6  # Jaccard index from which on Hennig (2007) takes a cluster for a pattern in the data
COHERENT = 0.1  # NPMI from which on people mostly find a topic coherent; less where no resolution has that on average
_KEPT = 0.9  # share of the best worth from which on the resolution of the run before is kept
_SEEDS = 3
_ALONE_FROM = 300_000  # papers


@dataclass(frozen=True)
class Step:
    """One resolution of the path.

    Args:
        resolution: Of the objective.
        topics: How many it gives.
        rand: Mean adjusted Rand index of each two seeds.
        npmi: Mean coherence of the topics.
        good: Topics that are stable and coherent.
        worth: Good topics less the others.
    """

    resolution: float
    topics: int
    rand: float
    npmi: float
    good: int
    worth: int

    def as_dict(self) -> dict[str, Any]:
        """For a JSON file."""
        return asdict(self)


@dataclass(frozen=True)
class Evidence:
    """The path of resolutions, and the one to take.

    Args:
        resolution: The one to take.
        steps: What each of the path gives.
        why: In a sentence.
    """

    resolution: float
    steps: list[Step]
    why: str


def resolution_by_evidence(
    graph: csr_matrix,
    coherence_of: Callable[[Sequence[NDArray[np.int64]]], list[NDArray[np.float64]]],
    seed: int,
    least: int,
    small: Small = "join",
    before: float | None = None,
    path: Sequence[float] = PATH,
    find: FindsCommunities = leiden,
) -> Evidence:
    """Try a path of resolutions and take the one with the most topics that are good, those that are not taken off.

    A topic is good where the seeds find it again (mean Jaccard index of 0.6 and more) and its words belong together
    (NPMI of 0.1 and more). NPMI is lower the fewer the texts are: where no resolution has 0.1 on average, the best
    average of the path stands for it. Of equals the coarser is taken; a run keeps the resolution of the run before as
    long as that is worth nine tenths of the best.

    Args:
        graph: (n, n) symmetric weights.
        coherence_of: NPMI of the topics of each of several partitions, (t,) float64 each, NaN where it is not known.
        seed: Decides all seeds.
        least: Papers of a topic.
        small: What becomes of smaller ones.
        before: The resolution of the run before, or None.
        path: Resolutions that are tried.
        find: Finds communities.

    Returns:
        The resolution, the whole path, and why, in a sentence.

    Example:
        >>> two = csr_matrix(np.kron(np.eye(2), np.ones((12, 12)) - np.eye(12)))
        >>> def coherence_of(partitions):
        ...     return [np.full(labels.max() + 1, 0.2) for labels in partitions]
        >>> found = resolution_by_evidence(two, coherence_of, seed=1, least=5, path=(0.5, 1.0))
        >>> found.resolution, [step.topics for step in found.steps]
        (0.5, [2, 2])

    Source: Hennig (2007), Cluster-wise assessment of cluster stability.
    """

    def at(resolution: float) -> tuple[float, NDArray[np.int64], float, NDArray[np.float64]]:
        agreed = agreed_communities(graph, resolution, seed, runs=_SEEDS, find=find, cycles=VOTING)
        labels = settle_small_topics(graph, agreed.labels, resolution, least, small).labels
        again = stability([labels, *agreed.runs]).of_topics
        return resolution, labels, agreed.rand or 0.0, np.zeros(0) if again is None else again

    found = []
    # Side by side, so that no core waits while another settles the votes; of a large graph each needs much memory.
    with ThreadPoolExecutor(available_threads() if graph.shape[0] < _ALONE_FROM else 1) as pool:
        for one in pool.map(at, path):
            found.append(one)
            tell("resolutions", len(found), len(path))
    coherences = coherence_of([one[1] for one in found])
    means = [_mean(npmi) for npmi in coherences]
    enough = min(COHERENT, max(means, default=COHERENT))
    steps = []
    for (resolution, labels, rand, again), npmi, mean in zip(found, coherences, means, strict=True):
        topics = int(labels.max(initial=-1)) + 1
        good = int(((again >= STABLE) & (npmi >= enough)).sum())
        steps.append(Step(resolution, topics, round(rand, 4), round(mean, 4), good, 2 * good - topics))
    return _chosen(steps, before, enough)


def _mean(npmi: NDArray[np.float64]) -> float:
    known = npmi[np.isfinite(npmi)]
    return float(known.mean()) if len(known) else 0.0


def _chosen(steps: list[Step], before: float | None, enough: float) -> Evidence:
    several = [step for step in steps if step.topics > 1] or steps
    best = max(several, key=lambda step: (step.worth, -step.resolution))
    earlier = next((step for step in several if step.resolution == before), None)
    if earlier is not None and earlier.worth >= best.worth - (1 - _KEPT) * abs(best.worth):
        why = f"resolution {earlier.resolution:g} of the run before is kept"
        return Evidence(earlier.resolution, steps, f"{why}: {earlier.good} of its {earlier.topics} topics are good.")
    why = (
        f"resolution {best.resolution:g}: {best.good} of its {best.topics} topics are stable and coherent, and no "
        "other of the path has as many more good topics than others."
    )
    if enough < COHERENT:
        why += f" No resolution has a mean NPMI of {COHERENT:g}; the best mean, {enough:.3f}, counts as coherent."
    return Evidence(best.resolution, steps, why)
