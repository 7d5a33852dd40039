"""The tables that reports read, in the columns that the notebook gave them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicloom.clusters.main_clusters import REMAINDER
from topicloom.lineage.records import LastingTopic
from topicloom.output_files import COORDINATES, DATASET, ORPHANS, TOPIC_INFO
from topicloom.store.csv_tables import write_csv
from topicloom.words.topic_table import Topic

_LAST_COLUMNS = (
    "topic_uid",
    "topic_history",
    "raw_topic",
    "orphan_method",
    "orphan_score",
    "second_topic",
    "second_strength",
    "agreement",
)
OUTPUT_COLUMNS = frozenset(
    (
        *("Document", "Topic", "Name", "Representation", "Representative_Docs", "Top_n_words"),
        *("Probability", "Representative_document", "Score", "X_E", "X_C", "level0", "cl99", "cl-99"),
        *_LAST_COLUMNS,
    )
)
_TEXT_COLUMNS = ("Document", "Representative_Docs")


@dataclass(frozen=True)
class GivenOutliers:
    """Outliers that were given to a topic. method: by which measure. score: (n,), how near, NaN for other papers."""

    method: str
    score: NDArray[np.float64]


@dataclass(frozen=True)
class SecondBest:
    """The topic after its own that each paper is tied to most, (n,), -1 for none; and how strongly, (n,)."""

    topic: NDArray[np.int64]
    strength: NDArray[np.float64]


@dataclass(frozen=True)
class Results:
    """What the stages found, row by row of the corpus file.

    identifiers: (n rows) UT, uuid where known, and the corpus's other columns. texts: n. text_position: where the
    column text stood among the corpus's columns, which orphans.csv keeps. topics: (n,).
    probability: (n,) or None under KMeans. score: (n,). coordinates: (n, 2). placed: (n,) bool, among papers fitted
    before. assigned, orphans: row numbers. level0: one entry per assigned row. topic_table: outliers first. lasting:
    the topics under their lasting ids, in the order of their numbers. given: of outliers that were given to a topic, or
    None where all stayed. agreement: (n,) share of the seeds that put a paper where it is, or None for one seed.
    """

    identifiers: pd.DataFrame
    texts: Sequence[str]
    text_position: int
    topics: NDArray[np.int64]
    probability: NDArray[np.float64] | None
    score: NDArray[np.float64]
    coordinates: NDArray[np.float32]
    placed: NDArray[np.bool_]
    assigned: NDArray[np.int64]
    orphans: NDArray[np.int64]
    level0: NDArray[np.int64]
    topic_table: Sequence[Topic]
    lasting: Sequence[LastingTopic]
    given: GivenOutliers | None = None
    agreement: NDArray[np.float64] | None = None
    second: SecondBest | None = None


def topic_info(results: Results, *, texts: bool = True) -> pd.DataFrame:
    """BERTopic's get_topic_info, outliers first, with the lasting ids.

    Topic, Count, Name, Representation, Representative_Docs, topic_uid, topic_history.
    """
    table = results.topic_table
    info = pd.DataFrame(
        {
            "Topic": [topic.topic for topic in table],
            "Count": [topic.count for topic in table],
            "Name": [topic.name for topic in table],
            "Representation": [topic.words for topic in table],
            "Representative_Docs": [[results.texts[row] for row in topic.representative_rows] for topic in table],
        }
    )
    add_lasting_ids(info, results)
    return info if texts else info.drop(columns="Representative_Docs")


def add_lasting_ids(table: pd.DataFrame, results: Results) -> None:
    """Add topic_uid and topic_history as the last columns of a table that has Topic; outliers have "" in both."""
    for column, values in (
        ("topic_uid", {topic.topic: topic.uid for topic in results.lasting}),
        ("topic_history", {topic.topic: topic.history for topic in results.lasting}),
    ):
        table[column] = table["Topic"].map(values).fillna("")


def document_info(results: Results, *, texts: bool = True) -> pd.DataFrame:
    """BERTopic's get_document_info with Score, one row a document in the order of the corpus file.

    Columns: those of corpus.csv, then Document to Score and the lasting ids; where outliers were given to topics also
    raw_topic, orphan_method and orphan_score, where topics come from the graph second_topic and second_strength, and
    where seeds have voted agreement; without the texts where `texts` is
    false. A column of the corpus that has the name of an output column gives way to it.
    """
    documents = results.identifiers.reset_index(drop=True)
    documents.insert(results.text_position, "text", pd.Series(results.texts, dtype=object))
    documents = documents.drop(columns=[name for name in documents.columns if name in OUTPUT_COLUMNS])
    by_topic = topic_info(results).set_index("Topic")
    topics = pd.Series(results.topics)
    documents["Document"] = documents["text"]
    documents["Topic"] = topics
    for column in ("Name", "Representation", "Representative_Docs"):
        documents[column] = topics.map(by_topic[column])
    documents["Top_n_words"] = topics.map({topic.topic: " - ".join(topic.words) for topic in results.topic_table})
    documents["Probability"] = np.nan if results.probability is None else results.probability
    representative = [row for topic in results.topic_table for row in topic.representative_rows]
    documents["Representative_document"] = np.isin(np.arange(len(documents)), representative)
    documents["Score"] = results.score
    add_lasting_ids(documents, results)
    if results.given:
        was_outlier = ~np.isnan(results.given.score)
        documents["raw_topic"] = np.where(was_outlier, -1, results.topics)
        documents["orphan_method"] = np.where(was_outlier, results.given.method, "")
        documents["orphan_score"] = results.given.score
    if results.second is not None:
        documents["second_topic"] = results.second.topic
        documents["second_strength"] = results.second.strength.round(4)
    if results.agreement is not None:
        documents["agreement"] = results.agreement.round(4)
    return documents if texts else documents.drop(columns=["text", *_TEXT_COLUMNS])


def dataset_minimal(documents: pd.DataFrame, results: Results) -> pd.DataFrame:
    """The assigned documents with X_E, X_C, level0, cl99 and cl-99, in the columns that reports read, then the
    lasting ids.

    documents: what `document_info` returned for these results.
    """
    dataset = documents.iloc[results.assigned].reset_index(drop=True)
    dataset = dataset.drop(columns="text", errors="ignore")
    dataset["X_E"] = dataset["Score"]
    dataset["X_C"] = dataset["Topic"] + 1
    dataset["level0"] = results.level0
    dataset["cl99"] = dataset["level0"] == REMAINDER
    dataset["cl-99"] = dataset["level0"] == REMAINDER
    last = [column for column in _LAST_COLUMNS if column in dataset.columns]
    return dataset[[*dataset.columns.drop(last), *last]]


def document_coordinates(results: Results) -> pd.DataFrame:
    """Two-dimensional coordinates of every document: uuid where known, UT, x, y, Topic, orphan, topic_uid, placed."""
    columns = [column for column in ("uuid", "UT") if column in results.identifiers.columns]
    coordinates = results.identifiers[columns].reset_index(drop=True)
    coordinates["x"] = results.coordinates[:, 0]
    coordinates["y"] = results.coordinates[:, 1]
    coordinates["Topic"] = results.topics
    coordinates["orphan"] = results.topics == -1
    coordinates["topic_uid"] = coordinates["Topic"].map({t.topic: t.uid for t in results.lasting}).fillna("")
    coordinates["placed"] = results.placed
    return coordinates


def write_tables(results: Results, folder: Path, *, texts: bool = True, escape_formulas: bool = False) -> None:
    """Write topic_model_info.csv, orphans.csv (if there are orphans), dataset_minimal.csv and document_coords.csv."""

    def write(table: pd.DataFrame, name: str) -> None:
        write_csv(table, folder / name, escape_formulas=escape_formulas)

    write(topic_info(results, texts=texts), TOPIC_INFO)
    documents = document_info(results, texts=texts)
    if len(results.orphans):
        write(documents.iloc[results.orphans], ORPHANS)
    write(dataset_minimal(documents, results), DATASET)
    write(document_coordinates(results), COORDINATES)


def columns_giving_way(identifiers: pd.DataFrame) -> list[str]:
    """Columns of the corpus that give way to an output column of the same name."""
    return [str(name) for name in identifiers.columns if name in OUTPUT_COLUMNS]
