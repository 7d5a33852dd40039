"""Topics of several analyses compared: by the papers they share, and by their embeddings."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicloom.atlas.names import unique
from topicloom.errors import InputError, Problem
from topicloom.figures.style import drawable
from topicloom.measures.similarity import unit_vectors
from topicloom.output_files import COORDINATES, SUMMARY, TOPIC_INFO
from topicloom.phrasing import number_of
from topicloom.settings.schema import Settings
from topicloom.stage_names import REPRESENT
from topicloom.store.csv_tables import read_back
from topicloom.store.run_record import read_record
from topicloom.store.store import Store
from topicloom.words.topic_table import without_outliers

_NEAREST = 3  # topics of the other analysis that stand in the table for their embeddings alone


class ComparisonError(InputError):
    """An analysis cannot be compared: it has not been run, or is given twice."""


@dataclass(frozen=True)
class Analysis:
    """The topics of one analysis.

    name: PROJECT/ANALYSIS, or less where that suffices. topics: Topic, Label, Count, Colour, outliers left out.
    of_paper: topic by UT, -1 for outliers. vectors: (t, d) unit mean embeddings, or None where the store has lost them.
    """

    name: str
    topics: pd.DataFrame
    of_paper: pd.Series[int]
    vectors: NDArray[np.float64] | None


@dataclass(frozen=True)
class Pair:
    """Two analyses. shared: (t + 1, u + 1) papers by topics of both, the last row and column outliers.
    similarity: (t, u) cosine of mean embeddings, or None where they are not of one kind.
    """

    one: Analysis
    other: Analysis
    shared: NDArray[np.int64]
    similarity: NDArray[np.float64] | None

    @property
    def overlap(self) -> NDArray[np.float64]:
        """Jaccard index of each two topics, (t, u): shared papers over those of either."""
        shared = self.shared[:-1, :-1]
        either = self.one.topics["Count"].to_numpy()[:, None] + self.other.topics["Count"].to_numpy()[None] - shared
        overlap: NDArray[np.float64] = shared / np.maximum(either, 1)
        return overlap


def read_analysis(settings: Settings) -> Analysis:
    """The topics of an analysis from its exported files. Raises ComparisonError where it has not been run."""
    folder = settings.analysis_path
    if not (folder / COORDINATES).is_file() or not (folder / TOPIC_INFO).is_file():
        raise ComparisonError(
            folder, Problem("It has no exported topics.", f"Run it first: topicloom run {settings.analysis_path}")
        )
    papers = _table(settings, COORDINATES, ["UT", "Topic"])
    info = _table(settings, TOPIC_INFO, ["Topic", "Count", "Name"])
    topics = without_outliers(info, int(info["Topic"].max()) + 1).reset_index(drop=True)
    topics = topics.rename(columns={"Name": "Label"}).assign(Colour="#0072B2")
    if (folder / SUMMARY).is_file():
        summary = _table(settings, SUMMARY, ["Topic", "Label", "Colour"])
        if list(summary["Topic"]) == list(topics["Topic"]):
            topics[["Label", "Colour"]] = summary[["Label", "Colour"]]
    topics["Label"] = unique([drawable(str(label)) for label in topics["Label"]])
    of_paper = pd.Series(papers["Topic"].to_numpy(), index=papers["UT"])
    return Analysis(settings.label, topics, of_paper, _vectors(settings, len(topics)))


def _table(settings: Settings, name: str, columns: Sequence[str]) -> pd.DataFrame:
    """Columns of an exported table, their texts without what keeps spreadsheets from reading them as formulas."""
    path = settings.analysis_path / name
    table = pd.read_csv(path, dtype={"UT": str}, usecols=list(columns), keep_default_na=False)
    return read_back(table, read_record(settings))


def _vectors(settings: Settings, topics: int) -> NDArray[np.float64] | None:
    key = read_record(settings).get("stages", {}).get(REPRESENT, {}).get("key", "")
    path = Store(settings.store_path).folder(REPRESENT, key) / "topic_embeddings.npy"
    if not path.is_file():
        return None
    vectors = np.load(path)
    return unit_vectors(without_outliers(vectors, topics)) if topics else None


def require_different(analyses: Sequence[Settings]) -> None:
    """Raise ComparisonError unless there are at least two analyses, each given once."""
    seen: set[Path] = set()
    for settings in analyses:
        path = settings.analysis_path.resolve()
        if path in seen:
            raise ComparisonError(settings.analysis_path, Problem("It is given twice.", "Give each analysis once."))
        seen.add(path)
    if len(seen) < 2:
        raise ComparisonError(
            analyses[0].analysis_path, Problem("It is the only analysis given.", "Give two or more to compare.")
        )


def compare(analyses: Sequence[Analysis]) -> list[Pair]:
    """Every two of the analyses, in the order given."""
    return [compare_two(one, other) for one, other in itertools.combinations(analyses, 2)]


def compare_two(one: Analysis, other: Analysis) -> Pair:
    """Count shared papers by UT, and measure the similarity of topics where both have embeddings of one dimension."""
    both = one.of_paper.index.intersection(other.of_paper.index)
    rows, columns = len(one.topics), len(other.topics)
    shared = np.zeros((rows + 1, columns + 1), dtype=np.int64)
    # Topic -1 is the last row and column.
    np.add.at(shared, (one.of_paper[both].to_numpy(), other.of_paper[both].to_numpy()), 1)
    comparable = (
        one.vectors is not None and other.vectors is not None and one.vectors.shape[1] == other.vectors.shape[1]
    )
    similarity = one.vectors @ other.vectors.T if comparable else None  # type: ignore[operator,union-attr]
    return Pair(one, other, shared, similarity)


def comparison_table(pairs: Sequence[Pair]) -> pd.DataFrame:
    """One row for each two topics that share a paper, or of which one is among the three most similar to the other."""
    tables = []
    for pair in pairs:
        shown = pair.shared[:-1, :-1] > 0
        if pair.similarity is not None and pair.similarity.size:
            nearest = min(_NEAREST, pair.similarity.shape[1])
            order = np.argsort(-pair.similarity, axis=1, kind="stable")[:, :nearest]
            np.put_along_axis(shown, order, True, axis=1)
        rows, columns = np.nonzero(shown)
        one, other = pair.one.topics.iloc[rows], pair.other.topics.iloc[columns]
        shared = pair.shared[rows, columns]
        tables.append(
            pd.DataFrame(
                {
                    "Analysis": pair.one.name,
                    "Topic": one["Topic"].to_numpy(),
                    "Label": one["Label"].to_numpy(),
                    "Count": one["Count"].to_numpy(),
                    "OtherAnalysis": pair.other.name,
                    "OtherTopic": other["Topic"].to_numpy(),
                    "OtherLabel": other["Label"].to_numpy(),
                    "OtherCount": other["Count"].to_numpy(),
                    "Shared": shared,
                    "Jaccard": pair.overlap[rows, columns].round(4),
                    "Similarity": np.nan if pair.similarity is None else pair.similarity[rows, columns].round(4),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


@dataclass(frozen=True)
class Flows:
    """What a Sankey diagram shows: columns of nodes, one an analysis, and links between neighbouring columns.

    nodes: for each analysis label, colour and size of its nodes. links: column of the left node, left node, right node,
    and width.
    """

    nodes: list[list[tuple[str, str, float]]]
    links: list[tuple[int, int, int, float]]
    what: str


_LARGEST = 30
_OUTLIER_COLOUR = "#B4B4B4"


def paper_flows(analyses: Sequence[Analysis]) -> Flows | None:
    """The papers that neighbouring analyses share, by topic: the 30 largest of each, the others as one, and outliers.

    None where no two neighbours share a paper.
    """
    nodes = [_nodes(analysis, outliers=True) for analysis in analyses]
    links: list[tuple[int, int, int, float]] = []
    for column, (one, other) in enumerate(itertools.pairwise(analyses)):
        folded = _folded(compare_two(one, other).shared, len(one.topics), len(other.topics))
        links += [
            (column, row, place, float(width))
            for row, widths in enumerate(folded.tolist())
            for place, width in enumerate(widths)
            if width
        ]
    return Flows(nodes, links, "shared papers") if links else None


def likeness_flows(analyses: Sequence[Analysis]) -> Flows | None:
    """Each topic of an analysis to the topic of the next that is most similar to it, as wide as the topic is large.

    None where some two neighbours have no comparable embeddings, or an analysis has no topics.
    """
    nodes = [_nodes(analysis, outliers=False) for analysis in analyses]
    links: list[tuple[int, int, int, float]] = []
    for column, (one, other) in enumerate(itertools.pairwise(analyses)):
        similarity = compare_two(one, other).similarity
        if similarity is None or not similarity.size:
            return None
        widths = np.zeros((len(nodes[column]), len(nodes[column + 1])))
        for topic, nearest in enumerate(similarity.argmax(axis=1).tolist()):
            widths[min(topic, _LARGEST), min(nearest, _LARGEST)] += float(one.topics["Count"].iloc[topic])
        links += [(column, int(row), int(place), float(widths[row, place])) for row, place in np.argwhere(widths > 0)]
    return Flows(nodes, links, "most similar topics")


def _nodes(analysis: Analysis, *, outliers: bool) -> list[tuple[str, str, float]]:
    topics = analysis.topics
    nodes = [
        (str(label), str(colour), float(count))
        for label, colour, count in topics[["Label", "Colour", "Count"]].head(_LARGEST).itertuples(index=False)
    ]
    if len(topics) > _LARGEST:
        rest = topics.iloc[_LARGEST:]
        nodes.append((number_of(len(rest), "smaller topic"), "#8A8F98", float(rest["Count"].sum())))
    if outliers:
        nodes.append(("outliers", _OUTLIER_COLOUR, float((analysis.of_paper == -1).sum())))
    return nodes


def _folded(shared: NDArray[np.int64], rows: int, columns: int) -> NDArray[np.int64]:
    """Shared papers with the topics beyond the largest as one. shared: (rows + 1, columns + 1), outliers last."""

    def fold(matrix: NDArray[np.int64], topics: int) -> NDArray[np.int64]:
        if topics <= _LARGEST:
            return matrix
        return np.vstack([matrix[:_LARGEST], matrix[_LARGEST:topics].sum(axis=0), matrix[topics:]])

    folded: NDArray[np.int64] = fold(fold(shared, rows).T, columns).T
    return folded


def heat_columns(matrix: NDArray[Any]) -> NDArray[np.int64]:
    """The columns in an order in which each stands by the row that it has most in common with."""
    if not matrix.shape[0]:
        return np.arange(matrix.shape[1], dtype=np.int64)
    return np.lexsort((-matrix.max(axis=0), matrix.argmax(axis=0)))
