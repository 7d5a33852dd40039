"""The stage moves: which topics emerge, grow, burst and decline, how they follow and join each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from topicloom.lineage.history import REMEMBERED, Head, History, lineage_of
from topicloom.output_files import BRIDGES, EVOLUTION, MOVES_FILE
from topicloom.settings.schema import Settings
from topicloom.stage_names import DESCRIBE, IDENTIFY, LOAD_EMBEDDINGS, MOVES
from topicloom.stages.describe import ATLAS, PHRASES
from topicloom.stages.distribution import MATRIX, stored_distribution
from topicloom.stages.identify import IDENTITY, read_identity
from topicloom.stages.load_embeddings import ROWS, VECTORS, mapped_vectors, stored_rows
from topicloom.stages.stage import Artifact, Refs, Stage, Work

if TYPE_CHECKING:
    import pandas as pd

    from topicloom.atlas.atlas import Atlas

# As figures and report read them; the CSV files are for people, and may have an apostrophe before a text.
MOVES_TABLE, BRIDGES_TABLE = Artifact(MOVES, "moves.parquet"), Artifact(MOVES, "bridges.parquet")
EVOLUTION_TABLE = Artifact(MOVES, "evolution.parquet")


def find_moves(work: Work) -> None:
    """Say of each topic how it moves and out of which it grew, and count the papers between topics.

    Artifacts: topic_moves.csv, topic_evolution.csv and topic_bridges.csv, and all three as Parquet.

    Facts: how many topics emerge and how many burst, how many papers join two topics, periods of the evolution, and
    topics that are a strong or weak signal.
    """
    from topicloom.atlas.kept import read_atlas
    from topicloom.atlas.moves import EMERGING, moves_table
    from topicloom.atlas.phrases import read_phrases
    from topicloom.atlas.signals import STRONG, WEAK
    from topicloom.store.csv_tables import write_csv

    atlas = read_atlas(work.folder(DESCRIBE))
    moves = moves_table(atlas, read_phrases(work.path(PHRASES)))
    moves = moves.join(_signals(work, atlas))
    joined, followed = _bridges(work, atlas), _evolution(work, atlas)
    tables = (
        (moves, MOVES_TABLE, MOVES_FILE),
        (joined, BRIDGES_TABLE, BRIDGES),
        (followed, EVOLUTION_TABLE, EVOLUTION),
    )
    for table, artifact, name in tables:
        table.to_parquet(work.out.path(artifact.name), index=False)
        escape = work.settings.tmo.export.escape_formulas
        write_csv(table, work.out.path(name), escape_formulas=escape, for_excel=True)
    work.out.facts = {
        "emerging": int((moves["State"] == EMERGING).sum()),
        "bursting": int(moves["Bursting"].sum()),
        "bridges": int(joined["Papers"].sum()),
        "periods": int(followed["Period"].max()) if len(followed) else 0,
        "signals": {kind: int((moves["Signal"] == kind).sum()) for kind in (STRONG, WEAK)},
    }


def _bridges(work: Work, atlas: Atlas) -> pd.DataFrame:
    from topicloom.atlas.bridges import bridges

    joined = bridges(stored_distribution(work), atlas.papers["Topic"].to_numpy(), atlas.papers["UT"])
    fields = atlas.topics["Topic"][atlas.topics["Field"]]
    joined = joined[joined["Topic"].isin(fields) & joined["OtherTopic"].isin(fields)]
    return _labelled(joined, atlas, {"Label": "Topic", "OtherLabel": "OtherTopic"}, 2)


def _evolution(work: Work, atlas: Atlas) -> pd.DataFrame:
    from topicloom.atlas.evolution import equal_periods, evolution

    file_row = stored_rows(work.store, work.refs[LOAD_EMBEDDINGS]).argsort()
    papers = atlas.papers[["Topic", "year"]].iloc[file_row]  # in the order of the vectors, which stay on disk
    vectors = mapped_vectors(work.store, work.refs[LOAD_EMBEDDINGS])
    periods = equal_periods(atlas.years) if atlas.years is not None else []
    followed = evolution(vectors, papers["Topic"].to_numpy(dtype="int64"), papers["year"], periods)
    return _labelled(followed, atlas, {"Label": "Topic", "EarlierLabel": "EarlierTopic"}, len(followed.columns))


def _labelled(table: pd.DataFrame, atlas: Atlas, columns: dict[str, str], at: int) -> pd.DataFrame:
    """The table with labels of topics from column `at` on. columns: of which column of numbers each is."""
    labels = dict(zip(atlas.topics["Topic"], atlas.topics["Label"], strict=True))
    table = table.copy()
    for place, (name, numbers) in enumerate(columns.items()):
        table.insert(at + place, name, table[numbers].map(labels).fillna("").astype(str))
    return table


def _signals(work: Work, atlas: Atlas) -> pd.DataFrame:
    import numpy as np

    from topicloom.atlas.signals import signals

    history, lineage = History(work.settings), lineage_of(work.settings)
    heads = _heads(work.settings)
    lasting = read_identity(work.store, work.refs[IDENTIFY])[0]
    runs = {head.number: history.read(lineage, head.number) for head in heads}
    first = runs[heads[0].number] if heads else None
    return signals(
        atlas.papers["Topic"].to_numpy(dtype=np.int64),
        atlas.papers["UT"].astype(str).to_numpy(dtype=object),
        [topic.uid for topic in lasting],
        {number: {topic.uid: topic.count for topic in run.topics} for number, run in runs.items()},
        set(first.papers) if first else set(),
        [topic.since for topic in lasting],
        atlas.topics["Field"].to_numpy(dtype=bool),
    )


def _heads(settings: Settings) -> list[Head]:
    """The last run and the ten before it, the earliest first; of runs that found the same the first alone."""
    heads = History(settings).heads(lineage_of(settings))
    changed = [head for before, head in zip([None, *heads], heads, strict=False) if not _found_the_same(before, head)]
    return changed[-REMEMBERED - 1 :]


def _found_the_same(before: Head | None, head: Head) -> bool:
    return before is not None and before.result == head.result


def _runs_before(settings: Settings, _: Refs) -> dict[str, str]:
    """What the history says of earlier runs decides which topics are signals; a run alone decides nothing."""
    heads = _heads(settings)
    return {f"run {head.number}": head.result for head in heads} if len(heads) > 1 else {}


STAGE = Stage(
    MOVES,
    version=5,
    parameters=lambda settings: {**settings.tmo.export.escaping},
    reads=lambda *_: (*ATLAS, PHRASES, ROWS, VECTORS, MATRIX, IDENTITY),
    also=_runs_before,
    writes=(MOVES_FILE, BRIDGES, EVOLUTION, MOVES_TABLE.name, BRIDGES_TABLE.name, EVOLUTION_TABLE.name),
    libraries=("pandas", "scipy", "numpy", "pyarrow"),
    wanted=lambda settings: settings.tmo.pictures.drawn,
    compute=find_moves,
)
