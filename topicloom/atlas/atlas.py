"""The atlas of an analysis: all that its pictures show, as tables; made once, read by the figures and the report."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicloom.atlas.colours import group_colours
from topicloom.atlas.fields import GREY, NO_ABSTRACT, no_fields, without_abstract
from topicloom.atlas.names import Candidates, TopicName, label_of, says_more, unique
from topicloom.atlas.phrases import Phrases, group_phrases, naming_phrases
from topicloom.atlas.tree import Hierarchy, hierarchy_of, leaf_order, topic_tree
from topicloom.atlas.trends import TREND_COLUMNS, topics_over_time, trends
from topicloom.atlas.typicality import most_typical
from topicloom.atlas.written import as_written
from topicloom.atlas.years import YearQuality, years_of
from topicloom.clusters.main_clusters import main_clusters
from topicloom.lineage.records import LastingTopic
from topicloom.measures.similarity import topic_similarity
from topicloom.phrasing import BETWEEN
from topicloom.words.topic_table import Topic

_GROUP_KEYWORDS, _IN_GROUP_LABEL = 6, 2
_TOPIC_COLUMNS = (
    *("Topic", "X_C", "Count", "Share", "Label", "Keywords", "LanguageModelLabel", "Name", "Main", "MeanYear"),
    *TREND_COLUMNS,
    *("x", "y", "Colour", "RepresentativeUT", "TypicalUT", "WithoutAbstract", "Field"),
    *("topic_uid", "topic_history", "Words", "Weights"),
)
_GROUP_COLUMNS = ("Level", "Code", "Label", "Papers", "Topics", "Parent", "x", "y", "Keywords", "Colour", "Summary")


@dataclass(frozen=True)
class Atlas:
    """What the pictures of an analysis show.

    Args:
        papers: One row a paper, in the order of the corpus file: UT, uuid where known, title, year (Int64), doi,
            authors, source, keywords, cited (Int64), Abstract (bool, whether it has one), Topic (-1 for outliers),
            Score (the notebook's), Typicality (0 to 100, NaN for outliers), placed (bool, among papers that an earlier
            run had fitted), x, y.
        topics: One row a topic in the order of their numbers, outliers left out; the columns of topic_summary.csv, and
            as lists Words and Weights, the notebook's words of a topic and their c-TF-IDF. Field (bool): False for a
            topic of papers without abstract.
        groups: One row a group: Level (0 is the coarsest; the last level is the topics), Code, Label, Papers, Topics
            (how many), Parent (its code on the level before, 0 on the first), x, y, Keywords, Colour (of its
            largest topic), Summary (by a language model, or "").
        levels: (t, levels) int64, code of each topic on each level, from 1.
        tree: (t - 1, 4) float64, scipy's linkage matrix.
        similarity: (t, t) float, cosine.
        over_time: The columns of topics_over_time.csv.
        others_threshold: Share of the assigned papers that main topics cover.
        today: The year in which it was made.
        by_edges: Whether the tree joins topics by the edges between their papers, and not by Ward's method on their
            mean embeddings; not written with the atlas.
    """

    papers: pd.DataFrame
    topics: pd.DataFrame
    groups: pd.DataFrame
    levels: NDArray[np.int64]
    tree: NDArray[np.float64]
    similarity: NDArray[np.float64]
    over_time: pd.DataFrame
    others_threshold: float
    today: int
    by_edges: bool = False

    @property
    def order(self) -> NDArray[np.int64]:
        """The topics in the order of the tree's leaves, (t,)."""
        return leaf_order(self.tree, len(self.topics))

    @property
    def covered(self) -> float:
        """Share of the assigned papers that the main topics cover, at most `others_threshold` but for a first topic."""
        counts = self.topics["Count"]
        return float(counts[self.topics["Main"].astype(bool)].sum() / max(counts.sum(), 1))

    @property
    def years(self) -> YearQuality | None:
        """What can be made of each year; None where no paper has one."""
        return years_of(self.over_time, self.today)


