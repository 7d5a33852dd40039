"""How typical a paper is of its topic, by its embedding."""

from __future__ import annotations

import itertools
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicloom.measures.similarity import unit_vectors

TYPICAL = 3  # papers of a topic that are named as the most typical
THIRDS: Final = ("core", "middle", "periphery")
_BOUNDS = (66.7, 33.3)  # above the first is the core, up to the second the periphery; typicality has one decimal


def typicality(
    vectors: NDArray[np.floating[Any]], topics: NDArray[np.int64], means: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    """The rank of each paper within its topic, by the cosine of its embedding with the topic's mean.

    Args:
        vectors: (n, d) embeddings.
        topics: (n,) numbers of topics, -1 for outliers.
        means: (t, d) mean embeddings, of topic 0 to t - 1.

    Returns:
        (n,) the percentage of the topic's papers that are as typical or less: 100 is the paper nearest to the mean.
        NaN for outliers.

    Example:
        >>> vectors = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
        >>> typicality(vectors, np.array([0, 0, -1]), np.array([[1.0, 0.1]])).tolist()
        [100.0, 50.0, nan]
    """
    found = np.full(len(topics), np.nan)
    order = np.argsort(topics, kind="stable")
    bounds = np.searchsorted(topics[order], np.arange(len(means) + 1))
    directions = unit_vectors(means)
    for topic, (start, end) in enumerate(itertools.pairwise(bounds)):
        rows = order[start:end]
        cosine = (unit_vectors(vectors[rows]) @ directions[topic]).round(9)  # processors differ in the last digits
        found[rows] = 100 * np.searchsorted(np.sort(cosine), cosine, side="right") / max(len(rows), 1)
    return found


def thirds(typicality: pd.Series[float]) -> NDArray[np.int64]:
    """Which third of its topic each paper is in.

    Args:
        typicality: (n,) as `typicality` finds it, NaN for outliers.

    Returns:
        (n,) the place of the third in `THIRDS`, -1 for outliers.

    Example:
        >>> thirds(pd.Series([100.0, 66.7, 33.3, None])).tolist()
        [0, 1, 2, -1]
    """
    values = typicality.to_numpy(dtype=float)
    found = (values <= _BOUNDS[0]).astype(np.int64) + (values <= _BOUNDS[1])
    return np.where(np.isnan(values), -1, found)


def most_typical(papers: pd.DataFrame) -> dict[int, list[str]]:
    """UT of the most typical papers of each topic, at most three, the most typical first; of equals the first row.

    Args:
        papers: With columns UT, Topic and Typicality.

    Returns:
        By topic, outliers left out.

    Example:
        >>> papers = pd.DataFrame({"UT": ["a", "b", "c"], "Topic": [0, 0, -1], "Typicality": [50.0, 100.0, None]})
        >>> most_typical(papers)
        {0: ['b', 'a']}
    """
    ordered = papers[papers["Topic"] != -1].sort_values("Typicality", ascending=False, kind="stable")
    found: dict[int, list[str]] = {}
    for topic, ut in zip(ordered["Topic"], ordered["UT"], strict=True):
        of_topic = found.setdefault(int(topic), [])
        if len(of_topic) < TYPICAL:
            of_topic.append(str(ut))
    return found
