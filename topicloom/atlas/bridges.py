"""Bridges: papers that are about two topics almost alike, and the topics that they join."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicloom.atlas.shares import shares_of
from topicloom.phrasing import BETWEEN

NEARLY = 0.8  # of the larger share; a second share from there on makes a bridge
_EXAMPLES = 3
_COLUMNS = ("Topic", "OtherTopic", "Papers", "UTs")


def bridges(shares: csr_matrix, topics: NDArray[np.int64], identifiers: pd.Series[str]) -> pd.DataFrame:
    """Count the papers between each two topics.

    A paper is a bridge where its second topic's share is at least 0.8 of the larger of the two.

    Args:
        shares: Sparse (n, t), how much of each paper is about each topic.
        topics: (n,) the topic of each paper, -1 for outliers.
        identifiers: (n,) UT of each paper.

    Returns:
        A row a pair of topics that any paper joins, the most papers first: Topic and OtherTopic (the lower number
        first), Papers, UTs (the three that are most about both, joined by " | ").

    Example:
        >>> shares = csr_matrix([[0.5, 0.45], [0.2, 0.8], [0.4, 0.5]])
        >>> bridges(shares, np.array([0, 1, 1]), pd.Series(["a", "b", "c"])).values.tolist()
        [[0, 1, 2, 'a | c']]
    """
    own, second, share = shares_of(shares, topics)
    joins = np.flatnonzero((topics >= 0) & (second >= 0) & (share >= NEARLY * np.maximum(share, own)))
    frame = pd.DataFrame(
        {
            "Topic": np.minimum(topics[joins], second[joins]),
            "OtherTopic": np.maximum(topics[joins], second[joins]),
            "both": np.round(np.minimum(share, own)[joins], 12),
            "UTs": identifiers.to_numpy()[joins].astype(str),
        }
    ).sort_values(["both", "UTs"], ascending=[False, True], kind="stable")
    pairs = frame.groupby(["Topic", "OtherTopic"], sort=True)["UTs"]
    found = pairs.agg(Papers="size", UTs=lambda names: BETWEEN.join(names.head(_EXAMPLES))).reset_index()
    found = found.sort_values(["Papers", "Topic", "OtherTopic"], ascending=[False, True, True], kind="stable")
    return found.reset_index(drop=True)[list(_COLUMNS)]
