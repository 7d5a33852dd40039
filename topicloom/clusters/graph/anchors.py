"""Anchors: one node for each topic of the run before, tied to each of its papers, so that a topic holds together unless
the evidence outweighs it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import bmat, csr_matrix

from topicloom.clusters.graph.partition import membership_matrix, numbered_by_row


@dataclass(frozen=True)
class Anchors:
    """The topics of the run before, as the papers of now know them.

    Args:
        topics: (n,) int64, the earlier topic of each paper; -1 for a new paper and for one that had none.
        weight: Of the edge between an anchor and each of its papers; an edge between papers with the very same
            neighbours has 1.
    """

    topics: NDArray[np.int64]
    weight: float

    @property
    def held(self) -> bool:
        """Whether there is anything to hold on to."""
        return self.weight > 0 and bool((self.topics >= 0).any())


def anchors_of(
    papers: NDArray[np.str_], earlier_papers: NDArray[np.str_], earlier_topics: NDArray[np.int64], weight: float
) -> Anchors:
    """Tie the topics of an earlier run to the papers of now.

    Args:
        papers: (n,) UT of the papers now, each once.
        earlier_papers: (m,) UT of the earlier run, in any order.
        earlier_topics: (m,) int64, their topics, -1 for none.
        weight: 0 or more.

    Returns:
        Anchors; a topic whose papers are all gone has none, and new papers are free.

    Example:
        >>> anchors_of(np.array(["a", "b"]), np.array(["b", "c"]), np.array([4, 7]), 0.5).topics.tolist()
        [-1, 0]
    """
    place = pd.Index(earlier_papers.astype(str)).get_indexer(papers.astype(str))
    topics = np.where(place >= 0, np.append(earlier_topics, -1)[place], -1)
    return Anchors(numbered_by_row(topics.astype(np.int64)), weight)


def anchored(graph: csr_matrix, anchors: Anchors | None) -> csr_matrix:
    """The graph with its anchors, which come after the papers.

    Args:
        graph: (n, n) symmetric weights.
        anchors: Of t topics of the run before; None for no such run.

    Returns:
        (n + t, n + t) float64, symmetric; without any anchor the graph itself.

    Example:
        >>> two = csr_matrix(np.array([[0.0, 1.0], [1.0, 0.0]]))
        >>> anchored(two, Anchors(np.array([-1, 0]), 0.5)).toarray().tolist()
        [[0.0, 1.0, 0.0], [1.0, 0.0, 0.5], [0.0, 0.5, 0.0]]
    """
    if anchors is None or not anchors.held:
        return graph
    ties = anchors.weight * membership_matrix(anchors.topics, int(anchors.topics.max()) + 1)
    whole = csr_matrix(bmat([[graph, ties], [ties.T, None]], format="csr", dtype=np.float64))
    whole.sort_indices()
    return whole
