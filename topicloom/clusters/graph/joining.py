"""Topics joined one by one, with the links between what is left.

Source of the gain of a join: Clauset, Newman and Moore (2004), Finding community structure in very large networks.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicloom.clusters.graph.partition import degrees_of, links_between, numbered_by_row, sizes_of


class Joining:
    """Topics of a graph that become fewer.

    Args:
        graph: (n, n) symmetric weights.
        labels: (n,) int64 topics, -1 for outliers.
        resolution: That of the objective.
    """

    def __init__(self, graph: csr_matrix, labels: NDArray[np.int64], resolution: float) -> None:
        links = links_between(graph, labels)
        topics = links.shape[0]
        assigned, degrees = labels >= 0, degrees_of(graph)
        self._labels = labels
        self.links = [_others(links, topic) for topic in range(topics)]
        self.size = sizes_of(labels)
        self._weight = np.bincount(labels[assigned], weights=degrees[assigned], minlength=topics)
        self._total = float(degrees.sum()) or 1.0
        self._resolution = resolution
        self._into = np.arange(topics)

    def at_resolution(self, resolution: float) -> None:
        """Weigh joins at another resolution from now on."""
        self._resolution = resolution

    def gain(self, one: int, other: int) -> float:
        """What the objective gains, mostly less than 0, where two topics become one."""
        chance = self._resolution * self._weight[one] * self._weight[other] / self._total
        return float(2 * (self.links[one].get(other, 0.0) - chance) / self._total)

    def nearest(self, topic: int) -> int | None:
        """The neighbour whose joining loses least, the lowest of equals; None where no edge leads out."""
        return min(self.links[topic], key=lambda other: (-self.gain(topic, other), other), default=None)

    def join(self, one: int, other: int) -> int:
        """Make two topics one, and return which of the two numbers it keeps: the lower."""
        kept, gone = min(one, other), max(one, other)
        self.size[kept] += self.size[gone]
        self._weight[kept] += self._weight[gone]
        self.size[gone], self._weight[gone] = 0, 0.0
        for third, weight in self.links[gone].items():
            del self.links[third][gone]
            if third != kept:
                self.links[kept][third] = self.links[third][kept] = self.links[kept].get(third, 0.0) + weight
        self.links[gone] = {}
        self._into[self._into == gone] = kept
        return kept

    def joins_down_to(self, wanted: int) -> Iterator[tuple[int, int, float]]:
        """Join the pair that gains most, again and again, until so many are left.

        Yields the number that is kept, the one that is gone, and the resolution at which the two would just join.
        Topics without an edge between them are joined last, the smallest first.
        """
        left = set(np.unique(self._into).tolist())
        waiting = [(-self.gain(one, other), one, other) for one in left for other in self.links[one] if one < other]
        heapq.heapify(waiting)
        while len(left) > wanted:
            pair = self._next(waiting) or self._apart(left)
            weights = self._weight[pair[0]] * self._weight[pair[1]]
            at = self.links[pair[0]].get(pair[1], 0.0) * self._total / weights if weights else 0.0
            kept = self.join(*pair)
            left.discard(max(pair))
            yield kept, max(pair), float(at)
            for third in self.links[kept]:
                one, other = min(kept, third), max(kept, third)
                heapq.heappush(waiting, (-self.gain(one, other), one, other))

    def _next(self, waiting: list[tuple[float, int, int]]) -> tuple[int, int] | None:
        while waiting:
            loss, one, other = heapq.heappop(waiting)
            # What has been joined since waits again under other numbers, or with another gain.
            if other in self.links[one] and -self.gain(one, other) == loss:
                return one, other
        return None

    def _apart(self, left: set[int]) -> tuple[int, int]:
        one, other = sorted(left, key=lambda topic: (self.size[topic], -topic))[:2]
        return min(one, other), max(one, other)

    def labels(self, given_up: list[int] | None = None) -> NDArray[np.int64]:
        """The topics as they are now, (n,) int64, numbered by first row. given_up: topics that become outliers."""
        into = self._into.copy()
        into[np.isin(into, given_up or [])] = -1
        return numbered_by_row(np.append(into, -1)[self._labels])


def _others(links: csr_matrix, topic: int) -> dict[int, float]:
    start, end = links.indptr[topic], links.indptr[topic + 1]
    ends, weights = links.indices[start:end].tolist(), links.data[start:end].tolist()
    return {other: weight for other, weight in zip(ends, weights, strict=True) if other != topic}
