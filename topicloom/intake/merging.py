"""Records that are one paper: found and merged, while no paper of a project loses its UT but by a person's word."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from topicloom.intake.duplicates import Decisions, Merges, find, merge, read_decisions

_MERGED = ["merged_file", "merged_record"]


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
        papers: How many rows, the first ones, are papers that a project has.

    Raises:
        InputError: for a duplicates.csv that cannot be used.
    """
    decisions = read_decisions(listing) if listing else Decisions()
    merges = _with_papers(table, find(table, decisions), papers, decisions.places(table).together)
    kept, origins = merge(table, merges)
    return Outcome(kept.reset_index(drop=True), merges.listing, origins)


def _with_papers(table: pd.DataFrame, merges: Merges, papers: int, together: set[tuple[int, int]]) -> Merges:
    """The merges without those of two papers that a project has; their UT are out already."""
    decided = {place for pair in together for place in pair}
    apart = {place for group in merges.groups for place in group[1:] if place < papers and place not in decided}
    if not apart:
        return merges
    groups = [[place for place in group if place not in apart] for group in merges.groups]
    away = {(table["file"].iloc[place], table["record"].iloc[place]) for place in apart}
    listed = [pair not in away for pair in merges.listing[_MERGED].itertuples(index=False, name=None)]
    return Merges([group for group in groups if len(group) > 1], merges.listing[listed])