def make_atlas(
    papers: pd.DataFrame,
    table: list[Topic],
    vectors: NDArray[np.floating[Any]],
    names: list[TopicName],
    phrases: Phrases,
    language: str,
    others_threshold: float,
    today: int,
    labels: dict[int, str] | None = None,
    lasting: Sequence[LastingTopic] = (),
    by_hand: Mapping[str, str] = MappingProxyType({}),
    hierarchy: Hierarchy | None = None,
    forms: Mapping[str, str] = MappingProxyType({}),
    of_topics: list[Candidates] | None = None,
) -> Atlas:
    """Put an atlas together.

    Args:
        papers: UT to y, as `Atlas` holds them.
        table: The t topics without the outliers.
        vectors: (t, d) their mean embeddings.
        names: Their names.
        phrases: What may name groups of them.
        language: Of the texts, as BERTopic takes it.
        others_threshold: Share of the assigned papers that main topics cover.
        today: The current year, whose counts are not complete.
        labels: Names by a language model, by topic, as far as it gave any.
        lasting: The topics' lasting ids, colours and earlier labels; without them topics have none.
        by_hand: Labels that a person gave, by lasting id.
        hierarchy: How topics group; None: by their mean embeddings.
        forms: How papers write words.
        of_topics: What `topicloom.atlas.phrases.naming_phrases` finds for these topics, where that is known already.

    Returns:
        The atlas.

    Example:
        >>> papers = pd.DataFrame({"UT": ["a", "b", "c"], "Topic": [0, 0, 1], "year": [2020, 2021, 2021]})
        >>> papers[["x", "y"]] = [[0.0, 0.0], [1.0, 1.0], [5.0, 5.0]]
        >>> papers[["title", "doi", "Score", "Typicality", "Abstract", "placed"]] = ["", "", 1.0, 50.0, True, False]
        >>> papers["Abstract"] = papers["Abstract"].astype(bool)
        >>> table = [Topic(0, 2, "0_maps", ["maps"], [0.5], [0]), Topic(1, 1, "1_cell", ["cell"], [0.4], [2])]
        >>> names = [TopicName("Maps", ["maps"]), TopicName("Cells", ["cell"])]
        >>> from scipy.sparse import csr_matrix
        >>> held = csr_matrix([[1, 0], [1, 0], [0, 1]])
        >>> phrases = Phrases(["maps", "cell"], held, [[(0, 0.5)], [(1, 0.4)]])
        >>> found = make_atlas(papers, table, np.eye(2), names, phrases, "english", 0.9, 2026)
        >>> found.topics[["Label", "Count", "MeanYear"]].values.tolist()
        [['Maps', 2, 2020.5], ['Cells', 1, 2021.0]]
    """
    numbers = papers["Topic"].to_numpy()
    counts = np.array([topic.count for topic in table], dtype=np.int64)
    hierarchy = hierarchy or hierarchy_of(topic_tree(vectors), counts)
    levels = hierarchy.levels
    over_time = topics_over_time(numbers, papers["year"], today)
    main = set(main_clusters(numbers[numbers != -1] + 1, others_threshold)) if table else set()
    topics = _topic_table(papers, table, names, labels or {}, lasting, by_hand)
    topics["Main"] = topics["X_C"].isin(main)
    topics = pd.concat([topics, _trends(over_time, topics)], axis=1)
    colours = [topic.colour for topic in lasting] if lasting else group_colours(levels, counts)
    topics["Colour"] = [colour if field else GREY for colour, field in zip(colours, topics["Field"], strict=True)]
    topics = topics[list(_TOPIC_COLUMNS)]
    if of_topics is None:
        of_topics = naming_phrases(phrases, numbers) if levels[:-1] else []
    group_names = [
        _group_names(groups, topics["Field"].to_numpy(dtype=bool), numbers, phrases, of_topics, language, forms)
        for groups in levels[:-1]
    ]
    return Atlas(
        papers=papers,
        topics=topics,
        groups=_groups(levels, topics, group_names),
        levels=np.stack(levels, axis=1) + 1 if levels else np.zeros((0, 0), dtype=np.int64),
        tree=hierarchy.tree,
        similarity=topic_similarity(vectors) if table else np.zeros((0, 0)),
        over_time=over_time,
        others_threshold=others_threshold,
        today=today,
    )


def _trends(over_time: pd.DataFrame, topics: pd.DataFrame) -> pd.DataFrame:
    """The trends of all topics, of those alone that are fields."""
    numbers, field = topics["Topic"].to_numpy(dtype=np.int64), topics["Field"].to_numpy(dtype=bool)
    found = trends(over_time, numbers[field]).set_index(np.flatnonzero(field)).reindex(range(len(topics)))
    found.loc[~field, "TrendReading"] = NO_ABSTRACT
    return found


def _topic_table(
    papers: pd.DataFrame,
    table: list[Topic],
    names: list[TopicName],
    labels: Mapping[int, str],
    lasting: Sequence[LastingTopic],
    by_hand: Mapping[str, str],
) -> pd.DataFrame:
    """What topics are by themselves, without the others: all of `_TOPIC_COLUMNS` but Main, trends and Colour."""
    found = [labels.get(topic.topic, name.label) for topic, name in zip(table, names, strict=True)]
    numbers = np.array([topic.topic for topic in table], dtype=np.int64)
    aside = no_fields(papers, numbers)
    typical = most_typical(papers)
    if lasting:
        found = [_lasting_label(*pair, by_hand) for pair in zip(lasting, found, names, strict=True)]
    hand = [topic.uid in by_hand for topic in lasting] if lasting else [False] * len(table)
    found = [NO_ABSTRACT if lacks and not own else label for label, lacks, own in zip(found, aside, hand, strict=True)]
    topics = pd.DataFrame(
        {
            "Topic": [topic.topic for topic in table],
            "X_C": [topic.topic + 1 for topic in table],
            "Count": pd.Series([topic.count for topic in table], dtype="int64"),
            "Label": unique(found),
            "Keywords": [BETWEEN.join(name.keywords) for name in names],
            "LanguageModelLabel": [labels.get(topic.topic, "") for topic in table],
            "Name": [topic.name for topic in table],
            "RepresentativeUT": [
                BETWEEN.join(str(papers["UT"].iloc[row]) for row in topic.representative_rows) for topic in table
            ],
            "TypicalUT": [BETWEEN.join(typical.get(topic.topic, [])) for topic in table],
            "WithoutAbstract": without_abstract(papers, numbers).round(4),
            "Field": ~aside,
            "topic_uid": [topic.uid for topic in lasting] if lasting else "",
            "topic_history": [topic.history for topic in lasting] if lasting else "",
            "Words": [topic.words for topic in table],
            "Weights": [topic.weights for topic in table],
        }
    )
    topics["Share"] = (topics["Count"] / max(len(papers), 1)).round(6)
    of_topics = papers[papers["Topic"] != -1].groupby("Topic")
    topics["MeanYear"] = topics["Topic"].map(of_topics["year"].mean()).astype("Float64").round(1)
    for axis in ("x", "y"):
        topics[axis] = topics["Topic"].map(of_topics[axis].median())
    return topics


