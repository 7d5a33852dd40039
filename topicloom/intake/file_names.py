"""The names of the folders and files that an import makes."""

from __future__ import annotations

from typing import Final

PROFILE, FILTERED, ANALYSIS = "e01", "f01", "a01_tm__f01_e01__hdbs"
DATASET, CORPUS, ACCOUNT = "dataset_raw_cleaned.csv", "corpus.csv", "import.json"
DUPLICATES, ORIGINS, REFUSED, SOURCES = "duplicates.csv", "merged_fields.csv", "refused.csv", "sources"
SETTINGS: Final = "config_analysis.yml"
_OF_SYSTEMS: Final = frozenset({"thumbs.db", "desktop.ini", "icon\r", "icon"})


def left_by_systems(name: str) -> bool:
    """Whether a file is what a system or an office program puts beside files of people."""
    return name.startswith((".", "~$")) or name.lower() in _OF_SYSTEMS
