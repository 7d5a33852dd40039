"""Loops of the layout that numba compiles for every core."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from topicloom.machine.jit import njit, prange

Array = Any
_CHUNK = 32  # documents that a core takes at a time: few, so that no core waits for the last of a block
_MAP = 2  # axes of a map
_FURTHEST = np.float32(4.0)  # along an axis, of one force: UMAP's bound

# The forces depend on the squared distance alone, and are read from a table of it, whose rows a float32 tells by its
# bits: exponent, and the first five bits of the fraction. Between two rows, 2 % apart, they are interpolated.
_LEAST, _LARGEST = -40, 24  # powers of two
_BITS = 5
_REST = 23 - _BITS
_REST_MASK = (1 << _REST) - 1
_FIRST_ROW = (127 + _LEAST) << _BITS
_ROWS = (_LARGEST - _LEAST) << _BITS
_PULL, _PUSH = 0, 1
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio: the step of splitmix64


class Edges(NamedTuple):
    """The edges of each document, both ways.

    Args:
        ends: (n + 1,) int64, where the edges of each document begin.
        other: (m,) int32, the other end of each.
        share: (m,) float32, in which share of the epochs it is used.
    """

    ends: Array
    other: Array
    share: Array


class Step(NamedTuple):
    """What all documents have in common in an epoch.

    Args:
        epoch: Its number.
        alpha: How far a step goes.
        negatives: How many documents to move away from for each edge that is used.
        seed: Of their draw.
    """

    epoch: int
    alpha: np.float32
    negatives: int
    seed: np.uint64


def table_of_forces(a: float, b: float) -> NDArray[np.float32]:
    """The pull towards a neighbour and the push away from another, by squared distance, as factors of the difference.

    a, b: of UMAP's curve. Returns (rows, 2) float32.
    """
    row = np.arange(_ROWS + 1)
    squared = 2.0 ** (_LEAST + (row >> _BITS)) * (1 + (row & ((1 << _BITS) - 1)) / (1 << _BITS))
    pull = -2.0 * a * b * squared ** (b - 1.0) / (1.0 + a * squared**b)
    push = 2.0 * b / ((0.001 + squared) * (1.0 + a * squared**b))
    return np.stack([pull, push], axis=1).astype(np.float32)


@njit(cache=True, parallel=True)
def move_block(place: Array, moved: Array, edges: Edges, forces: Array, step: Step, first: int, last: int) -> None:
    """Move the documents from `first` to before `last`, once for each of their edges that this epoch uses.

    place: (n, d) float32, where documents stand. moved: (n, d) float32; the block's rows are written.
    """
    axes = place.shape[1]
    chunks = (last - first + _CHUNK - 1) // _CHUNK
    for chunk in prange(chunks):
        here, apart = np.empty(axes, np.float32), np.empty(axes, np.float32)
        for row in range(first + chunk * _CHUNK, min(last, first + (chunk + 1) * _CHUNK)):
            for axis in range(axes):
                here[axis] = place[row, axis]
            if axes == _MAP:  # a number that is known when this is compiled: loops over it become single steps
                _move(row, here, place, edges, forces, step, apart, _MAP)
            else:
                _move(row, here, place, edges, forces, step, apart, axes)
            for axis in range(axes):
                moved[row, axis] = here[axis]


@njit(cache=True, inline="always")
def _move(
    row: int, here: Array, place: Array, edges: Edges, forces: Array, step: Step, apart: Array, axes: int
) -> None:
    """Move one document from where it stands, which is in `here`. `apart` is written over."""
    random = _mixed(_mixed(step.seed + np.uint64(row + 1) * _GOLDEN) + np.uint64(step.epoch + 1) * _GOLDEN)
    for edge in range(edges.ends[row], edges.ends[row + 1]):
        share = edges.share[edge]
        if np.int64(share * np.float32(step.epoch + 1)) == np.int64(share * np.float32(step.epoch)):
            continue  # its turn is in another epoch
        _pull(here, place, edges.other[edge], forces, step.alpha, apart, axes)
        _push(here, place, random, forces, step, apart, axes)
        random += np.uint64(step.negatives) * _GOLDEN


@njit(cache=True, inline="always")
def _pull(here: Array, places: Array, other: int, forces: Array, alpha: np.float32, apart: Array, axes: int) -> None:
    """Move a document twice towards another, which is taken to come as far to meet it, as it does in its own turn."""
    total = np.float32(0.0)
    for axis in range(axes):
        apart[axis] = here[axis] - places[other, axis]
        total += apart[axis] * apart[axis]
    for _ in range(2):
        strength = _strength(forces, _PULL, total)
        total = np.float32(0.0)
        for axis in range(axes):
            way = alpha * min(max(strength * apart[axis], -_FURTHEST), _FURTHEST)
            here[axis] += way
            apart[axis] += way + way
            total += apart[axis] * apart[axis]


@njit(cache=True, inline="always")
def _push(here: Array, places: Array, random: np.uint64, forces: Array, step: Step, away: Array, axes: int) -> None:
    """Move a document away from others that are drawn, by the sum of their forces on where it stands now.

    UMAP moves it after each of them. Here no force waits for the one before, so that the processor works on several.
    """
    for axis in range(axes):
        away[axis] = 0.0
    for _ in range(step.negatives):
        random += _GOLDEN
        other = np.int64(((_mixed(random) >> np.uint64(32)) * np.uint64(len(places))) >> np.uint64(32))
        squared = np.float32(0.0)
        for axis in range(axes):
            difference = here[axis] - places[other, axis]
            squared += difference * difference
        strength = _strength(forces, _PUSH, squared)  # none from itself
        for axis in range(axes):
            difference = here[axis] - places[other, axis]
            away[axis] += min(max(strength * difference, -_FURTHEST), _FURTHEST)
    for axis in range(axes):
        here[axis] += step.alpha * away[axis]


@njit(cache=True, inline="always")
def _strength(forces: Array, force: int, squared: Any) -> Any:
    """A force at a squared distance; none at the very same place."""
    bits = np.float32(squared).view(np.int32)
    row = (bits >> _REST) - _FIRST_ROW
    if row < 0:
        return np.float32(0.0)
    row = np.int32(min(row, np.int32(len(forces) - 2)))
    within = np.float32(bits & _REST_MASK) * np.float32(1.0 / (_REST_MASK + 1))
    return forces[row, force] + within * (forces[row + 1, force] - forces[row, force])


@njit(cache=True, inline="always")
def _mixed(number: np.uint64) -> Any:
    """Bits that look random, of a number (splitmix64, by Vigna)."""
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))
