"""Lasting ids through whole runs: kept as the corpus grows, in the outputs, the page, `diff`, and after damage."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from tests.conftest import Project
from tests.flows.test_cli import topicloom
from topicloom.lineage.history import History, lineage_of
from topicloom.lineage.mending import mend_history
from topicloom.lineage.records import RunRecord
from topicloom.settings.reading import read_settings
from topicloom.stage_names import DESCRIBE, REPORT

NEW = ["topic_uid", "topic_history"]


def table(project: Project, name: str) -> pd.DataFrame:
    return pd.read_csv(project.output(name), dtype={"UT": str}, keep_default_na=False)


def entered(project: Project) -> list[RunRecord]:
    """The runs of the analysis in the history, the first one first."""
    settings = read_settings(project.analysis)
    history, lineage = History(settings), lineage_of(settings)
    return [history.read(lineage, head.number) for head in history.heads(lineage)]


def uids_by_paper(project: Project) -> pd.Series:
    return table(project, "document_coords.csv").set_index("UT")["topic_uid"]


def keep_rows(project: Project, rows: np.ndarray) -> None:
    corpus = pd.read_csv(project.profile / "corpus.csv", dtype=str, keep_default_na=False)
    vectors = np.load(project.profile / "embeddings.npy")
    corpus.iloc[rows].to_csv(project.profile / "corpus.csv", index=False)
    np.save(project.profile / "embeddings.npy", vectors[rows])
    (project.profile / "embeddings_ids.json").write_text(json.dumps(corpus["UT"].iloc[rows].tolist()))


def test_the_outputs_end_with_the_lasting_ids(finished):
    dataset = table(finished, "dataset_minimal.csv")
    assert list(dataset.columns[-3:]) == ["cl-99", *NEW]
    info = table(finished, "topic_model_info.csv")
    assert list(info.columns) == ["Topic", "Count", "Name", "Representation", "Representative_Docs", *NEW]
    uids = info.set_index("Topic")["topic_uid"]
    assert uids[-1] == ""
    assert uids.drop(-1).is_unique
    assert (dataset["topic_uid"] == dataset["Topic"].map(uids)).all()
    assert set(dataset["topic_history"]) == {"since run 1"}
    orphans = table(finished, "orphans.csv")
    assert list(orphans.columns[-2:]) == NEW
    assert set(orphans["topic_uid"]) == {""}
    coordinates = table(finished, "document_coords.csv")
    assert (coordinates["topic_uid"] == coordinates["Topic"].map(uids)).all()
    record = json.loads(finished.output("run.json").read_text())
    assert record["identity"]["run"] == 1
    assert record["changes"] == "this is the first run of the analysis"


def test_topics_keep_their_ids_and_colours_as_the_corpus_changes_and_a_persons_label_sticks(finished, run):
    pictures = {"quality": False, "figures": False, "report": True}
    finished.write_settings(pictures=pictures)
    run(finished.analysis)
    first = table(finished, "topic_summary.csv").set_index("topic_uid")
    before = table(finished, "document_coords.csv").set_index("UT")["topic_uid"]
    # The label is given to a topic that goes on, or nothing would be asked of it.
    largest = first.sort_values("Count", ascending=False).index
    uid = largest[0]
    finished.output("labels.csv").write_text(f"topic_uid,label\n{uid},Körbe & Bälle\n", encoding="utf-8")
    report = run(finished.analysis)
    assert report.computed == [DESCRIBE, "profiles", "moves", "take-away", REPORT]  # whose tables name the topics
    assert report.changes.startswith("nothing has changed since run 2 (")
    assert table(finished, "topic_summary.csv").set_index("topic_uid")["Label"][uid] == "Körbe & Bälle"

    keep_rows(finished, np.r_[np.arange(220), np.arange(225, 240)])
    report = run(finished.analysis)
    assert "5 papers withdrawn" in report.changes
    now = table(finished, "topic_summary.csv").set_index("topic_uid")
    kept = now.index.intersection(first.index)
    assert len(kept) >= len(first) / 2
    assert (now.loc[kept, "Colour"] == first.loc[kept, "Colour"]).all()
    assert uid in kept
    assert now.loc[uid, "Label"] == "Körbe & Bälle"
    after = table(finished, "document_coords.csv").set_index("UT")["topic_uid"]
    common = before.index.intersection(after.index)
    of_kept = common[before[common].isin(kept) & after[common].isin(kept)]
    assert (before[of_kept] == after[of_kept]).mean() > 0.8
    page = finished.output("report.html").read_text(encoding="utf-8")
    assert 'id="changes"' in page
    assert "5 withdrawn" in page
    moves = pd.read_csv(finished.output("topic_moves.csv"), encoding="utf-8-sig", keep_default_na=False)
    assert set(moves["Signal"]) == {"no new papers since the earlier run"}  # of a first run: "needs an earlier run"
    assert moves["RunPapers"].str.fullmatch(r"1: \d+; 3: \d+").all()  # run 2 found what run 1 did
    assert "no new papers since the earlier run" in page

    outcome = topicloom("diff", finished.analysis, "--out", finished.root / "diff")
    assert outcome.returncode == 0
    assert "5 withdrawn" in outcome.stdout
    papers = pd.read_csv(finished.root / "diff" / "changed_papers.csv", dtype=str, keep_default_na=False)
    assert (papers["Change"] == "withdrawn").sum() == 5


def test_labels_stay_though_the_table_that_showed_them_is_gone_and_decide_nothing_unsaid(finished, run):
    """They are kept in the history: identify reads no file that its key does not hold."""
    finished.write_settings(pictures={"quality": False, "figures": False, "report": True})
    run(finished.analysis)
    shown = table(finished, "topic_summary.csv").set_index("topic_uid")["Label"]
    with sqlite3.connect(History(read_settings(finished.analysis)).path) as database:
        noted = dict(database.execute("SELECT uid, label FROM topics WHERE number = 2"))
    assert noted == shown.to_dict()
    # A result of identify that is made once more is the same, though a table lies there now.
    for kept in finished.store_entries("identify"):
        (kept / "identity.json").write_text("[]")
    assert run(finished.analysis).computed == ["identify"]

    # Each another: of two that are alike the second is marked as such.
    named = {uid: f"{label.split(',')[0]}, old{n}" for n, (uid, label) in enumerate(shown.items())}
    rows = "".join(f'{uid},"{label}"\n' for uid, label in named.items())
    finished.output("labels.csv").write_text(f"topic_uid,label\n{rows}")
    run(finished.analysis)
    finished.output("labels.csv").unlink()
    finished.output("topic_summary.csv").unlink()
    keep_rows(finished, np.arange(236))
    run(finished.analysis)
    now = table(finished, "topic_summary.csv").set_index("topic_uid")
    fitting = [uid for uid in now.index if uid in named and named[uid].split(",")[0] in now.loc[uid, "Keywords"]]
    assert len(fitting) >= 3
    assert now.loc[fitting, "Label"].tolist() == [named[uid] for uid in fitting]


def test_a_rerun_without_changes_says_so_in_one_line(finished, run):
    report = run(finished.analysis)
    assert report.changes.startswith("nothing has changed since run 1 (")
    outcome = topicloom("diff", finished.analysis)
    assert " ".join(outcome.stdout.split()).startswith("Nothing has changed: the last run found what run 1 of")
    assert len(entered(finished)) == 1


def test_another_setting_alone_is_a_run_of_its_own_with_the_same_ids(finished, run):
    before = table(finished, "topic_model_info.csv")
    finished.write_settings(others_threshold=0.5)
    report = run(finished.analysis)
    assert report.changes == "since run 1: no paper moved; topics as they were; 1 setting or version differs"
    assert (table(finished, "topic_model_info.csv")[NEW] == before[NEW]).all(axis=None)
    outcome = topicloom("diff", finished.analysis, 1, 2)
    assert "tmo.others_threshold 0.9 → 0.5" in outcome.stdout
    assert run(finished.analysis).computed == []


def test_a_damaged_history_is_mended_by_the_next_run_and_the_ids_stay(finished, run):
    before = uids_by_paper(finished)
    History(read_settings(finished.analysis)).path.write_bytes(b"not a database")
    finished.write_settings(others_threshold=0.5)  # another run, and the same topics
    report = run(finished.analysis)
    assert any("rebuilt from the records of 1 run;" in note for note in report.notes)
    assert [record.number for record in entered(finished)] == [1, 2]
    assert (uids_by_paper(finished) == before).all()


@pytest.mark.parametrize(("runs", "says"), [([9, 1], "a01 has no run 9; its runs are 1"), ([1], "give two")])
def test_diff_of_runs_that_are_not_there(finished, runs, says):
    outcome = topicloom("diff", finished.analysis, *runs)
    assert outcome.returncode == 2
    assert says in " ".join(outcome.stderr.split())


def test_clean_leaves_the_history(finished):
    history = History(read_settings(finished.analysis))
    before = history.path.read_bytes()
    assert topicloom("clean", finished.analysis).returncode == 0
    assert history.path.read_bytes() == before
    assert mend_history(read_settings(finished.analysis)) == []


def test_a_renamed_analysis_keeps_its_ids(finished, run):
    finished.write_settings(min_topic_size=6)
    run(finished.analysis)
    before, runs = table(finished, "topic_model_info.csv"), entered(finished)
    finished.analysis.rename(finished.path / "a02")
    finished.analysis = finished.write_settings("a02", min_topic_size=6)
    report = run(finished.analysis)
    assert report.computed == []
    assert report.changes.startswith("nothing has changed since run 2")
    assert (table(finished, "topic_model_info.csv")[NEW] == before[NEW]).all(axis=None)
    assert entered(finished) == runs


def test_a_copied_analysis_goes_its_own_way(finished, run):
    shutil.copytree(finished.analysis, finished.path / "a02")
    report = run(finished.write_settings("a02", min_topic_size=6))
    assert report.changes == "this is the first run of the analysis"
    assert [record.number for record in entered(finished)] == [1]
    finished.analysis = finished.path / "a02"
    assert [record.number for record in entered(finished)] == [1]


def test_a_renamed_analysis_keeps_ids_and_labels_when_its_name_is_used_again_and_it_is_copied(finished, run):
    before = uids_by_paper(finished)
    uid = table(finished, "topic_model_info.csv")["topic_uid"].iloc[1]
    finished.output("labels.csv").write_text(f"topic_uid,label\n{uid},mine\n")
    finished.analysis.rename(finished.path / "a01_old")
    finished.write_settings(min_topic_size=6)  # a new a01
    assert run(finished.analysis).changes == "this is the first run of the analysis"
    assert [record.number for record in entered(finished)] == [1]
    new = entered(finished)

    finished.analysis = finished.write_settings("a01_old", others_threshold=0.5)
    report = run(finished.analysis)
    assert report.changes.startswith("since run 1: no paper moved")
    assert (uids_by_paper(finished) == before).all()
    assert [record.number for record in entered(finished)] == [1, 2]
    assert not any("wait for their return" in note for note in report.notes)

    shutil.copytree(finished.analysis, finished.path / "a03")
    assert run(finished.write_settings("a03", others_threshold=0.5)).changes == "this is the first run of the analysis"
    assert run(finished.analysis).changes.startswith("nothing has changed since run 2")
    finished.analysis = finished.path / "a01"
    assert entered(finished) == new


@pytest.mark.slow
def test_two_runs_that_end_at_once_enter_one_after_the_other(finished, prefect_server):
    script = (
        "import sys\nfrom flows.topic_model import topic_model\nfrom topicloom.settings.overrides import Overrides\n"
        "topic_model(sys.argv[1], overrides=Overrides(min_topic_size=int(sys.argv[2])))"
    )
    env = {**os.environ, "PREFECT_API_URL": prefect_server}
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(finished.analysis), size], env=env, stderr=subprocess.DEVNULL
        )
        for size in ("6", "7", "8")
    ]
    assert [run.wait() for run in runs] == [0, 0, 0]
    runs = entered(finished)
    assert [(record.number, record.parent) for record in runs] == [(1, None), (2, 1), (3, 2), (4, 3)]
    assert {record.settings["tmo"]["min_topic_size"] for record in runs[1:]} == {6, 7, 8}
    # What lies in the folder is what the last of them found, under the ids that the history gave it.
    last = runs[-1]
    info = table(finished, "topic_model_info.csv")
    assert info.loc[info["Topic"] >= 0, "topic_uid"].tolist() == last.uids
    assert mend_history(read_settings(finished.analysis)) == []


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_foreign_history_and_labels_of_no_topic_stop_before_any_work(finished, command, prefect_server):
    record = json.loads(finished.output("run.json").read_text())
    finished.output("labels.csv").write_text("topic_uid,label\nT-NOWHERE7,x\n")
    done = topicloom(command, finished.analysis, server=prefect_server)
    assert done.returncode == 2
    assert "There is no topic T-NOWHERE7" in done.stderr
    finished.output("labels.csv").unlink()
    record["identity"]["history"] = "0" * 32
    finished.output("run.json").write_text(json.dumps(record))
    before = {path: path.read_bytes() for path in finished.path.glob(".topicloom/history/**/*") if path.is_file()}
    done = topicloom(command, finished.analysis, server=prefect_server)
    assert done.returncode == 2
    assert "This history is that of the project" in done.stderr
    assert before == {
        path: path.read_bytes() for path in finished.path.glob(".topicloom/history/**/*") if path.is_file()
    }


def test_a_history_that_is_gone_is_taken_up_from_the_exported_files(finished, run):
    finished.write_settings(min_topic_size=6)
    run(finished.analysis)
    before = table(finished, "document_coords.csv").set_index("UT")["topic_uid"]
    uid = table(finished, "topic_model_info.csv")["topic_uid"].iloc[1]
    finished.output("labels.csv").write_text(f"topic_uid,label\n{uid},mine\n")
    shutil.rmtree(finished.path / ".topicloom")
    report = run(finished.analysis)
    assert any("its last run, 2, was taken from the files" in note for note in report.notes)
    assert (table(finished, "document_coords.csv").set_index("UT")["topic_uid"] == before).all()
    assert [record.number for record in entered(finished)] == [2, 3]
    assert mend_history(read_settings(finished.analysis)) == []
    assert run(finished.analysis).computed == []
