"""The largest of many values, the same on every processor.

numpy sorts by other code on other processors, and its quicksort and its partition leave equal values in another order
on each. So what is chosen and shown by size is settled here by the values, and of equal ones by a stated rule.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def largest(
    values: NDArray[np.floating[Any]], most: int, ties: NDArray[np.integer[Any]] | None = None
) -> NDArray[np.int64]:
    """Where the largest values stand, the largest first.

    Args:
        values: (m,) floats or integers, no NaN among them.
        most: How many, at least 1.
        ties: (m,) Of equal values the one with the smaller number comes first; the one that stands first by default.

    Returns:
        (most,) places in `values`; all m where there are no more.

    Example:
        >>> largest(np.array([2.0, 5.0, 5.0]), 2, ties=np.array([0, 2, 1])).tolist()
        [2, 1]
    """
    places = np.arange(len(values))
    if most < len(values):
        # The value at a place of the sorted array is the same however it is found; only its place may differ.
        least = np.partition(values, len(values) - most)[len(values) - most]
        places = np.flatnonzero(values >= least)
    order = places if ties is None else ties[places]
    return places[np.lexsort((order, -values[places]))[:most]].astype(np.int64)
