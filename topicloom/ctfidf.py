"""Topics from clusters: BERTopic's numbering, c-TF-IDF words and representative documents."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicloom.errors import TopicloomError
from topicloom.settings import TopicModelSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class NoWordsError(TopicloomError):
    """The settings of section tmo.represent leave no words for the topics."""


@dataclass(frozen=True)
class Topic:
    """One topic as reports show it: get_topic_info's row, and the rows of its representative documents."""

    topic: int
    count: int
    name: str
    words: list[str]
    weights: list[float]
    representative_rows: list[int]


class _Reduced:
    """Stands in for UMAP: hands BERTopic the vectors that the reduce stage has made."""

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self._vectors = vectors

    def fit_transform(self, _embeddings: Any, y: Any = None) -> NDArray[np.float32]:  # noqa: ARG002
        return self._vectors


class _Clustered:
    """Stands in for HDBSCAN or KMeans: hands BERTopic the clusters that the cluster stage has found."""

    def __init__(self, clusters: NDArray[np.int64]) -> None:
        self.labels_ = clusters

    def fit(self, _vectors: Any, y: Any = None) -> None:  # noqa: ARG002
        return


def represent_topics(
    documents: Sequence[str],
    embeddings: NDArray[np.floating[Any]],
    clusters: NDArray[np.int64],
    settings: TopicModelSettings,
) -> Any:
    """Fit BERTopic to given clusters: number the topics by size and find their words and documents.

    documents: n texts. embeddings: (n, d), for the topics' centroids. clusters: (n,), -1 for outliers.
    Returns a fitted bertopic.BERTopic whose UMAP and cluster model are still to be put in (`topicloom.model`).
    Raises NoWordsError when stop words or min_df leave no vocabulary.
    Source: Grootendorst (2022), BERTopic: neural topic modeling with a class-based TF-IDF procedure.
    """
    from bertopic import BERTopic
    from bertopic.vectorizers import ClassTfidfTransformer
    from sklearn.feature_extraction.text import CountVectorizer

    represent = settings.represent
    model = BERTopic(
        umap_model=_Reduced(embeddings[:, :0]),
        hdbscan_model=_Clustered(clusters),
        vectorizer_model=CountVectorizer(
            ngram_range=represent.n_gram_range, stop_words=represent.stop_words, min_df=represent.min_df
        ),
        ctfidf_model=ClassTfidfTransformer(
            bm25_weighting=represent.bm25_weighting, reduce_frequent_words=represent.reduce_frequent_words
        ),
        n_gram_range=represent.n_gram_range,
        top_n_words=represent.top_n_words,
        language=represent.language,
        verbose=True,
    )
    try:
        model.fit_transform(list(documents), embeddings)
    except ValueError as error:
        if any(sign in str(error) for sign in ("vocabulary", "min_df", "no terms remain")):
            raise NoWordsError(f"tmo.represent leaves the topics without words ({error})") from error
        raise
    model.verbose = False  # it has told its progress; topic_distribution tells its own
    return model


def topics_of(model: Any, documents: Sequence[str]) -> list[Topic]:
    """The topics of a fitted BERTopic in the order of get_topic_info, outliers first.

    BERTopic knows representative documents by their text only; here each is a row of its own topic, so a text
    that other topics repeat is not marked there.
    """
    info = model.get_topic_info()
    rows = _rows_by_topic_and_text(documents, model.topics_)
    topics = []
    for topic, count, name in zip(info["Topic"], info["Count"], info["Name"], strict=True):
        words = model.get_topic(topic)
        left = {text: list(found) for text, found in rows[topic].items()}
        topics.append(
            Topic(
                topic=int(topic),
                count=int(count),
                name=str(name),
                words=[word for word, _ in words],
                weights=[float(weight) for _, weight in words],
                representative_rows=[left[text].pop(0) for text in model.representative_docs_[topic]],
            )
        )
    return topics


def _rows_by_topic_and_text(documents: Sequence[str], topics: Sequence[int]) -> dict[int, dict[str, list[int]]]:
    rows: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row, (document, topic) in enumerate(zip(documents, topics, strict=True)):
        rows[topic][document].append(row)
    return rows


def write_topics(path: Path, topics: Sequence[Topic]) -> None:
    """Write topics as JSON."""
    path.write_text(json.dumps([asdict(topic) for topic in topics], ensure_ascii=False), encoding="utf-8")


def read_topics(path: Path) -> list[Topic]:
    """Read what `write_topics` wrote."""
    return [Topic(**topic) for topic in json.loads(path.read_text(encoding="utf-8"))]
