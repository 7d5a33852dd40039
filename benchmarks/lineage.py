"""Lasting topics as a corpus grows: python -m benchmarks.lineage OUT.json SCRATCH PROJECT YEAR [YEAR ...].

The papers of a project with years up to each of those given, run in turn in one project folder: how many papers keep
their lasting topic, and how many keep the number that BERTopic gives it; what became of topics; and, with `--update`,
what placing new papers in the fitted model costs and how far it agrees with a fit of all.
"""

from __future__ import annotations

import argparse
import copy
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.growth import ours
from benchmarks.versions import environment
from topicloom.lineage.differences import KINDS, differences, uid_of_papers
from topicloom.lineage.events import OUTLIERS
from topicloom.lineage.history import History, lineage_of
from topicloom.lineage.records import RunRecord
from topicloom.settings.reading import read_settings
from topicloom.stages.load_embeddings import check_inputs
from topicloom.store.store import Store


class GrowingProject:
    """A copy of a project that can be cut to the papers up to a year. folder: where the copy is put."""

    def __init__(self, source: Path, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns(".topicloom"))
        for path in [folder, *folder.rglob("*")]:
            path.chmod(path.stat().st_mode | 0o200)
        self.folder = folder
        self.analysis = next((folder / source.name).glob("*/settings_*.json")).parent
        self.change(pictures={"quality": False, "figures": False, "report": False})
        profile = self.settings.embeds_path
        inputs = check_inputs(self.settings)
        self._corpus, self._vectors = inputs.corpus, inputs.vectors
        dataset = pd.read_csv(self.settings.dataset_path, dtype=str, encoding_errors="replace").set_index("UT")
        self._years = pd.to_numeric(self._corpus["UT"].map(dataset[self.settings.tmo.year_column]), errors="coerce")
        for path in profile.glob("embeddings*"):
            path.unlink()

    def change(self, **tmo: Any) -> None:
        """Change settings of section tmo."""
        directive = next(self.analysis.glob("settings_*.json"))
        content = json.loads(directive.read_text(encoding="utf-8"))
        content["tmo"] |= tmo
        directive.write_text(json.dumps(content), encoding="utf-8")
        self.settings = read_settings(self.analysis)

    def copied(self, folder: Path) -> GrowingProject:
        """The project as it is now, in another folder."""
        other = copy.copy(self)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder)
        other.folder, other.analysis = folder, folder / self.analysis.relative_to(self.folder)
        other.settings = read_settings(other.analysis)
        return other

    def cut(self, year: int) -> int:
        """Keep the papers up to a year; returns how many there are."""
        rows = np.flatnonzero(self._years <= year)
        profile = self.settings.embeds_path
        self._corpus.iloc[rows].to_csv(profile / "corpus.csv", index=False)
        np.save(profile / "embeddings.npy", self._vectors[rows])
        ids = self._corpus["UT"].iloc[rows].tolist()
        (profile / "embeddings_ids.json").write_text(json.dumps(ids), encoding="utf-8")
        return len(rows)

    def run(self) -> tuple[dict[str, float], RunRecord]:
        """Run it; seconds of the whole process and of its stages reduce and cluster, and the run's record."""
        found = ours(self.analysis)
        if "code" in found:
            raise RuntimeError(found["output"])
        history, lineage = History(self.settings), lineage_of(self.settings)
        seconds = {"whole": found["whole"], **{stage: found["stages"][stage] for stage in ("reduce", "cluster")}}
        return seconds, history.read(lineage, history.heads(lineage)[-1].number)


def step(before: RunRecord, after: RunRecord) -> dict[str, Any]:
    """What became of papers and topics from one run to the next."""
    found = differences(before, after)
    papers = found.papers[~found.papers["Change"].isin(["new", "withdrawn"])]
    assigned = papers[(papers["Before"] != "outliers") & (papers["After"] != "outliers")]
    number_before = dict(zip(before.papers, before.numbers, strict=True))
    number_after = dict(zip(after.papers, after.numbers, strict=True))
    same_number = [number_before[ut] == number_after[ut] for ut in assigned["UT"]]
    return {
        "papers": len(after.papers),
        "new": found.counts["new"],
        "topics": len(after.topics),
        "kept_of_all": float((papers["Before"] == papers["After"]).mean()),
        "kept_of_assigned": float((assigned["Before"] == assigned["After"]).mean()),
        "same_number_of_assigned": float(np.mean(same_number)),
        "topics_kept": len(set(before.uids) & set(after.uids)),
        **{kind: len(found.of_kind(kind)) for kind in KINDS},
    }


def grow(source: Path, scratch: Path, years: list[int]) -> list[dict[str, Any]]:
    """Refit at each year."""
    project, rows, before = GrowingProject(source, scratch / "refit"), [], None
    for year in years:
        project.cut(year)
        seconds, record = project.run()
        row = {"year": year, "seconds": seconds}
        rows.append(row | (step(before, record) if before else {"papers": len(record.papers)}))
        print(rows[-1], file=sys.stderr)
        before = record
    return rows


def placed(source: Path, scratch: Path, years: list[int]) -> list[dict[str, Any]]:
    """From a fit of each year, place the papers of each later one, then fit all: seconds, drift and agreement."""
    rows = []
    for first, year in enumerate(years[:-1]):
        fitted = GrowingProject(source, scratch / "fitted")
        fitted.cut(year)
        _, base = fitted.run()
        for later in years[first + 1 :]:
            project = fitted.copied(scratch / "placed")
            project.cut(later)
            project.change(update="assign")
            assign_seconds, assigned = project.run()
            update = Store(project.settings.store_path).folder("update", assigned.keys["update"])
            project.change(update="refit")
            refit_seconds, refitted = project.run()
            rows.append(
                {
                    "from": year,
                    "to": later,
                    **json.loads((update / "decision.json").read_text(encoding="utf-8")),
                    "assign_seconds": assign_seconds,
                    "refit_seconds": refit_seconds,
                    **agreement(base, assigned, refitted),
                }
            )
            print(rows[-1], file=sys.stderr)
    return rows


def agreement(base: RunRecord, assigned: RunRecord, refitted: RunRecord) -> dict[str, float]:
    """How far papers placed in a fitted model lie as in a fit of all, by lasting topic."""
    uids = [dict(zip(run.papers, uid_of_papers(run), strict=True)) for run in (base, assigned, refitted)]
    new = [ut for ut in uids[1] if ut not in uids[0]]
    found: dict[str, float] = {}
    for name, papers in (("new", new), ("fitted", [ut for ut in uids[1] if ut in uids[0]])):
        one, other = (np.array([of_paper[ut] for ut in papers]) for of_paper in uids[1:])
        both = (one != OUTLIERS) & (other != OUTLIERS)
        found |= {
            f"{name}_same": float((one == other).mean()),
            f"{name}_same_of_assigned": float((one == other)[both].mean()),
            f"{name}_outliers_assign": float((one == OUTLIERS).mean()),
            f"{name}_outliers_refit": float((other == OUTLIERS).mean()),
        }
    return found


def main() -> None:
    """Run the benchmark and write its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("scratch", type=Path)
    parser.add_argument("project", type=Path)
    parser.add_argument("years", type=int, nargs="+")
    parser.add_argument("--update", action="store_true")
    given = parser.parse_args()
    figures: dict[str, Any] = {"environment": environment(), "refit": grow(given.project, given.scratch, given.years)}
    if given.update:
        figures["placed"] = placed(given.project, given.scratch, given.years)
    given.out.write_text(json.dumps(figures, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
