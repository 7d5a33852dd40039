"""Sorting of large integer keys, and searching among them, on every core."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

_WORTH_SHARING = 200_000
_SAMPLE = 4096


def sort_keys(keys: NDArray[np.int64], threads: int = 1) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sorted keys, and for each where it stood; equal keys in the order in which they stood.

    Args:
        keys: (m,) int64, none negative.
        threads: Threads to sort with; the result is the same for any.

    Returns:
        The keys in order, and where each stood, both (m,) int64.

    Example:
        >>> keys, stood = sort_keys(np.array([7, 3, 7]))
        >>> keys.tolist(), stood.tolist()
        ([3, 7, 7], [1, 0, 2])
    """
    bits = max(len(keys) - 1, 1).bit_length()
    if len(keys) and int(keys.max()).bit_length() + bits > np.iinfo(np.int64).bits - 1:
        order = np.argsort(keys, kind="stable")
        return keys[order], order
    # Key and place in one number: sorting numbers is faster than sorting places by them, and never unstable.
    both = (keys << bits) | np.arange(len(keys), dtype=np.int64)
    both = _sorted(both, threads)
    return both >> bits, both & ((1 << bits) - 1)


def search_keys(keys: NDArray[np.int64], wanted: NDArray[np.int64], threads: int = 1) -> NDArray[np.int64]:
    """Where each wanted key stands among sorted keys, or would stand, as numpy's searchsorted.

    Args:
        keys: Sorted, int64.
        wanted: (m,) int64, in any order.
        threads: Threads to search with; the result is the same for any.

    Returns:
        (m,) int64.

    Example:
        >>> search_keys(np.array([3, 7, 9]), np.array([7, 8])).tolist()
        [1, 2]
    """
    starts = range(0, len(wanted), max(-(-len(wanted) // threads), _WORTH_SHARING))
    found = np.empty(len(wanted), dtype=np.int64)

    def part(start: int, end: int) -> None:
        found[start:end] = np.searchsorted(keys, wanted[start:end])

    with ThreadPoolExecutor(max_workers=threads) as pool:
        list(pool.map(part, starts, [*starts[1:], len(wanted)]))
    return found


def _sorted(values: NDArray[np.int64], threads: int) -> NDArray[np.int64]:
    if threads < 2 or len(values) < _WORTH_SHARING:
        values.sort()
        return values
    sample = np.sort(values[:: max(len(values) // _SAMPLE, 1)])
    pivots = sample[np.linspace(0, len(sample), threads + 1).astype(np.int64)[1:-1]]
    share = np.searchsorted(pivots, values, side="right") if threads > 2 else (values >= pivots[0])

    def part(number: int) -> NDArray[np.int64]:
        chosen: NDArray[np.int64] = values[share == number]
        chosen.sort()
        return chosen

    with ThreadPoolExecutor(max_workers=threads) as pool:
        parts: list[NDArray[np.int64]] = list(pool.map(part, range(threads)))
    return np.concatenate(parts)
