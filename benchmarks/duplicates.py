"""How well records of one paper are found: precision, sensitivity and seconds on sets whose duplicates people marked.

`python -m benchmarks.duplicates FOLDER`: FOLDER has a folder a set, with records_pre_merged.csv and
merged_record_ids.csv in the form of CoLRev-Environment/bib-dedupe.
"""

from __future__ import annotations

import random
import re
import sys
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from topicloom.intake.duplicates import find

_TAGS = {
    "doi": "DI",
    "title": "TI",
    "author": "AU",
    "year": "PY",
    "volume": "VL",
    "number": "IS",
    "pages": "BP",
    "abstract": "AB",
}


@dataclass(frozen=True)
class Score:
    """records: those that are to go, found or not, as the set's author counts. pairs: of records of one paper.

    Each is found, missed, wrong.
    """

    records: tuple[int, int, int]
    pairs: tuple[int, int, int]


def read_set(folder: Path) -> tuple[pd.DataFrame, list[list[int]]]:
    """A set as a table with the columns of Web of Science, and its groups of rows that are one paper."""
    raw = pd.read_csv(folder / "records_pre_merged.csv", dtype=str, keep_default_na=False)
    table = raw.rename(columns=_TAGS)
    table["SO"] = raw["journal"].where(raw["journal"] != "", raw["booktitle"]) if "booktitle" in raw else raw["journal"]
    table["file"], table["record"] = folder.name, [str(at + 1) for at in range(len(table))]
    place = {name: at for at, name in enumerate(raw["ID"])}
    gold = pd.read_csv(folder / "merged_record_ids.csv")["merged_ids"]
    return table, [sorted(place[name] for name in ids.split(";")) for ids in gold]


def score(found: Sequence[Sequence[int]], gold: Sequence[Sequence[int]]) -> Score:
    """Found groups against the right ones."""
    paper = {place: at for at, group in enumerate(gold) for place in group}
    hits = wrong = pair_hits = pair_wrong = 0
    for group in found:
        papers = [paper.get(place, -1 - place) for place in group]
        hits += sum(one in papers[:at] for at, one in enumerate(papers))
        wrong += len(set(papers)) - 1
        same = sum(one == other for at, one in enumerate(papers) for other in papers[:at])
        pair_hits += same
        pair_wrong += len(group) * (len(group) - 1) // 2 - same
    right = sum(len(group) - 1 for group in gold)
    pairs = sum(len(group) * (len(group) - 1) // 2 for group in gold)
    return Score((hits, right - hits, wrong), (pair_hits, pairs - pair_hits, pair_wrong))


def told(name: str, outcome: Score, seconds: float) -> str:
    """A line of the report."""
    found, missed, wrong = outcome.records
    precision, sensitivity = found / max(found + wrong, 1), found / max(found + missed, 1)
    pairs = outcome.pairs[0] / max(outcome.pairs[0] + outcome.pairs[1], 1)
    return (
        f"{name:24} precision {precision:.4f} ({wrong} wrong), sensitivity {sensitivity:.4f} ({missed} missed),"
        f" of pairs {pairs:.4f}, {seconds:.2f} s"
    )


def noisy(table: pd.DataFrame, seed: int = 7) -> pd.DataFrame:
    """The table as carelessly kept records have it: DOIs, pages and volumes lost, letters swapped, names shortened."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    rows = [_worn(row, chance) for row in table.to_dict("records")]
    return pd.DataFrame(rows, columns=table.columns, index=table.index)


def _worn(row: dict[Hashable, str], chance: random.Random) -> dict[Hashable, str]:
    changes: list[tuple[float, str, Callable[[str], str]]] = [
        (0.5, "DI", lambda _: ""),
        (0.2, "TI", lambda text: _swapped(text, chance)),
        (0.2, "SO", lambda text: " ".join(word[:4] for word in text.split())),
        (0.3, "AU", lambda text: " and ".join(re.sub(r",\s*(\w).*", r", \1.", one) for one in text.split(" and "))),
        (0.2, "BP", lambda _: ""),
        (0.1, "VL", lambda _: ""),
    ]
    return row | {name: change(row[name]) for share, name, change in changes if name in row and chance.random() < share}


def _swapped(text: str, chance: random.Random) -> str:
    """The text with two neighbouring letters exchanged."""
    at = chance.randrange(max(len(text) - 1, 1))
    return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]


def main(folder: Path) -> None:
    """Print a line for each set of a folder."""
    for each in sorted(path.parent for path in folder.glob("*/merged_record_ids.csv")):
        table, gold = read_set(each)
        for name, variant in ((each.name, table), (f"{each.name}, noisy", noisy(table))):
            began = time.perf_counter()
            merges = find(variant)
            print(told(name, score(merges.groups, gold), time.perf_counter() - began))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
