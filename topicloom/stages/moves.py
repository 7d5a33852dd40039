"""The stage moves: which topics emerge, grow, burst and decline, how they hold together, and which papers join them."""

from __future__ import annotations

from topicloom.output_files import BRIDGES, MOVES_FILE
from topicloom.stage_names import DESCRIBE, LOAD_EMBEDDINGS, MOVES, REPRESENT
from topicloom.stages.describe import ATLAS
from topicloom.stages.distribution import MATRIX
from topicloom.stages.load_embeddings import ROWS, stored_rows
from topicloom.stages.represent import NGRAMS, VOCABULARY, WEIGHTS, stored_phrases
from topicloom.stages.stage import Artifact, Stage, Work

# As figures and report read them; the CSV files are for people, and may have an apostrophe before a text.
MOVES_TABLE, BRIDGES_TABLE = Artifact(MOVES, "moves.parquet"), Artifact(MOVES, "bridges.parquet")


def find_moves(work: Work) -> None:
    """Say of each topic how it moves, and count the papers between topics.

    Artifacts: topic_moves.csv and topic_bridges.csv, and both as Parquet.

    Facts: how many topics emerge and how many burst, and how many papers join two topics.
    """
    from scipy.sparse import load_npz

    from topicloom.atlas.bridges import bridges
    from topicloom.atlas.kept import read_atlas
    from topicloom.atlas.moves import EMERGING, moves_table
    from topicloom.store.csv_tables import write_csv

    settings, store = work.settings, work.store
    atlas = read_atlas(work.folder(DESCRIBE))
    moves = moves_table(atlas, stored_phrases(settings, store, work.refs[REPRESENT]))
    rows = stored_rows(store, work.refs[LOAD_EMBEDDINGS])
    shares = load_npz(work.path(MATRIX)).tocsr()[rows]
    joined = bridges(shares, atlas.papers["Topic"].to_numpy(), atlas.papers["UT"])
    fields = atlas.topics["Topic"][atlas.topics["Field"]]
    joined = joined[joined["Topic"].isin(fields) & joined["OtherTopic"].isin(fields)]
    labels = dict(zip(atlas.topics["Topic"], atlas.topics["Label"], strict=True))
    for at, (name, of) in enumerate({"Label": "Topic", "OtherLabel": "OtherTopic"}.items()):
        joined.insert(2 + at, name, joined[of].map(labels))
    for table, artifact, name in ((moves, MOVES_TABLE, MOVES_FILE), (joined, BRIDGES_TABLE, BRIDGES)):
        table.to_parquet(work.out.path(artifact.name), index=False)
        escape = settings.tmo.export.escape_formulas
        write_csv(table, work.out.path(name), escape_formulas=escape, for_excel=True)
    work.out.facts = {
        "emerging": int((moves["State"] == EMERGING).sum()),
        "bursting": int(moves["Bursting"].sum()),
        "bridges": int(joined["Papers"].sum()),
    }


STAGE = Stage(
    MOVES,
    version=2,
    parameters=lambda settings: {"language": settings.tmo.represent.language, **settings.tmo.export.escaping},
    reads=lambda *_: (*ATLAS, ROWS, VOCABULARY, WEIGHTS, *NGRAMS, MATRIX),
    writes=(MOVES_FILE, BRIDGES, MOVES_TABLE.name, BRIDGES_TABLE.name),
    libraries=("pandas", "scipy", "numpy", "pyarrow"),
    wanted=lambda settings: settings.tmo.pictures.drawn,
    compute=find_moves,
)
