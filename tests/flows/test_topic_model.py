"""Whole runs: what is cached, what a change of each setting re-runs, what is never served stale."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from tests.flows import test_pictures
from topicloom.stage_names import PICTURES, STAGE_NAMES

OPTIONAL = ("choose-size", "update", "graph", "consensus", "reassign")
ALL = [stage for stage in STAGE_NAMES if stage not in (*PICTURES, *OPTIONAL)]
LAST = ["orphan-split", "identify", "export"]
CSV = ["topic_model_info.csv", "dataset_minimal.csv", "orphans.csv", "document_coords.csv"]


def in_a_new_process(script: str, analysis, server: str) -> str:
    """What a script prints that is given an analysis, with a server."""
    env = {**os.environ, "PREFECT_API_URL": server}
    command = [sys.executable, "-c", script, str(analysis)]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout


def test_second_run_computes_nothing(finished, run):
    before = {name: finished.output(name).read_bytes() for name in CSV}
    report = run(finished.analysis)
    assert report.cached == ALL
    assert {name: finished.output(name).read_bytes() for name in CSV} == before


def test_cached_run_imports_nothing_heavy_and_shows_every_computing_task_as_cached(finished, prefect_server):
    script = """
import sys
import time
from prefect.client.orchestration import get_client
from flows.topic_model import topic_model
import flows.console.cli  # the whole command line
state = topic_model(sys.argv[1], return_state=True)
heavy = {"numpy", "scipy", "pandas", "pyarrow", "sklearn", "numba", "umap", "hdbscan", "matplotlib", "bertopic", "torch",
         "sentence_transformers"} & set(sys.modules)
client = get_client(sync_client=True)
from prefect.client.schemas.filters import FlowRunFilter
print("HEAVY", sorted(heavy))
# The server hears of tasks some moments after they have ended.
for _ in range(60):
    runs = client.read_task_runs(flow_run_filter=FlowRunFilter(id={"any_": [state.state_details.flow_run_id]}))
    states = sorted((run.name.split()[0], run.state_name) for run in runs)
    if len(states) == TASKS and all(name in ("Cached", "Completed") for _, name in states):
        break
    time.sleep(0.5)
