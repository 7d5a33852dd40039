"""Measures of how good a set of topics is, each with a sentence that says how to read it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import silhouette_score

from topicloom.measures.coherence import coherence
from topicloom.measures.similarity import topic_similarity
from topicloom.words.tokens import Tokens

WORDS = 10  # of a topic, as in the literature
_SILHOUETTE_SAMPLE = 10_000  # documents; all pairs of them are compared
_REDUNDANT = 0.9  # cosine similarity from which on two topics are taken to say the same
_MOST_PAIRS = 20

READ = {
    "npmi": (
        "NPMI coherence, from -1 to 1: how much more often than by chance the words of a topic stand within ten words "
        "of each other. Above 0.1 people mostly find a topic coherent; around 0 its words have nothing to do with "
        "each other."
    ),
    "c_v": (
        "C_v coherence, from 0 to 1: how alike the company is that the words of a topic keep within 110 words. It "
        "agrees best with people's judgement (about 0.4 is poor, 0.7 good) but favours rare words; read it beside NPMI."
    ),
    "diversity": (
        "Share of different words among the ten words of all topics, from 0 to 1. Near 1 every topic has its own "
        "words; low values say that topics repeat each other, or that stop words fill them."
    ),
    "outlier_share": (
        "Share of the papers that belong to no topic. HDBSCAN leaves out what is not dense; a third is common, and a "
        "smaller min_topic_size lowers it. KMeans leaves nothing out."
    ),
    "silhouette": (
        "Silhouette on the reduced vectors, from -1 to 1: how much nearer papers are to their own cluster than to the "
        "next, outliers left aside. It favours round clusters, so compare it only between runs on the same papers."
    ),
    "modularity": (
        "Modularity of the topics in the neighbour graph, below 1: how much more of the edge weight lies within topics "
        "than by chance, at the resolution of the run. Compare it only between runs of one resolution."
    ),
    "conductance": (
        "Mean share of a topic's edge weight that leaves it, from 0 to 1. Low values say that topics stand apart; "
        "topics of one field always touch, and the smaller they are the more."
    ),
    "seed_agreement": (
        "Adjusted Rand index of what each two of the seeds found before they voted, from 0 to 1. 1: every seed finds "
        "the same topics. Where topics are tied to the run before, of the topics without that tie."
    ),
    "given_up": (
        "Share of the modularity that was given up so that topics stay those of the run before; 0.01 is a hundredth. "
        "Where it grows from run to run, a smaller tmo.graph.inertia lets topics change. None without an earlier run."
    ),
    "redundancy": (
        "Mean similarity (cosine of mean embeddings) of each topic to the one that is most like it. Topics of one "
        "field are always alike; the pairs above 0.9, listed apart, may be one topic in two."
    ),
}


def topic_quality(
    topics: NDArray[np.int64],
    words: Sequence[Sequence[str]],
    tokens: Tokens,
    vectors: NDArray[np.floating[Any]],
    reduced: NDArray[np.floating[Any]] | None,
    seed: int,
    more: Mapping[str, float | None] | None = None,
) -> dict[str, Any]:
    """Measure topics, as topic_quality.json holds it.

    Args:
        topics: (n,) topic of each document, -1 for outliers.
        words: Single words of each of the t topics, the heaviest first.
        tokens: The words of all documents.
        vectors: (t, d) mean embeddings of the topics.
        reduced: (n, r) reduced vectors of the documents, or None where there are none, and no silhouette.
        seed: Of the silhouette's sample.
        more: Measures that are known already, by name.

    Returns:
        `measures` (value, how to read it), `topics` (npmi, c_v, nearest topic and its similarity, by number) and
        `redundant_pairs`. A measure that cannot be taken is None.

    Example:
        >>> from topicloom.words.tokens import tokenise
        >>> tokens = tokenise(["deep maps"] * 3 + ["cell growth"] * 3, "english")
        >>> words, topics = [["deep", "maps"], ["cell", "growth"]], np.array([0, 0, 0, 1, 1, -1])
        >>> found = topic_quality(topics, words, tokens, np.eye(2), reduced=None, seed=100)
        >>> {name: found["measures"][name]["value"] for name in ("npmi", "diversity", "outlier_share")}
        {'npmi': 1.0, 'diversity': 1.0, 'outlier_share': 0.1667}
    """
    first = [list(of_topic)[:WORDS] for of_topic in words]
    npmi, c_v = coherence(first, tokens)
    similarity = topic_similarity(vectors)
    np.fill_diagonal(similarity, -np.inf)
    many = len(words) > 1
    nearest = similarity.argmax(axis=1) if many else np.zeros(len(words), dtype=int)
    to_nearest = similarity.max(axis=1) if many else np.full(len(words), np.nan)
    values = {
        "npmi": _mean(npmi),
        "c_v": _mean(c_v),
        "diversity": diversity(first),
        "outlier_share": _rounded(float((topics == -1).mean())),
        **({} if reduced is None else {"silhouette": silhouette(reduced, topics, seed)}),
        "redundancy": _mean(to_nearest),
        **(more or {}),
    }
    return {
        "measures": {name: {"value": value, "how_to_read": READ[name]} for name, value in values.items()},
        "words_per_topic": WORDS,
        "topics": [
            {
                "topic": number,
                "npmi": _rounded(npmi[number]),
                "c_v": _rounded(c_v[number]),
                "nearest_topic": int(nearest[number]) if many else None,
                "similarity": _rounded(to_nearest[number]),
            }
            for number in range(len(words))
        ],
        "redundant_pairs": _redundant_pairs(similarity),
    }


def diversity(words: Sequence[Sequence[str]]) -> float | None:
    """Share of different words among the words of all topics.

    Args:
        words: Words of each topic.

    Returns:
        Above 0 up to 1, which says that no two topics share a word, to four decimals; None without any word.

    Example:
        >>> diversity([["deep", "maps"], ["deep", "cell"]])
        0.75

    Source: Dieng, Ruiz and Blei (2020), Topic modeling in embedding spaces, section 5.
    """
    total = sum(len(of_topic) for of_topic in words)
    return _rounded(len({word for of_topic in words for word in of_topic}) / total) if total else None


def silhouette(reduced: NDArray[np.floating[Any]], topics: NDArray[np.int64], seed: int) -> float | None:
    """scikit-learn's silhouette score of the assigned documents, of a sample of 10,000 where there are more.

    Args:
        reduced: (n, r) reduced vectors of the documents.
        topics: (n,) int64, the topic of each document, -1 for outliers.
        seed: Of the sample.

    Returns:
        -1 to 1, to four decimals; None where there are not two topics, or no more documents than topics.

    Example:
        >>> silhouette(np.array([[0.0], [1.0], [9.0], [10.0]]), np.array([0, 0, 1, 1]), seed=1)
        0.8885

    Source: Rousseeuw (1987), Silhouettes: a graphical aid to the interpretation and validation of cluster analysis.
    """
    assigned = np.flatnonzero(topics != -1)
    if len(assigned) > _SILHOUETTE_SAMPLE:
        assigned = np.sort(np.random.default_rng(seed).choice(assigned, _SILHOUETTE_SAMPLE, replace=False))
    labels = topics[assigned]
    if not 2 <= len(np.unique(labels)) < len(labels):
        return None
    return _rounded(float(silhouette_score(reduced[assigned], labels)))


def _redundant_pairs(similarity: NDArray[np.float64]) -> list[dict[str, Any]]:
    """The most similar pairs of topics from `_REDUNDANT` on, most similar first. similarity: (t, t)."""
    rows, columns = np.nonzero(np.triu(similarity, k=1) >= _REDUNDANT)
    order = np.argsort(-similarity[rows, columns], kind="stable")[:_MOST_PAIRS]
    return [
        {"topic": int(rows[i]), "other": int(columns[i]), "similarity": _rounded(similarity[rows[i], columns[i]])}
        for i in order
    ]


def _mean(values: NDArray[np.float64]) -> float | None:
    known = values[np.isfinite(values)]
    return _rounded(float(known.mean())) if len(known) else None


def _rounded(value: float) -> float | None:
    return round(float(value), 4) if math.isfinite(value) else None
