"""The list of merges that people read and correct: duplicates.csv."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from topicloom.intake.duplicates.decisions import LISTING, Decisions, Identity, merges, places_by_identity, row_identity
from topicloom.intake.duplicates.records import Columns
from topicloom.intake.duplicates.rules import Verdict
from topicloom.store.csv_tables import write_csv
from topicloom.store.files import replaced


@dataclass(frozen=True)
class Merges:
    """groups: places of rows that are one paper; the first of each is kept. listing: the rows of duplicates.csv."""

    groups: list[list[int]]
    listing: pd.DataFrame


def listed(
    table: pd.DataFrame, groups: list[list[int]], verdicts: Mapping[tuple[int, int], Verdict], decisions: Decisions
) -> Merges:
    """The groups with a row for every record that is merged, and every earlier row that they do not replace."""
    columns = {name: table[name].tolist() for name in ("file", "record", "UT", "TI") if name in table}
    rows = [_row(columns, group, place, verdicts) for group in groups for place in group[1:]]
    before = {(_pair(row), _merged(row)): row for row in decisions.rows}
    here = places_by_identity(table) if decisions.rows else {}
    told = {_merged(row) for row in rows}, {_pair(row) for row in rows}
    rows = [_kept_reason(row, before.get((_pair(row), _merged(row)))) for row in rows]
    rows += [
        # a decision against a merge, or an earlier merge of a record that this table does not have: merged long ago
        dict(row)
        for row in decisions.rows
        if not _is_told(row, *told) and (not merges(row) or _merged(row) not in here)
    ]
    return Merges(groups, pd.DataFrame(rows, columns=list(LISTING), dtype=object))


def _merged(row: Mapping[str, str]) -> Identity:
    """The merged record by its file and number, since a later export may have another one of its UT."""
    place = (row["merged_file"].strip(), row["merged_record"].strip())
    return place if all(place) else row_identity(row, "merged")


def _is_told(row: Mapping[str, str], records: set[Identity], pairs: set[frozenset[Identity]]) -> bool:
    """Whether the rows of merges, known by their merged records and by their pairs, tell what an earlier row does."""
    return _merged(row) in records if merges(row) and row["merged_file"].strip() else _pair(row) in pairs


def _pair(row: Mapping[str, str]) -> frozenset[Identity]:
    return frozenset((row_identity(row, "kept"), row_identity(row, "merged")))


def _kept_reason(row: dict[str, str], before: Mapping[str, str] | None) -> dict[str, str]:
    return row | {name: before[name] for name in ("reason", "score") if before[name]} if before else row


def _row(
    columns: Columns, group: Sequence[int], place: int, verdicts: Mapping[tuple[int, int], Verdict]
) -> dict[str, str]:
    """reason and score: of the record's strongest pair within its group, and with the kept one where there is such."""
    pairs = [(min(place, other), max(place, other)) for other in group if other != place]
    with_kept = verdicts.get((group[0], place))
    others = [verdicts[pair] for pair in pairs if pair in verdicts]
    verdict = with_kept or max(others, key=lambda one: (one.score, one.reason), default=None)
    reason, score = (verdict.reason, verdict.score) if verdict else ("the merged record", 0.8)
    names = {
        f"{side}_{name}": _text(columns, at, name)
        for side, at in (("kept", group[0]), ("merged", place))
        for name in ("file", "record", "UT")
    }
    return names | {"title": _text(columns, place, "TI"), "reason": reason, "score": f"{score:g}", "merge": "yes"}


def _text(columns: Columns, place: int, name: str) -> str:
    value = columns[name][place] if name in columns else ""
    return "" if value is None or value != value else str(value)


def write_listing(merges: Merges, path: Path) -> None:
    """Write duplicates.csv, atomically; decisions that a person took stay in it."""
    with replaced(path) as temporary:
        write_csv(merges.listing, temporary, escape_formulas=True)
