"""Topics that are no field: papers that have nothing in common but that they lack an abstract."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NO_ABSTRACT: Final = "papers without abstract"  # the label of such a topic, and why it has no trend
GREY: Final = "#8A8F98"  # its colour
_MOST = 0.5  # of a topic's papers


def without_abstract(papers: pd.DataFrame, topics: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of the papers of each topic that have no abstract.

    Args:
        papers: With columns Topic and Abstract (bool, whether there is one).
        topics: (t,) numbers of the topics.

    Returns:
        (t,) float64 from 0 to 1.

    Example:
        >>> papers = pd.DataFrame({"Topic": [0, 0, 1], "Abstract": [True, False, True]})
        >>> without_abstract(papers, np.array([0, 1])).tolist()
        [0.5, 0.0]
    """
    lacking = (~papers["Abstract"]).groupby(papers["Topic"]).mean()
    return np.asarray(lacking.reindex(topics).fillna(0.0), dtype=np.float64)


def no_fields(papers: pd.DataFrame, topics: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which topics are no field, since half of their papers or more have no abstract.

    Args:
        papers: With columns Topic and Abstract (bool, whether there is one).
        topics: (t,) numbers of the topics.

    Returns:
        (t,) bool, all False where half of all papers or more have no abstract: such a corpus is one of titles, and
        tells no paper apart by that.

    Example:
        >>> papers = pd.DataFrame({"Topic": [0, 0, 1], "Abstract": [True, False, True]})
        >>> no_fields(papers, np.array([0, 1])).tolist()
        [True, False]
    """
    if len(papers) == 0 or (~papers["Abstract"]).mean() >= _MOST:
        return np.zeros(len(topics), dtype=bool)
    found: NDArray[np.bool_] = without_abstract(papers, topics) >= _MOST
    return found
