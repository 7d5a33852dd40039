"""An atlas as files: tables for readers, and the whole for the pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topicloom.atlas.atlas import Atlas
from topicloom.output_files import GROUPS, HIERARCHY, OVER_TIME, SIMILARITY, SUMMARY
from topicloom.store.csv_tables import write_csv
from topicloom.words.ranking import largest

_ALL_PAIRS_UP_TO = 500  # topics; above that the table of similarity holds the nearest of each
_NEAREST = 50


def _similarity_table(similarity: NDArray[np.float64]) -> pd.DataFrame:
    """Topic, Other and Similarity of each pair of topics; above 500 topics of each with its 50 most similar only.

    similarity: (t, t).
    """
    topics = len(similarity)
    if topics <= _ALL_PAIRS_UP_TO:
        rows, columns = np.triu_indices(topics, k=1)
    else:
        others = similarity.copy()
        np.fill_diagonal(others, -np.inf)
        columns = np.sort([largest(row, _NEAREST) for row in others], axis=1).ravel()
        rows = np.repeat(np.arange(topics), _NEAREST)
    return pd.DataFrame({"Topic": rows, "Other": columns, "Similarity": similarity[rows, columns].round(4)})


def _hierarchy_table(atlas: Atlas) -> pd.DataFrame:
    """The assigned papers with their code on each level: uuid where known, UT, Topic, X_C, level0 (coarsest) to levelN.

    The codes of the last level are those of the topics by size, X_C.
    """
    assigned = atlas.papers[atlas.papers["Topic"] != -1]
    table = assigned[[column for column in ("uuid", "UT") if column in assigned.columns]].reset_index(drop=True)
    table["Topic"] = assigned["Topic"].to_numpy()
    table["X_C"] = table["Topic"] + 1
    for level in range(atlas.levels.shape[1]):
        table[f"level{level}"] = atlas.levels[table["Topic"].to_numpy(), level]
    return table


def write_atlas(atlas: Atlas, folder: Path, *, escape_formulas: bool = False) -> None:
    """Write an atlas: its tables as CSV, for readers, and the whole for the pictures.

    Args:
        atlas: What `make_atlas` made.
        folder: It gets topic_summary.csv, topics_over_time.csv, topic_similarity.csv, topic_hierarchy.csv,
            topic_groups.csv, and for `read_atlas` four .parquet files and relations.npz.
        escape_formulas: Whether a text that a spreadsheet would take for a formula is made a text.

    Raises:
        OSError: A file cannot be written.

    Example:
        >>> import tempfile
        >>> columns = ("UT", "Topic", "year", "Typicality", "Abstract", "x", "y")
        >>> empty = pd.DataFrame({name: [] for name in columns}).astype({"Topic": int, "Abstract": bool})
        >>> from topicloom.atlas.atlas import make_atlas
        >>> atlas = make_atlas(empty, [], np.zeros((0, 2)), [], [], "english", 0.9, 2026)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_atlas(atlas, Path(folder))
        ...     sorted(path.name for path in Path(folder).glob("*.npz"))
        ['relations.npz']
    """
    tables = {
        SUMMARY: atlas.topics.drop(columns=["Words", "Weights"]),
        OVER_TIME: atlas.over_time,
        SIMILARITY: _similarity_table(atlas.similarity),
        HIERARCHY: _hierarchy_table(atlas),
        GROUPS: atlas.groups,
    }
    for name, table in tables.items():
        write_csv(table, folder / name, escape_formulas=escape_formulas)
    atlas.papers.to_parquet(folder / "papers.parquet", index=False)
    atlas.topics.to_parquet(folder / "topics.parquet", index=False)
    atlas.groups.to_parquet(folder / "groups.parquet", index=False)
    atlas.over_time.to_parquet(folder / "over_time.parquet", index=False)
    np.savez(
        folder / "relations.npz",
        levels=atlas.levels,
        tree=atlas.tree,
        similarity=atlas.similarity.astype(np.float32),
        others_threshold=atlas.others_threshold,
        today=atlas.today,
    )


def read_atlas(folder: Path) -> Atlas:
    """Read what `write_atlas` wrote.

    Args:
        folder: Of `write_atlas`.

    Returns:
        The atlas; similarities come back as float32.

    Raises:
        OSError: A file cannot be read.

    Example:
        >>> import tempfile
        >>> columns = ("UT", "Topic", "year", "Typicality", "Abstract", "x", "y")
        >>> empty = pd.DataFrame({name: [] for name in columns}).astype({"Topic": int, "Abstract": bool})
        >>> from topicloom.atlas.atlas import make_atlas
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_atlas(make_atlas(empty, [], np.zeros((0, 2)), [], [], "english", 0.9, 2026), Path(folder))
        ...     read_atlas(Path(folder)).others_threshold
        0.9
    """
    papers, topics, groups, over_time = (
        pd.read_parquet(folder / f"{name}.parquet") for name in ("papers", "topics", "groups", "over_time")
    )
    with np.load(folder / "relations.npz") as relations:
        return Atlas(
            papers=papers,
            topics=topics,
            groups=groups,
            levels=relations["levels"],
            tree=relations["tree"],
            similarity=relations["similarity"],
            over_time=over_time,
            others_threshold=float(relations["others_threshold"]),
            today=int(relations["today"]),
        )
