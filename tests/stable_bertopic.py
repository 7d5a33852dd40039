"""BERTopic with its sorts made stable, so that equal sizes, weights and similarities fall alike on every processor.

BERTopic calls pandas' and numpy's default sorts and numpy's partition. In which order these leave equal values depends
on the processor. Here each of these calls keeps BERTopic's order where values differ, and where they are equal
follows the rule that topicloom states.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest


class _StableNumpy:
    """numpy as BERTopic's module sees it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def argsort(self, values, axis=-1):
        return np.argsort(values, axis, kind="stable")

    def argpartition(self, values, kth):
        """The largest last, as `[kth:]` takes them; of these the largest first, of equal ones the first."""
        order = np.argsort(-values, kind="stable")
        return np.concatenate([order[-kth:], order[:-kth]]) if kth else order


def _heaviest(matrix, n):
    """The columns of a row's largest entries, the lightest first, of equal ones the last column first."""
    found = []
    for start, end in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True):
        columns, data = matrix.indices[start:end], matrix.data[start:end]
        taken = columns[np.lexsort((columns, -data))][:n][::-1].tolist()
        found.append([*taken, *[None] * (n - len(taken))])
    return np.array(found)


@contextlib.contextmanager
def stable_sorts() -> Iterator[None]:
    """While it is open, BERTopic sorts stably."""
    from bertopic import BERTopic, _bertopic

    sort_values, drop_duplicates = pd.DataFrame.sort_values, pd.DataFrame.drop_duplicates

    def stably(frame, *arguments, kind="stable", **options):
        return sort_values(frame, *arguments, kind=kind, **options)

    def sample_by_row(frame):
        """What BERTopic draws of a topic's documents, in the order of the corpus."""
        return drop_duplicates(frame).sort_index()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pd.DataFrame, "sort_values", stably)
        patch.setattr(pd.DataFrame, "drop_duplicates", sample_by_row)
        patch.setattr(BERTopic, "_top_n_idx_sparse", staticmethod(_heaviest))
        patch.setattr(_bertopic, "np", _StableNumpy())
        yield
