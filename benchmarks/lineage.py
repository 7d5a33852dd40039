"""Lasting topics as a corpus grows: python -m benchmarks.lineage OUT.json SCRATCH PROJECT YEAR [YEAR ...].

The papers of a project with years up to each of those given, run in turn in one project folder: how many papers keep
their lasting topic, and how many keep the number that BERTopic gives it; what became of topics; and, with `--update`,
what placing new papers in the fitted model costs and how far it agrees with a fit of all.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.growth import ours
from benchmarks.versions import environment
from topicloom.lineage.differences import KINDS, differences
from topicloom.lineage.history import History
from topicloom.lineage.records import RunRecord
from topicloom.loading import check_inputs
from topicloom.settings_file import read_settings


class GrowingProject:
    """A copy of a project that can be cut to the papers up to a year. folder: where the copy is put."""

    def __init__(self, source: Path, folder: Path, **tmo: Any) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns(".topicloom"))
        for path in [folder, *folder.rglob("*")]:
            path.chmod(path.stat().st_mode | 0o200)
        directive = next((folder / source.name).glob("*/settings_*.json"))
        content = json.loads(directive.read_text(encoding="utf-8"))
        content["tmo"] |= {"pictures": {"quality": False, "figures": False, "report": False}, **tmo}
        directive.write_text(json.dumps(content), encoding="utf-8")
        self.analysis = directive.parent
        self.settings = read_settings(self.analysis)
        profile = self.settings.embeds_path
        inputs = check_inputs(self.settings)
        self._corpus, self._vectors = inputs.corpus, inputs.vectors
        dataset = pd.read_csv(self.settings.dataset_path, dtype=str, encoding_errors="replace").set_index("UT")
        self._years = pd.to_numeric(self._corpus["UT"].map(dataset[self.settings.tmo.year_column]), errors="coerce")
        for path in profile.glob("embeddings*"):
            path.unlink()

    def cut(self, year: int) -> int:
        """Keep the papers up to a year; returns how many there are."""
        rows = np.flatnonzero(self._years <= year)
        profile = self.settings.embeds_path
        self._corpus.iloc[rows].to_csv(profile / "corpus.csv", index=False)
        np.save(profile / "embeddings.npy", self._vectors[rows])
        ids = self._corpus["UT"].iloc[rows].tolist()
        (profile / "embeddings_ids.json").write_text(json.dumps(ids), encoding="utf-8")
        return len(rows)

    def run(self) -> tuple[float, RunRecord]:
        """Run it; seconds of the whole process, and the run's record."""
        found = ours(self.analysis)
        if "code" in found:
            raise RuntimeError(found["output"])
        history, analysis = History(self.settings), self.settings.metadata.analysis_id
        return found["whole"], history.read(analysis, history.heads(analysis)[-1].number)


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


def main() -> None:
    """Run the benchmark and write its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("scratch", type=Path)
    parser.add_argument("project", type=Path)
    parser.add_argument("years", type=int, nargs="+")
    given = parser.parse_args()
    figures = {"environment": environment(), "refit": grow(given.project, given.scratch, given.years)}
    given.out.write_text(json.dumps(figures, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
