"""Records that are one paper: found and merged, while no paper of a project loses its UT but by a person's word."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from topicloom.intake.duplicates import Decisions, find, merge, read_decisions


@dataclass(frozen=True)
class Outcome:
    """kept: the records that stay, in their order. listing: duplicates.csv. origins: fields from other ones."""

    kept: pd.DataFrame
    listing: pd.DataFrame
    origins: pd.DataFrame


def merged_records(table: pd.DataFrame, listing: Path | None = None, papers: int = 0) -> Outcome:
    """The table with one row a paper.

    Args:
        table: A row a record, texts, with the columns file, record (from 1 within the file) and those of fields.
        listing: duplicates.csv, with what a person has decided; None for a new project.
        papers: How many rows, the first ones, are papers that a project has, and whose UT are out already.

    Raises:
        InputError: for a duplicates.csv that cannot be used.
    """
    decisions = read_decisions(listing) if listing else Decisions()
    merges = find(table, decisions, papers)
    kept, origins = merge(table, merges)
    return Outcome(kept.reset_index(drop=True), merges.listing, origins)
