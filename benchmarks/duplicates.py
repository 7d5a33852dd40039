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


_SEEDS = 10  # of each kind of wear


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
        f" of pairs {pairs:.4f}, {seconds:.2f} s of the processor"
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


def careless(table: pd.DataFrame, seed: int = 7) -> pd.DataFrame:
    """The table as `noisy` makes it, and worse: years beside, authors, abstracts and subtitles lost, a digit of a page
    that is another."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    rows = [_torn(row, chance) for row in noisy(table, seed).to_dict("records")]
    return pd.DataFrame(rows, columns=table.columns, index=table.index)


def _torn(row: dict[Hashable, str], chance: random.Random) -> dict[Hashable, str]:
    def beside(text: str) -> str:
        return str(int(text[:4]) + chance.choice((-1, 1))) if text[:4].isdigit() else text

    def other_digit(text: str) -> str:
        return re.sub(r"\d", lambda found: str((int(found[0]) + 1) % 10), text, count=1)

    changes: list[tuple[float, str, Callable[[str], str]]] = [
        (0.1, "PY", beside),
        (0.07, "PY", lambda _: ""),
        (0.08, "TI", lambda text: text.split(":")[0]),
        (0.05, "TI", str.upper),
        (0.03, "TI", lambda text: text[:60]),
        (0.1, "AU", lambda text: text.split(" and ")[0]),
        (0.05, "AU", lambda text: _swapped(text, chance)),
        (0.05, "AU", lambda _: ""),
        (0.05, "SO", lambda _: ""),
        (0.15, "BP", lambda text: text.split("-")[0]),
        (0.03, "BP", other_digit),
        (0.2, "IS", lambda _: ""),
        (0.3, "AB", lambda _: ""),
    ]
    for share, name, change in changes:
        if name in row and chance.random() < share:
            row = row | {name: change(row[name])}
    return row


def over_seeds(
    table: pd.DataFrame,
    gold: Sequence[Sequence[int]],
    worn: Callable[[pd.DataFrame, int], pd.DataFrame],
    seeds: Sequence[int],
) -> Score:
    """The sum of the scores of a set worn under several seeds."""
    scores = [score(find(worn(table, seed)).groups, gold) for seed in seeds]
    records, pairs = (tuple(map(sum, zip(*each, strict=True))) for each in zip(*map(_both, scores), strict=True))
    return Score(records, pairs)  # type: ignore[arg-type]


def _both(one: Score) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    return one.records, one.pairs


def main(folder: Path) -> None:
    """Print a line for each set of a folder, and one for it under ten seeds of each kind of wear."""
    for each in sorted(path.parent for path in folder.glob("*/merged_record_ids.csv")):
        table, gold = read_set(each)
        began = time.process_time()
        merges = find(table)
        print(told(each.name, score(merges.groups, gold), time.process_time() - began))
        for worn in (noisy, careless):
            began = time.process_time()
            print(
                told(
                    f"{each.name}, {worn.__name__}",
                    over_seeds(table, gold, worn, range(_SEEDS)),
                    (time.process_time() - began) / _SEEDS,
                )
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