def _lasting_label(topic: LastingTopic, label: str, name: TopicName, by_hand: Mapping[str, str]) -> str:
    """A person's label; else the earlier one, while half its words are still among the keywords; else a new one."""
    if topic.uid in by_hand:
        return by_hand[topic.uid]
    words = set(topic.label.lower().replace(",", " ").replace("&", " ").split())
    now = set(" ".join([label, *name.keywords]).lower().split())
    return topic.label if words and 2 * len(words & now) >= len(words) else label


def _group_names(
    groups: NDArray[np.int64],
    field: NDArray[np.bool_],
    topics: NDArray[np.int64],
    phrases: Phrases,
    of_topics: list[Candidates],
    language: str,
    forms: Mapping[str, str],
) -> list[TopicName]:
    """Names of the groups of a level, by phrases that many of their papers hold, and such phrases.

    groups, field: (t,) group of each topic, and whether it is a field. topics: (n,) the topic of each paper.
    """
    of_field = np.where(field, groups, -1)
    of_papers = np.append(of_field, -1)[topics]  # the last one is the outliers'
    members = [np.flatnonzero(of_field == group) for group in range(int(groups.max()) + 1)]
    pools = [{name for topic in of_group for name, _ in of_topics[topic]} for of_group in members]
    follows = functools.partial(says_more, language=language)
    found = group_phrases(phrases, of_papers, pools, _GROUP_KEYWORDS, follows)
    written = [[as_written(phrase, forms) for phrase in of_group] for of_group in found]
    labels = [
        label_of(of_group[:_IN_GROUP_LABEL], code + 1) if len(members[code]) else NO_ABSTRACT
        for code, of_group in enumerate(written)
    ]
    return [TopicName(label, of_group) for label, of_group in zip(unique(labels), written, strict=True)]


def _groups(
    levels: list[NDArray[np.int64]], topics: pd.DataFrame, group_names: Sequence[Sequence[TopicName]]
) -> pd.DataFrame:
    """group_names: names of the groups of each level but the last."""
    rows: list[dict[str, object]] = []
    counts, field = topics["Count"].to_numpy(), topics["Field"].to_numpy(dtype=bool)
    for level, groups in enumerate(levels):
        last = level == len(levels) - 1
        members = [np.flatnonzero(groups == group) for group in range(int(groups.max()) + 1)]
        names = _own_names(topics, members) if last else group_names[level]
        for code, of_group in enumerate(members):
            weights = counts[of_group]
            of_fields = of_group[field[of_group]] if field[of_group].any() else of_group  # a label stands on a field
            middle = of_fields[_innermost(topics[["x", "y"]].to_numpy()[of_fields], counts[of_fields])]
            rows.append(
                {
                    "Level": level,
                    "Code": code + 1,
                    "Label": names[code].label,
                    "Keywords": BETWEEN.join(names[code].keywords),
                    "Papers": int(weights.sum()),
                    "Topics": len(of_group),
                    "Parent": int(levels[level - 1][of_group[0]]) + 1 if level else 0,
                    "x": float(topics["x"].iloc[middle]),
                    "y": float(topics["y"].iloc[middle]),
                    "Colour": str(topics["Colour"].iloc[of_fields[counts[of_fields].argmax()]]),
                    "Summary": "",
                }
            )
    return pd.DataFrame(rows, columns=list(_GROUP_COLUMNS))


def _own_names(topics: pd.DataFrame, members: Sequence[NDArray[np.int64]]) -> list[TopicName]:
    """Names of the groups of the last level, which are the topics."""
    labels, keywords = topics["Label"].astype(str), topics["Keywords"].astype(str)
    return [TopicName(labels.iloc[one[0]], keywords.iloc[one[0]].split(BETWEEN)) for one in members]


def _innermost(points: NDArray[np.floating[Any]], weights: NDArray[np.int64]) -> int:
    """The point with the least weighted distance to the others: a label there stands on papers, as a mean may not."""
    distance = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    return int((distance @ weights).argmin())
