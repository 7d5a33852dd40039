"""Loops of the layout that numba compiles for every core."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from topicloom.machine.jit import njit, prange

Array = Any
_WORTH_SHARING = 128  # edges of a round; fewer are done sooner by one core than shared out


class Edges(NamedTuple):
    """Edges in the order of their rounds.

    Args:
        left: (m,) one end of each.
        right: (m,) the other end.
        period: (m,) epochs between two uses.
        due: (m,) when each is used next; written.
        negative_due: (m,) when its ends are next pushed away from others; written.
    """

    left: Array
    right: Array
    period: Array
    due: Array
    negative_due: Array


class Forces(NamedTuple):
    """What moves documents.

    Args:
        a: Of UMAP's curve.
        b: Of UMAP's curve.
        alpha: How far a step goes.
        negatives: How many documents to move away from for each that is moved to.
    """

    a: np.float32
    b: np.float32
    alpha: np.float32
    negatives: float


@njit(cache=True)
def deal_into_rounds(left: Array, right: Array, documents: int, rounds: int) -> Any:
    """Deal edges into rounds in each of which no document has more than one edge; greedily, by the first that fits.

    left, right: (m,) ends of each edge. Returns (m,) int32 rounds; `rounds` for an edge that fits into none.
    """
    words = (rounds + 63) // 64
    taken = np.zeros((documents, words), dtype=np.uint64)
    dealt = np.full(len(left), rounds, dtype=np.int32)
    full = ~np.uint64(0)
    for edge in range(len(left)):
        for word in range(words):
            both = taken[left[edge], word] | taken[right[edge], word]
            if both != full:
                bit = 0
                while (both >> np.uint64(bit)) & np.uint64(1):
                    bit += 1
                if word * 64 + bit < rounds:
                    dealt[edge] = word * 64 + bit
                    taken[left[edge], word] |= np.uint64(1) << np.uint64(bit)
                    taken[right[edge], word] |= np.uint64(1) << np.uint64(bit)
                break
    return dealt


@njit(cache=True, parallel=True)
def layout_epoch(
    place: Array, before: Array, starts: Array, alone: int, edges: Edges, epoch: int, forces: Forces, random: Array
) -> None:
    """One epoch of a UMAP layout.

    place: (n, d) float32, moved. before: (n, d) float32, where documents stood when the epoch began; from there they
    are moved away. starts: where each round of edges begins; from round `alone` on, edges may share documents.
    random: (n,) uint64, a generator for each document.
    """
    for this in range(len(starts) - 1):
        first, last = starts[this], starts[this + 1]
        if this < alone and last - first >= _WORTH_SHARING:
            for edge in prange(first, last):
                _use(edge, edges, place, before, epoch, forces, random)
        else:
            for edge in range(first, last):
                _use(edge, edges, place, before, epoch, forces, random)


@njit(cache=True)
def _use(edge: int, edges: Edges, place: Array, before: Array, epoch: int, forces: Forces, random: Array) -> None:
    """Draw the two ends of an edge together, and push each away from some others: once for each direction."""
    if edges.due[edge] > epoch:
        return
    push_period = edges.period[edge] / forces.negatives
    wanted = int((epoch - edges.negative_due[edge]) / push_period)
    left, right = edges.left[edge], edges.right[edge]
    for row, other in ((left, right), (right, left)):
        _attract(place, row, other, forces)
        for _ in range(wanted):
            _repel(place, row, before, _draw(random, row) % np.uint64(len(place)), forces)
    edges.due[edge] += edges.period[edge]
    edges.negative_due[edge] += wanted * push_period


@njit(cache=True)
def _draw(random: Array, row: int) -> Any:
    """The next bits of a document's generator (Marsaglia's xorshift)."""
    state = random[row]
    state ^= state << np.uint64(13)
    state ^= state >> np.uint64(7)
    state ^= state << np.uint64(17)
    random[row] = state
    return state >> np.uint64(11)


@njit(cache=True)
def _squared_distance(place: Array, row: int, others: Array, other: int) -> Any:
    total = np.float32(0.0)
    for axis in range(place.shape[1]):
        difference = place[row, axis] - others[other, axis]
        total += difference * difference
    return total


@njit(cache=True)
def _attract(place: Array, row: int, other: int, forces: Forces) -> None:
    a, b = forces.a, forces.b
    distance = _squared_distance(place, row, place, other)
    if distance > 0.0:
        power = distance**b
        strength = -2.0 * a * b * power / (distance * (1.0 + a * power))
        for axis in range(place.shape[1]):
            step = strength * (place[row, axis] - place[other, axis])
            step = forces.alpha * min(max(step, np.float32(-4.0)), np.float32(4.0))
            place[row, axis] += step
            place[other, axis] -= step


@njit(cache=True)
def _repel(place: Array, row: int, others: Array, other: int, forces: Forces) -> None:
    a, b = forces.a, forces.b
    distance = _squared_distance(place, row, others, other)
    if distance > 0.0 and row != np.int64(other):
        strength = 2.0 * b / ((np.float32(0.001) + distance) * (1.0 + a * distance**b))
        for axis in range(place.shape[1]):
            step = strength * (place[row, axis] - others[other, axis])
            place[row, axis] += forces.alpha * min(max(step, np.float32(-4.0)), np.float32(4.0))
