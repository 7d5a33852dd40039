"""Records that are one paper: which are kept, which merged into them, and the list of it that people correct."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

LISTING = (
    *("kept_file", "kept_record", "kept_UT", "merged_file", "merged_record", "merged_UT"),
    *("title", "reason", "score", "merge"),
)
_IDENTIFIERS = ("UT", "DI", "PM")


@dataclass(frozen=True)
class Outcome:
    """kept: the records that stay, in their order. listing: a row a merge, with the columns of LISTING."""

    kept: pd.DataFrame
    listing: pd.DataFrame


def merged_records(table: pd.DataFrame) -> Outcome:
    """The table with one row a paper.

    table: a row a record, texts, with the columns file, record (from 1 within the file) and those of fields.
    """
    import pandas as pd

    keepers, listing = list[int](), list[list[object]]()
    seen: dict[tuple[str, str], int] = {}
    rows = table.to_dict("records")
    for place, row in enumerate(rows):
        keys = [(name, str(row[name]).lower()) for name in _IDENTIFIERS if row.get(name)]
        known = next((key for key in keys if key in seen), None)
        if known is None:
            keepers.append(place)
            seen.update(dict.fromkeys(keys, place))
            continue
        keeper = rows[seen[known]]
        for name, text in row.items():
            if text and not keeper.get(name):
                keeper[name] = text
        listing.append(_listed(keeper, row, known[0]))
    kept = pd.DataFrame([rows[place] for place in keepers], columns=table.columns, dtype=object)
    return Outcome(kept, pd.DataFrame(listing, columns=list(LISTING)))


def _listed(keeper: dict[object, object], row: dict[object, object], reason: str) -> list[object]:
    pair = [*(keeper.get(name, "") for name in ("file", "record", "UT"))]
    return [*pair, *(row.get(name, "") for name in ("file", "record", "UT")), row.get("TI", ""), reason, 1.0, "yes"]
