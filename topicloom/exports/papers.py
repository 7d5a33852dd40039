"""papers.csv: one tidy row a paper, with all that a reader wants to sort, filter and join by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topicloom.atlas.atlas import Atlas
from topicloom.atlas.profiles import citation_percentiles
from topicloom.atlas.shares import Shares
from topicloom.atlas.typicality import THIRDS, thirds
from topicloom.atlas.values import plain

SHARES: Final = "shares.csv"
LEAST_SHARE: Final = 0.05  # of a topic in a paper's words, to be listed


def papers_table(atlas: Atlas, shares: Shares, given: NDArray[np.bool_] | None = None) -> pd.DataFrame:
    """One row a paper, in the order of the corpus file.

    Args:
        atlas: Of the analysis.
        shares: Of its papers.
        given: (n,) the outliers that were given to a topic; None where none could be.

    Returns:
        UT, DOI, Title, Authors, Year, Source, Citations, CitationPercentile (among the papers of its year), Topic (-1
        for outliers), topic_uid, Label, group0 (coarsest) and on to the finest level above the topics, Typicality,
        Core (core, middle, periphery: thirds of the topic by typicality), Share, SecondTopic, SecondLabel,
        SecondShare, x, y, Outlier, Placed (in a model fitted before), Given (an outlier that was given to its topic).
        Empty where unknown.
    """
    papers, topics = atlas.papers, atlas.papers["Topic"].to_numpy(dtype=np.int64)
    table = pd.DataFrame({"UT": papers["UT"], "DOI": [plain(doi) for doi in papers["doi"]]})
    for name, column in (("Title", "title"), ("Authors", "authors"), ("Source", "source")):
        table[name] = [plain(text) for text in papers[column]]
    table.insert(4, "Year", papers["year"])
    table["Citations"] = papers["cited"]
    table["CitationPercentile"] = citation_percentiles(papers["cited"], papers["year"]).round(1)
    table["Topic"] = topics
    table["topic_uid"] = _looked_up(list(atlas.topics["topic_uid"]), topics)
    table["Label"] = _looked_up([plain(label) for label in atlas.topics["Label"]], topics)
    for level in range(atlas.levels.shape[1] - 1):
        table[f"group{level}"] = _looked_up(group_labels(atlas, level), topics)
    table["Typicality"] = papers["Typicality"]
    table["Core"] = _looked_up(THIRDS, thirds(papers["Typicality"]))
    table["Share"] = shares.own.round(4)
    table["SecondTopic"] = pd.array(np.where(shares.second >= 0, shares.second, 0), dtype="Int64")
    table.loc[shares.second < 0, "SecondTopic"] = pd.NA
    table["SecondLabel"] = _looked_up([plain(label) for label in atlas.topics["Label"]], shares.second)
    table["SecondShare"] = np.where(shares.second >= 0, shares.second_share, np.nan).round(4)
    table["x"], table["y"] = (papers[axis].astype(float).round(4) for axis in ("x", "y"))
    table["Outlier"] = topics == -1
    table["Placed"] = papers["placed"].astype(bool)
    table["Given"] = np.zeros(len(papers), dtype=bool) if given is None else given & (topics >= 0)
    return table


def shares_table(distribution: csr_matrix, identifiers: pd.Series[str]) -> pd.DataFrame:
    """How much of topics is in the words of papers, for programs that do not read sparse matrices.

    Args:
        distribution: Sparse (n, t) shares, in the order of the papers.
        identifiers: (n,) UT of each paper.

    Returns:
        UT, Topic, Share of 0.05 or more: a row a paper and topic, the papers in their order, the largest share first.

    Example:
        >>> shares_table(csr_matrix([[0.5, 0.04], [0.3, 0.7]]), pd.Series(["a", "b"])).values.tolist()
        [['a', 0, 0.5], ['b', 1, 0.7], ['b', 0, 0.3]]
    """
    cells = distribution.tocoo()
    kept = np.flatnonzero(cells.data >= LEAST_SHARE)
    kept = kept[np.lexsort((cells.col[kept], -cells.data[kept], cells.row[kept]))]
    return pd.DataFrame(
        {
            "UT": identifiers.to_numpy()[cells.row[kept]],
            "Topic": cells.col[kept],
            "Share": cells.data[kept].astype(np.float64).round(4),
        }
    )


def group_labels(atlas: Atlas, level: int) -> list[str]:
    """The label of the group of each topic on a level."""
    groups = atlas.groups[atlas.groups["Level"] == level]
    labels = dict(zip(groups["Code"], groups["Label"], strict=True))
    return [plain(str(labels[code])) for code in atlas.levels[:, level]]


def _looked_up(names: Sequence[str], topics: NDArray[np.int64]) -> list[str]:
    """The name of each paper's topic, or what else it is in, "" for -1."""
    return [names[topic] if topic >= 0 else "" for topic in topics]
