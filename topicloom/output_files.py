"""The names of all files in an analysis folder that topicloom writes, as docs/contracts.md lists them."""

from __future__ import annotations

from typing import Final

RUN_RECORD: Final = "run.json"

# What the export writes.
TOPIC_INFO: Final = "topic_model_info.csv"
PARAMS: Final = "topic_model_params.json"
DATASET: Final = "dataset_minimal.csv"
ORPHANS: Final = "orphans.csv"
RESOLUTIONS: Final = "topic_resolutions.csv"
COORDINATES: Final = "document_coords.csv"
DISTRIBUTION: Final = "topic_distribution.npz"
MODEL: Final = "topic_model_object.pck"
MODEL_FOLDER: Final = "topic_model_object"

# What is drawn after it.
SUMMARY: Final = "topic_summary.csv"
OVER_TIME: Final = "topics_over_time.csv"
SIMILARITY: Final = "topic_similarity.csv"
HIERARCHY: Final = "topic_hierarchy.csv"
GROUPS: Final = "topic_groups.csv"
MOVES_FILE: Final = "topic_moves.csv"
BRIDGES: Final = "topic_bridges.csv"
EVOLUTION: Final = "topic_evolution.csv"
TABLES: Final = (SUMMARY, OVER_TIME, SIMILARITY, HIERARCHY, GROUPS)
PROFILE_TABLE: Final = "topic_profiles.csv"
CITATION_TABLE: Final = "topic_citations.csv"
PROFILE_TABLES: Final = (PROFILE_TABLE, CITATION_TABLE)
PAPERS: Final = "papers.csv"
TOPICS_BOOK: Final = "topics.xlsx"
EXPORTS_FOLDER: Final = "exports"
QUALITY_FILE: Final = "topic_quality.json"
METHODS_FILE: Final = "methods.md"
REPORT_FILE: Final = "report.html"
FIGURES_FOLDER: Final = "figures"

EXPORTED: Final = frozenset((TOPIC_INFO, PARAMS, DATASET, ORPHANS, RESOLUTIONS, COORDINATES, DISTRIBUTION, MODEL))
DRAWN: Final = frozenset(
    (
        *TABLES,
        *PROFILE_TABLES,
        MOVES_FILE,
        BRIDGES,
        EVOLUTION,
        PAPERS,
        TOPICS_BOOK,
        QUALITY_FILE,
        METHODS_FILE,
        REPORT_FILE,
    )
)
FOLDERS: Final = frozenset((MODEL_FOLDER, FIGURES_FOLDER, EXPORTS_FOLDER))

# What a person writes there.
LABELS: Final = "labels.csv"


PREVIEW = "preview.png"  # a small map, for pages
