"""The names of the stages, in the order of a run: for those who need a name and not the stage itself."""

from __future__ import annotations

from typing import Final, Literal, get_args

StageName = Literal[
    "load-embeddings",
    "update",
    "choose-size",
    "graph",
    "reduce",
    "cluster",
    "consensus",
    "reassign",
    "represent",
    "distribution",
    "orphan-split",
    "identify",
    "export",
    "describe",
    "profiles",
    "moves",
    "take-away",
    "quality",
    "methods",
    "figures",
    "report",
]
STAGE_NAMES: Final[tuple[StageName, ...]] = get_args(StageName)

LOAD_EMBEDDINGS: Final = "load-embeddings"
UPDATE: Final = "update"
CHOOSE_SIZE: Final = "choose-size"
GRAPH: Final = "graph"
REDUCE: Final = "reduce"
CLUSTER: Final = "cluster"
CONSENSUS: Final = "consensus"
REASSIGN: Final = "reassign"
REPRESENT: Final = "represent"
DISTRIBUTION: Final = "distribution"
ORPHAN_SPLIT: Final = "orphan-split"
IDENTIFY: Final = "identify"
EXPORT: Final = "export"
# What is drawn after the export; none of it is needed for the files above.
DESCRIBE: Final = "describe"
PROFILES: Final = "profiles"
MOVES: Final = "moves"
TAKE_AWAY: Final = "take-away"
QUALITY: Final = "quality"
METHODS: Final = "methods"
FIGURES: Final = "figures"
REPORT: Final = "report"
PICTURES: Final[tuple[StageName, ...]] = (DESCRIBE, PROFILES, MOVES, TAKE_AWAY, QUALITY, METHODS, FIGURES, REPORT)
