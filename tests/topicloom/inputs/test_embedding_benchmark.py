"""The benchmark of ways to embed, whole, on few papers."""

from __future__ import annotations

import csv
import json
import random
import sys
from pathlib import Path

import pytest

from benchmarks import embedding


def project_of(root: Path, papers: int) -> Path:
    """A project whose papers are of three fields, by their words."""
    draw = random.Random(1)
    fields = [[f"{name}{number}" for number in range(30)] for name in ("stars", "cells", "poems")]
    folder = root / "P" / "f01"
    folder.mkdir(parents=True)
    with (folder / "dataset_raw_cleaned.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["UT", "TI", "AB"])
        for number in range(papers):
            words = fields[number % 3]
            rows.writerow([f"S{number}", f"On {draw.choice(words)}", " ".join(draw.choices(words, k=40))])
    return root / "P"


def test_a_whole_measurement_of_few_papers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project, out = project_of(tmp_path, 60), tmp_path / "out.json"
    ways = ["quick", "OpenVINO of another world"]
    monkeypatch.setitem(embedding.WAYS, ways[1], (embedding.WAYS["quick"][0], ("package_of_another_world",)))
    monkeypatch.setattr(sys, "argv", ["embedding", str(out), str(project), "--papers", "45", "--ways", ";".join(ways)])

    embedding.main()

    written = json.loads(out.read_text())
    (row,) = written["rows"]  # a way whose package is not installed is left out
    assert written["environment"]
    assert (row["corpus"], row["way"], row["papers"], row["neighbours"]) == ("P", "quick", 45, 1.0)
    assert set(row["seconds"]) == {"load", "wall", "cpu"}
    assert row["topics"] >= 2
    assert row["ari"] > 0.5
    assert capsys.readouterr().out.startswith("| P | quick | ")