print("STATES", states)
"""
    expected = sorted(
        [
            ("load-settings", "Completed"),
            *((name, "Completed") for name in ("publish", "remember")),
            *((name, "Cached") for name in ALL),
        ]
    )
    done = in_a_new_process(script.replace("TASKS", str(len(expected))), finished.analysis, prefect_server)
    assert "HEAVY []" in done
    assert f"STATES {expected}" in done


def test_computing_topics_imports_neither_torch_nor_sentence_transformers(finished, prefect_server):
    """They take seconds and half a gigabyte; only embeddings that are missing need them."""
    script = (
        "import sys\nfrom flows.topic_model import topic_model\ntopic_model(sys.argv[1], refresh='reduce')\n"
        "print('HEAVY', sorted({'torch', 'sentence_transformers', 'transformers', 'bertopic'} & set(sys.modules)))"
    )
    done = in_a_new_process(script, finished.analysis, prefect_server)
    assert "HEAVY []" in done


# What a change of each setting re-runs: exactly these stages, and no others.
SETTING_STAGES = [
    ("params.seed", 7, ["reduce", "cluster", "represent", "distribution", *LAST]),
    ("params.order", "canonical", ALL),
    ("tmo.umap.n_neighbors", 8, ["reduce", "cluster", "represent", "distribution", *LAST]),
    ("tmo.umap.n_components", 3, ["reduce", "cluster", "represent", "distribution", *LAST]),
    ("tmo.umap.min_dist", 0.2, ["reduce", "cluster", "represent", "distribution", *LAST]),
    ("tmo.umap.spread", 2.0, ["reduce", "cluster", "represent", "distribution", *LAST]),
    ("tmo.umap.metric", "euclidean", ["reduce", "cluster", "represent", "distribution", *LAST]),
    ("tmo.umap.n_epochs", 50, ["reduce", "cluster", "represent", "distribution", *LAST]),
    ("tmo.umap.init", "pca", ["reduce", "cluster", "represent", "distribution", *LAST]),
    ("tmo.umap.layout", "parallel", ["reduce", "cluster", "represent", "distribution", *LAST]),
    ("tmo.umap.map_layout", "parallel", ["reduce", "export"]),
    ("tmo.umap.neighbors_seed", 5, ["reduce", "export"]),  # so few papers are compared pair by pair
    ("tmo.umap.neighbors", "faiss", ["graph", "reduce", "export"]),  # so few papers are compared pair by pair
    ("tmo.min_topic_size", 12, ["cluster", "represent", "distribution", *LAST]),
    ("tmo.n_topics", 7, ["cluster", "represent", "distribution", *LAST]),
    ("tmo.hdbscan.min_cluster_size", 12, ["cluster", "represent", "distribution", *LAST]),
    ("tmo.hdbscan.min_samples", 2, ["cluster", "represent", "distribution", *LAST]),
    ("tmo.hdbscan.metric", "manhattan", ["cluster", "represent", "distribution", *LAST]),
    ("tmo.hdbscan.cluster_selection_method", "leaf", ["cluster", "represent", "distribution", *LAST]),
    ("tmo.hdbscan.cluster_selection_epsilon", 0.5, ["cluster", "represent", "distribution", *LAST]),
    ("tmo.represent.calculate_probabilities", False, ["cluster", "export"]),
    ("tmo.represent.n_gram_range", [1, 1], ["represent", "distribution", "identify", "export"]),
    ("tmo.represent.language", "multilingual", ["represent", "distribution", "identify", "export"]),
    ("tmo.represent.top_n_words", 5, ["represent", "identify", "export"]),
    ("tmo.represent.stop_words", "english", ["represent", "distribution", "identify", "export"]),
    ("tmo.represent.min_df", 2, ["represent", "distribution", "identify", "export"]),
    ("tmo.represent.bm25_weighting", True, ["represent", "distribution", "identify", "export"]),
    ("tmo.represent.reduce_frequent_words", True, ["represent", "distribution", "identify", "export"]),
    ("tmo.represent.tokenizer", "icu", ["represent", "distribution", "identify", "export"]),
    ("tmo.cut_notices", True, ["represent", "distribution", "identify", "export"]),
    ("tmo.distribution.window", 8, ["distribution", "export"]),
    ("tmo.distribution.stride", 2, ["distribution", "export"]),
    ("tmo.distribution.min_similarity", 0.2, ["distribution", "export"]),
    ("tmo.distribution.padding", True, ["distribution", "export"]),
    ("tmo.distribution.batch_size", 50, []),
    ("tmo.orphans.mode", "reassign", ["reassign", "represent", "distribution", *LAST]),
    ("tmo.orphans.strategy", "embedding", []),  # nothing is reassigned here
    ("tmo.orphans.threshold", 0.3, []),
    ("tmo.orphans.target_share", 0.1, []),
    ("tmo.update.mode", "assign", []),  # the corpus is the one that was fitted
    ("tmo.update.most_drift", 0.5, []),
    ("tmo.consensus.seeds", 2, ["consensus", "represent", "distribution", *LAST]),
    ("tmo.consensus.least_agreement", 0.9, []),  # of one seed
    ("tmo.consensus.least_stability", 0.9, []),
    ("tmo.score", "centroid", ["distribution", "export"]),
    ("tmo.others_threshold", 0.5, ["orphan-split", "export"]),
    ("tmo.export.texts", False, ["export"]),
    ("tmo.export.escape_formulas", True, ["export"]),
    ("tmo.clusterer", "graph", ["graph", "reduce", "cluster", "represent", "distribution", *LAST]),
    ("tmo.graph.resolution", 3.0, []),  # HDBSCAN is used here
    ("tmo.graph.inertia", 1.0, []),
    ("tmo.graph.small", "outlier", []),
    ("tmo.graph.least_strength", 0.5, []),
    ("tmo.kmeans.n_init", 3, []),  # HDBSCAN is used here
    ("tmo.kmeans.max_iter", 10, []),
    ("tmo.year_column", "YR", []),  # only the pictures have years
    ("tmo.id_column", "uuid", ["load-embeddings", "identify", "export"]),
    ("tmo.text_columns", ["TI"], []),  # read only where embeddings are made
    ("tmo.precision", "half", []),
    ("tmo.quick", True, []),
    ("tmo.embeds_folder", "f01/e01", []),  # another name of the same folder
    ("tmo.transformer_model", "some-model", ["export"]),  # the safetensors form names it
]


# Where a change would not show in the clusters of these papers, it is made from other settings.
BEFORE = {
    "tmo.hdbscan.cluster_selection_method": {"hdbscan": {"min_samples": 2}},
    "tmo.represent.tokenizer": {"represent": {"language": "multilingual"}},
    "tmo.umap.neighbors": {"clusterer": "graph"},
}


@pytest.mark.parametrize(("setting", "value", "stages"), SETTING_STAGES, ids=[row[0] for row in SETTING_STAGES])
def test_a_change_of_a_setting_reruns_exactly_the_stages_that_depend_on_it(finished, run, setting, value, stages):
    section, *names = setting.split(".")
    before = BEFORE.get(setting, {})
    if before:
        finished.write_settings(**before)
        run(finished.analysis)
    inner = {names[-1]: value}
    for name in reversed(names[:-1]):
        inner = {name: {**before.get(name, {}), **inner}}
    finished.write_settings(**({"params": inner} if section == "params" else {**before, **inner}))
    assert run(finished.analysis).computed == stages


def test_every_setting_is_in_the_table():
    from topicloom.settings.schema import Params, TopicModelSettings

    def names(model, prefix):
        for name, field in model.model_fields.items():
            inner = field.annotation
            if isinstance(inner, type) and hasattr(inner, "model_fields"):
                yield from names(inner, f"{prefix}.{name}")
            else:
                yield f"{prefix}.{name}"

    wanted = {*names(TopicModelSettings, "tmo"), *names(Params, "params")}
    pictures = {f"tmo.{row[0]}" for row in test_pictures.SETTING_STAGES}
    named_with_an_endpoint = {"tmo.names.language_model.model"}
    # The stages that read a section of these have all of it in their keys; one of its settings is in the table.
    sections = ("tmo.columns.", "tmo.take_away.")
    alike = {name for name in wanted if name.startswith(sections)}
    assert all(any(name.startswith(section) for name in pictures) for section in sections)
    assert wanted - alike == ({row[0] for row in SETTING_STAGES} | pictures | named_with_an_endpoint) - alike


def test_two_analyses_share_one_reduction(finished, run):
    other = finished.write_settings("a02", n_topics=6)
    report = run(other)
    assert report.cached == ["load-embeddings", "reduce"]
    assert len(finished.store_entries("reduce")) == 1
    assert (finished.output("dataset_minimal.csv")).is_file()


def test_a_renamed_project_and_root_recompute_nothing(finished, run, tmp_path):
    moved = tmp_path / "elsewhere"
    finished.root.rename(moved)
    (moved / "wos").rename(moved / "renamed")
    (moved / "renamed" / "a01").rename(moved / "renamed" / "a09")
    from tests.conftest import Project

    project = Project(moved, "renamed")
    analysis = project.write_settings("a09")
    assert run(analysis).computed == []


def test_a_changed_corpus_is_noticed(finished, run):
    corpus = pd.read_csv(finished.profile / "corpus.csv", dtype=str, keep_default_na=False)
    corpus.loc[0, "text"] = "quantum chromodynamics on the lattice"
    corpus.to_csv(finished.profile / "corpus.csv", index=False)
    report = run(finished.analysis)
    # The vectors are the same: they are neither reduced nor clustered again.
    assert report.computed == ["load-embeddings", "represent", "distribution", "identify", "export"]
    texts = pd.concat([pd.read_csv(finished.output(name)) for name in ("dataset_minimal.csv", "orphans.csv")])
    assert "quantum chromodynamics on the lattice" in set(texts["Document"])


def test_changed_embeddings_are_noticed(finished, run):
    path = finished.profile / "embeddings.npy"
    vectors = np.load(path)
    np.save(path, vectors + np.random.default_rng(0).normal(0, 0.02, vectors.shape).astype(vectors.dtype))
    assert run(finished.analysis).computed == ALL


def test_same_bytes_touched_are_not_recomputed(finished, run):
    os.utime(finished.profile / "embeddings.npy")
    assert run(finished.analysis).computed == []


DAMAGES = {
    "deleted": lambda path: path.unlink(),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "flipped": lambda path: path.write_bytes(path.read_bytes()[:-8] + b"\x17" * 8),
}
ARTIFACTS = {
    "load-embeddings": "texts.parquet",
    "reduce": "reduced.npy",
    "cluster": "clusters.npy",
    "represent": "topics.json",
    "distribution": "score.npy",
    "identify": "identity.json",
    "orphan-split": "level0.npy",
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("stage", ARTIFACTS)
def test_a_damaged_artifact_is_computed_again_with_a_warning(finished, run, stage, damage, caplog):
    expected = {name: finished.output(name).read_bytes() for name in CSV}
    (entry,) = finished.store_entries(stage)
    DAMAGES[damage](entry / ARTIFACTS[stage])
    report = run(finished.analysis)
    assert report.computed == [stage]  # and those after it are kept: its result is the same
    assert f"{stage}: the kept result is not used: {ARTIFACTS[stage]}" in caplog.text
    assert {name: finished.output(name).read_bytes() for name in CSV} == expected


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["dataset_minimal.csv", "topic_model_object.pck", "topic_model_object/topics.json"])
def test_a_damaged_output_is_exported_again(finished, run, name, damage):
    DAMAGES[damage](finished.output(name))
    assert run(finished.analysis).computed == ["export"]
    assert run(finished.analysis).computed == []


def test_a_damaged_manifest_is_a_miss(finished, run):
    (entry,) = finished.store_entries("cluster")
    (entry / "manifest.json").write_text("{")
    assert run(finished.analysis).computed == ["cluster"]


def test_a_new_library_version_is_noticed(finished, run, monkeypatch):
    from topicloom.stages import stage as stages

    known = stages._version
    monkeypatch.setattr(stages, "_version", lambda name: "99.0" if name == "hdbscan" else known(name))
    # Computed again; what it gave is the same, so what follows is kept.
    assert run(finished.analysis).computed == ["cluster"]


@pytest.mark.parametrize("stage", ALL)
def test_refresh_recomputes_a_stage_and_those_after_it(finished, run, stage):
    expected = {name: finished.output(name).read_bytes() for name in CSV}
    report = run(finished.analysis, stage)
    assert report.computed == ALL[ALL.index(stage) :]
    assert {name: finished.output(name).read_bytes() for name in CSV} == expected


def test_a_lost_store_is_rebuilt_to_the_same_bytes(finished, run):
    """The whole computation twice, in one process and in two places, gives byte-identical CSV files."""
    expected = {name: finished.output(name).read_bytes() for name in CSV}
    shutil.rmtree(finished.path / ".topicloom")
    assert run(finished.analysis).computed == ALL[:-1]  # the exported files still stand for the same results
    assert run(finished.analysis, "export").computed == ["export"]
    assert {name: finished.output(name).read_bytes() for name in CSV} == expected


def test_fresh_processes_give_the_same_bytes(project, finished, prefect_server):
    """Also on another number of threads."""
    for threads in ("1", "2"):
        shutil.rmtree(project.path / ".topicloom", ignore_errors=True)
        subprocess.run(
            [sys.executable, "-c", "import sys; from flows.topic_model import topic_model as t; t(sys.argv[1])"]
            + [str(project.analysis)],
            env={
                **os.environ,
                "PREFECT_API_URL": prefect_server,
                "OMP_NUM_THREADS": threads,
                "NUMBA_NUM_THREADS": threads,
            },
            check=True,
            capture_output=True,
        )
        for name in CSV:
            assert project.output(name).read_bytes() == finished.output(name).read_bytes(), (threads, name)


def test_kmeans_gives_the_same_bytes_twice(finished, run):
    finished.write_settings(n_topics=6)
    run(finished.analysis)
    names = [name for name in CSV if name != "orphans.csv"]
    expected = {name: finished.output(name).read_bytes() for name in names}
    assert not finished.output("orphans.csv").exists()  # the one of the HDBSCAN run before is removed
    run(finished.analysis, "cluster")
    assert {name: finished.output(name).read_bytes() for name in names} == expected


def test_run_record_states_what_happened(finished, run):
    record = json.loads(finished.output("run.json").read_text())
    assert set(record["stages"]) == set(ALL)
    assert record["counts"]["documents"] == 240
    assert record["counts"]["assigned"] + record["counts"]["orphans"] == 240
    assert record["versions"]["umap-learn"]
    assert record["settings"]["tmo"]["min_topic_size"] == 5
    exported = {path for path in record["export"]["files"] if "/" not in path}
    present = {path.name for path in finished.analysis.iterdir() if path.is_file()}
    assert present == exported | {"run.json", "settings_analysis_directive_2026-01-01-00-00.json"}
    first = json.loads(finished.output("run.json").read_text())["export"]
    run(finished.analysis)
    record = json.loads(finished.output("run.json").read_text())
    assert {stage["status"] for stage in record["stages"].values()} == {"cached"}
    assert record["export"] == first


def test_canonical_order_makes_topics_independent_of_row_order(project, run):
    project.write_settings(params={"order": "canonical"})
    run(project.analysis)
    columns = ["UT", "Topic", "Name", "Probability", "Score", "Representative_document", "level0"]
    before = pd.read_csv(project.output("dataset_minimal.csv"))[columns].sort_values("UT", ignore_index=True)

    corpus = pd.read_csv(project.profile / "corpus.csv", dtype=str, keep_default_na=False)
    vectors = np.load(project.profile / "embeddings.npy")
    shuffled = np.random.default_rng(1).permutation(len(corpus))
    corpus.iloc[shuffled].to_csv(project.profile / "corpus.csv", index=False)
    np.save(project.profile / "embeddings.npy", vectors[shuffled])
    ids = [corpus["UT"].iloc[row] for row in shuffled]
    (project.profile / "embeddings_ids.json").write_text(json.dumps(ids))
    report = run(project.analysis)
    assert "reduce" in report.cached
    dataset = pd.read_csv(project.output("dataset_minimal.csv"))
    pd.testing.assert_frame_equal(dataset[columns].sort_values("UT", ignore_index=True), before)
    # The outputs keep the order of the corpus file.
    assert [ut for ut in ids if ut in set(dataset["UT"])] == list(dataset["UT"])
    assert list(pd.read_csv(project.output("document_coords.csv"))["UT"]) == ids
    from bertopic import BERTopic

    model = BERTopic.load(str(project.output("topic_model_object.pck")))
    info = model.get_document_info(list(corpus["text"].iloc[shuffled]))
    assert list(info["Topic"][info["Topic"] != -1]) == list(dataset["Topic"])
