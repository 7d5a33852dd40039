"""The stage moves: which topics emerge, grow, burst and decline, how they hold together, and which papers join them."""

from __future__ import annotations

import dataclasses

from topicloom.output_files import BRIDGES, MOVES_FILE
from topicloom.stage_names import DESCRIBE, LOAD_EMBEDDINGS, MOVES, REPRESENT
from topicloom.stages.describe import ATLAS
from topicloom.stages.distribution import MATRIX
from topicloom.stages.load_embeddings import ROWS, stored_rows
from topicloom.stages.represent import NGRAMS, TABLE, VOCABULARY, WEIGHTS, stored_phrases
from topicloom.stages.stage import Artifact, Stage, Work

MOVES_TABLE, BRIDGES_TABLE = Artifact(MOVES, MOVES_FILE), Artifact(MOVES, BRIDGES)


def find_moves(work: Work) -> None:
    """Say of each topic how it moves, and count the papers between topics.

    Artifacts: topic_moves.csv and topic_bridges.csv. Facts: how many topics emerge and how many burst, and how many
    papers join two topics.
    """
    from scipy.sparse import load_npz

    from topicloom.atlas.atlas import read_atlas
    from topicloom.atlas.bridges import bridges
    from topicloom.atlas.moves import EMERGING, moves_table
    from topicloom.store.csv_tables import write_csv

    settings, store = work.settings, work.store
    atlas = read_atlas(work.folder(DESCRIBE))
    rows = stored_rows(store, work.refs[LOAD_EMBEDDINGS])
    phrases = stored_phrases(settings, store, work.refs[REPRESENT])
    phrases = dataclasses.replace(phrases, held=phrases.held[rows])  # in the order of the corpus file
    moves = moves_table(atlas, phrases)
    shares = load_npz(work.path(MATRIX)).tocsr()[rows]
    joined = bridges(shares, atlas.papers["Topic"].to_numpy(), atlas.papers["UT"])
    fields = atlas.topics["Topic"][atlas.topics["Field"]]
    joined = joined[joined["Topic"].isin(fields) & joined["OtherTopic"].isin(fields)]
    labels = dict(zip(atlas.topics["Topic"], atlas.topics["Label"], strict=True))
    for at, (name, of) in enumerate({"Label": "Topic", "OtherLabel": "OtherTopic"}.items()):
        joined.insert(2 + at, name, joined[of].map(labels))
    for name, table in ((MOVES_FILE, moves), (BRIDGES, joined)):
        write_csv(table, work.out.path(name), escape_formulas=settings.tmo.export.escape_formulas)
    work.out.facts = {
        "emerging": int((moves["State"] == EMERGING).sum()),
        "bursting": int(moves["Bursting"].sum()),
        "bridges": int(joined["Papers"].sum()),
    }


STAGE = Stage(
    MOVES,
    version=1,
    parameters=lambda settings: {"language": settings.tmo.represent.language, **settings.tmo.export.escaping},
    reads=lambda *_: (*ATLAS, ROWS, TABLE, VOCABULARY, WEIGHTS, *NGRAMS, MATRIX),
    writes=(MOVES_FILE, BRIDGES),
    libraries=("pandas", "scipy", "numpy"),
    wanted=lambda settings: settings.tmo.pictures.figures or settings.tmo.pictures.report,
    compute=find_moves,
)
