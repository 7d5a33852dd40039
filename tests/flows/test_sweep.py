"""Whole sweeps: stages are shared, what was computed is reused, a run that adopts one finds it cached, any runner."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest

from tests.conftest import Project, copied
from tests.flows.test_cli import topicloom
from topicloom.sweep.grid import SweepError, SweepPlan

VARY = {"min_topic_size": [5, 8], "n_neighbors": [10, 15]}


@pytest.fixture(scope="module")
def swept(wos_project, prefect_server, tmp_path_factory) -> Project:
    """The small project after a sweep of two sizes by two numbers of neighbours, over two seeds."""
    from flows.sweep import sweep

    project = copied(wos_project, tmp_path_factory.mktemp("swept"))
    project.report = sweep(project.analysis, SweepPlan(vary=VARY, seeds=2))
    return project


@pytest.fixture
def again(swept, tmp_path) -> Project:
    return copied(swept, tmp_path / "again")


@pytest.fixture
def sweep(prefect_server):
    from flows.sweep import sweep

    return sweep


def table(project: Project) -> pd.DataFrame:
    return pd.read_csv(project.analysis / "sweep" / "sweep.csv")


def test_every_stage_that_can_be_is_shared(swept):
    # Two numbers of neighbours under two seeds; each with two sizes; words and measures under one seed.
    assert len(swept.store_entries("load-embeddings")) == 1
    assert len(swept.store_entries("tokens")) == 1
    assert len(swept.store_entries("reduce")) == 4
    assert len(swept.store_entries("cluster")) == 8
    assert len(swept.store_entries("represent")) == 4
    assert len(swept.store_entries("quality")) == 4
    assert not swept.store_entries("export")
    assert swept.report.tried == 4


def test_the_table_and_the_page_hold_every_combination(swept):
    found = table(swept)
    assert found[["tmo.min_topic_size", "tmo.umap.n_neighbors"]].to_numpy().tolist() == [
        [5, 10],
        [5, 15],
        [8, 10],
        [8, 15],
    ]
    assert found["stability"].between(-1, 1).all()
    assert found["topic_stability"].between(0, 1).all()
    assert found["front"].any()
    page = (swept.analysis / "sweep" / "sweep.html").read_text(encoding="utf-8")
    assert "parcoords" in page
    assert swept.report.why[0] in page.replace("&#39;", "'")
    assert "cdn" not in page.split("<script", 1)[0]


def test_a_sweep_that_was_done_computes_nothing_again(again, swept, sweep):
    before = {path: path.stat().st_mtime_ns for path in again.path.glob(".topicloom/*/*/manifest.json")}
    adopting = next((again.analysis / "sweep").glob("settings_*.json"))
    adopting.rename(adopting.with_name("settings_analysis_directive_2020-01-01-00-00.json"))
    report = sweep(again.analysis, SweepPlan(vary=VARY, seeds=2))
    assert report.why == swept.report.why
    assert len(list((again.analysis / "sweep").glob("settings_*.json"))) == 1
    assert {path: path.stat().st_mtime_ns for path in again.path.glob(".topicloom/*/*/manifest.json")} == before


def test_a_sweep_that_lost_a_part_computes_that_part_only(again, sweep):
    lost = again.store_entries("cluster")[0]
    shutil.rmtree(lost)
    before = {path.parent.name: path.stat().st_mtime_ns for path in again.path.glob(".topicloom/*/*/manifest.json")}
    sweep(again.analysis, SweepPlan(vary=VARY, seeds=2))
    after = {path.parent.name: path.stat().st_mtime_ns for path in again.path.glob(".topicloom/*/*/manifest.json")}
    assert {key for key in after if after[key] != before.get(key)} == {lost.name}


def test_a_run_that_adopts_the_best_finds_its_stages_cached_and_the_same_topics(again, run):
    adopting = next((again.analysis / "sweep").glob("settings_*.json"))
    shutil.copy(adopting, again.analysis)
    report = run(again.analysis)
    assert {"load-embeddings", "reduce", "cluster", "represent"} <= set(report.cached)
    record = json.loads((again.analysis / "sweep" / "sweep.json").read_text())
    best = table(again)
    for name, value in record["best"].items():
        best = best[best[name] == value]
    assert best["topics"].tolist() == [report.topics]
    assert best["outlier_share"].tolist() == pytest.approx([report.outlier_share], abs=1e-4)


@pytest.mark.parametrize(
    "runner",
    ["processes", pytest.param("dask", marks=pytest.mark.slow), pytest.param("ray", marks=pytest.mark.slow)],
)
def test_every_runner_finds_the_same(project, sweep, swept, runner):
    sweep(project.analysis, SweepPlan(vary=VARY, seeds=2, runner=runner, workers=2))
    measured = [column for column in table(swept).columns if column != "seconds"]
    pd.testing.assert_frame_equal(table(project)[measured], table(swept)[measured])


def test_a_budget_that_is_over_begins_nothing_more_and_says_so(project, sweep):
    report = sweep(project.analysis, SweepPlan(vary={"min_topic_size": [5, 6]}, seeds=1, budget={"minutes": 1e-6}))
    assert report.tried == 0
    assert len(report.left_out) == 2
    assert report.left_out[0] == "min_topic_size 5: the budget's minutes were over"
    assert report.why == ["Nothing was tried: see below why, or raise the budget."]
    assert "budget&#39;s minutes were over" in (project.analysis / "sweep" / "sweep.html").read_text()
    assert not project.store_entries("reduce")


def test_combinations_that_the_corpus_does_not_allow_are_told(project, sweep):
    report = sweep(project.analysis, SweepPlan(vary={"n_neighbors": [10, 500]}, seeds=1))
    assert report.tried == 1
    assert "n_neighbors 500: " in report.left_out[0]
    assert "the corpus has 240 papers" in report.left_out[0]


def test_seeds_that_vary_are_each_others_measure_of_stability(project, sweep):
    sweep(project.analysis, SweepPlan(vary={"seed": [100, 101, 102]}))
    found = table(project)
    assert found["stability"].nunique() == 1
    assert len(project.store_entries("reduce")) == 3


def test_from_the_command_line(again, tmp_path):
    plan = tmp_path / "sweep.yaml"
    plan.write_text("vary: {min_topic_size: [5, 8], n_neighbors: {from: 10, to: 15, step: 5}}\nseeds: 2\n")
    done = topicloom("sweep", again.analysis, plan, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "Take min_topic_size" in done.stdout
    assert (tmp_path / "out" / "sweep.html").is_file()
    plan.write_text("vary: {min_topic_size: [1]}\n")
    done = topicloom("sweep", again.analysis, plan)
    assert done.returncode == 2
    assert "No combination of the sweep is allowed" in done.stderr


def test_a_runner_whose_package_is_missing_names_it(project, sweep, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "prefect_dask", None)
    with pytest.raises(SweepError, match=r"needs the package prefect-dask"):
        sweep(project.analysis, SweepPlan(vary={"min_topic_size": [5]}, runner="dask"))


def test_embedding_profiles_can_vary(project, sweep):
    import numpy as np

    other = project.profile.with_name("e02")
    shutil.copytree(project.profile, other)
    np.save(other / "embeddings.npy", np.load(other / "embeddings.npy")[:, :128])
    report = sweep(project.analysis, SweepPlan(vary={"embeds_folder": ["e01", "e02"]}, seeds=1))
    assert report.tried == 2
    found = table(project)
    assert found["tmo.embeds_folder"].tolist() == ["e01", "e02"]
    assert len(project.store_entries("load-embeddings")) == 2
    assert len(project.store_entries("tokens")) == 1


def test_bad_input_is_said_and_not_taken_for_a_bad_combination(project, sweep):
    from topicloom.errors import EmbeddingsError

    for path in project.profile.glob("embeddings*"):
        path.unlink()
    with pytest.raises(EmbeddingsError, match="It holds no embeddings"):
        sweep(project.analysis, SweepPlan(vary={"min_topic_size": [5, 6]}))
    assert not (project.analysis / "sweep").exists()


def test_resolutions_of_the_neighbour_graph_are_compared_on_one_graph(project, sweep):
    project.write_settings(clusterer="graph")
    report = sweep(project.analysis, SweepPlan(vary={"tmo.graph.resolution": [2.0, 6.0]}, seeds=2))
    found = table(project)
    assert report.tried == 2
    assert not report.left_out
    assert found["tmo.graph.resolution"].tolist() == [2.0, 6.0]
    assert found["topics"].is_monotonic_increasing
    assert (found["outlier_share"] == 0).all()
    assert found["stability"].between(0, 1).all()
    assert found["npmi"].notna().all()
    # One graph for all, and topics of each resolution under each seed.
    assert len(project.store_entries("graph")) == 1
    assert project.store_entries("reduce") == []  # nobody looks at a map
    assert len(project.store_entries("cluster")) == 4
    adopting = json.loads(next((project.analysis / "sweep").glob("settings_*.json")).read_text())
    assert adopting["tmo"]["graph"]["resolution"] in (2.0, 6.0)
