"""A plan is made several times in every run: to learn what decides a result, the corpus is not decoded."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.conftest import DIRECTIVE
from topicloom.inputs import decoding
from topicloom.settings.reading import read_settings
from topicloom.stages.registry import STAGES


@pytest.mark.parametrize(("header", "reads_dataset"), [("UT,uuid,text", False), ("UT,text", True)])
def test_a_plan_reads_the_first_line_of_the_corpus_alone(tmp_path, monkeypatch, header, reads_dataset):
    profile, analysis = tmp_path / "p" / "f01" / "e01", tmp_path / "p" / "a01"
    profile.mkdir(parents=True)
    analysis.mkdir()
    metadata = {"project_folder": "p", "filtered_folder": "f01", "analysis_id": "a01"}
    (analysis / DIRECTIVE).write_text(json.dumps({"metadata": metadata, "tmo": {"embeds_folder": "e01"}}))
    rest = "\n" + "\n".join(f"S{row}" + ",x" * header.count(",") for row in range(100))
    (profile / "corpus.csv").write_bytes((header + rest).encode() + "\nS,é".encode("latin-1"))
    np.save(profile / "embeddings.npy", np.eye(3))
    (profile.parent / "dataset_raw_cleaned.csv").write_text("UT,uuid\n")

    def decoded(*_: object) -> None:
        raise AssertionError("the whole file is looked at")

    for name in ("_form_of", "_first_look", "_strays", "_sample"):
        monkeypatch.setattr(decoding, name, decoded)
    plan = STAGES["load-embeddings"].plan(read_settings(analysis), {})
    assert ("dataset_raw_cleaned.csv" in plan.inputs) == reads_dataset
    assert "corpus.csv" in plan.inputs
