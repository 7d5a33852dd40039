"""Any order of new exports and decisions: each record is in the dataset or among the duplicates, once; UTs stay."""

from __future__ import annotations

import csv
import random

import pytest

from topicloom.intake.duplicates import LISTING
from topicloom.intake.later import add_exports
from topicloom.intake.project import new_project

HEADER = "Authors,Title,Year,Source title,Cited by,DOI,Abstract,EID\n"
TITLES = (
    *("How couriers plan their days", "Sleep of nurses after night shifts", "Maps of science by citations"),
    *("Bees that waggle in the dark", "Prices of bread in the old towns", "Rivers that freeze in early spring"),
)


def export(chance):
    """Records of six papers, some of which look alike, with UTs and DOIs or without."""
    rows = []
    for _ in range(chance.randrange(1, 7)):
        paper = chance.randrange(len(TITLES))
        eid = chance.choice([f"2-s2.0-{paper}", f"2-s2.0-{paper}{chance.randrange(3)}", ""])
        doi = chance.choice([f"10.1000/{paper}", f"10.1000/{paper}", ""])
        who, year = chance.choice(["Meier A.", "Meier A.", "Roe B."]), chance.choice([2019, 2020])
        abstract = chance.choice(["", "A sentence of it. " * chance.randrange(1, 5)])
        rows.append(f"{who},{TITLES[paper]},{year},J,{chance.randrange(50)},{doi},{abstract},{eid}\n")
    return HEADER + "".join(rows)


def table(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def decided(chance, listing, papers):
    """Write a word of a person into duplicates.csv. Returns whether it may join papers."""
    rows = table(listing)
    joins = chance.random() < 0.6
    if rows and chance.random() < 0.6:
        chance.choice(rows)["merge"] = "yes" if joins else "no"
    elif len(papers) > 1:
        one, other = chance.sample([paper["UT"] for paper in papers], 2)
        rows.append(
            dict.fromkeys(LISTING, "") | {"kept_UT": one, "merged_UT": other, "merge": "yes" if joins else "no"}
        )
    with listing.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, LISTING)
        writer.writeheader()
        writer.writerows(rows)
    return joins


@pytest.mark.parametrize("seed", [0, 1, 17, 19, 26, 40, 50])  # most of them lost something once
def test_no_record_is_lost_and_none_is_there_twice(tmp_path, seed):
    chance = random.Random(seed)
    (tmp_path / "0.csv").write_text(export(chance))
    made = new_project(tmp_path / "P", [tmp_path / "0.csv"])
    filtered, files = made.project / "f01", ["0.csv"]
    for step in range(1, 7):
        before = table(filtered / "dataset_raw_cleaned.csv")
        joins, given = False, []
        if chance.random() < 0.5:
            given = [tmp_path / f"{step}.csv"]
            given[0].write_text(export(chance))
            files.append(given[0].name)
        else:
            joins = decided(chance, filtered / "duplicates.csv", before)
        made = add_exports(made.project, given)
        papers, account = table(filtered / "dataset_raw_cleaned.csv"), made.account
        names = [paper["UT"] for paper in papers]
        assert len(set(names)) == len(names)
        assert joins or {paper["UT"] for paper in before} <= set(names)
        assert account.kept == len(papers) == sum(one.added + one.undone - one.joined for one in account.imports)
        kept = [(paper["source_file"], paper["source_record"]) for paper in papers]
        rows = [row for row in table(filtered / "duplicates.csv") if row["merge"] == "yes" and row["merged_file"]]
        merged = [(row["merged_file"], row["merged_record"]) for row in rows]
        all_of = [(name, str(at + 1)) for name in files for at in range(len(table(tmp_path / name)))]
        assert sorted(kept + merged) == sorted(all_of)
    assert not add_exports(made.project, []).changed  # it is settled
