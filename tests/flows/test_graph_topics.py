"""Topics from the neighbour graph, through whole runs: cached, steady, and all that people read is there."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.conftest import Project, copied
from tests.flows.test_lineage import keep_rows
from topicloom.store.files import read_json

GRAPH = {"clusterer": "graph", "graph": {"resolution": 2.0}}
BASE, GROWN = 200, 240
FILES = ("topic_model_info.csv", "dataset_minimal.csv", "document_coords.csv", "topic_model_object.pck")


def papers(project: Project) -> pd.DataFrame:
    return pd.read_csv(project.output("document_coords.csv"), dtype={"UT": str}, keep_default_na=False).set_index("UT")


def digests(project: Project) -> dict[str, str]:
    return {name: hashlib.sha256(project.output(name).read_bytes()).hexdigest() for name in FILES}


def facts(project: Project, stage: str) -> dict:
    key = read_json(project.output("run.json"))["stages"][stage]["key"]
    return read_json(project.path / ".topicloom" / stage / key / "manifest.json")["facts"]


@pytest.fixture(scope="module")
def fitted(wos_project, prefect_server, tmp_path_factory) -> Project:
    """The first 200 papers, run with all pictures; the whole corpus lies beside."""
    from flows.topic_model import topic_model

    project = copied(wos_project, tmp_path_factory.mktemp("graph"))
    shutil.copytree(project.profile, project.root / "whole")
    keep_rows(project, np.arange(BASE))
    project.write_settings(**GRAPH, pictures={"quality": True, "figures": True, "report": True})
    report = topic_model(project.analysis)
    assert "graph" in report.computed
    return project


@pytest.fixture
def project(fitted, tmp_path) -> Project:
    return copied(fitted, tmp_path / "graph")


def grow(project: Project, **tmo: object) -> None:
    for path in (project.root / "whole").iterdir():
        shutil.copy(path, project.profile)
    keep_rows(project, np.arange(GROWN))
    project.write_settings(**{**GRAPH, **tmo})


def test_no_paper_is_left_out_and_no_reduced_vectors_are_made(fitted):
    found = papers(fitted)
    assert (found["Topic"] >= 0).all()
    assert not fitted.output("orphans.csv").exists()
    (reduced,) = fitted.store_entries("reduce")
    assert not (reduced / "reduced.npy").exists()
    assert (reduced / "coordinates.npy").exists()
    dataset = pd.read_csv(fitted.output("dataset_minimal.csv"))
    assert dataset["Probability"].between(0, 1).all()
    other = dataset["second_topic"] >= 0
    assert (dataset["second_topic"] != dataset["Topic"]).all()
    assert ((dataset["second_strength"] > 0) == other).all()
    assert (dataset["Probability"] + dataset["second_strength"] <= 1.0001).all()


def test_a_repeated_run_computes_nothing(project, run):
    before = digests(project)
    project.write_settings(**GRAPH, pictures={"quality": True, "figures": True, "report": True})
    assert run(project.analysis).computed == []
    assert digests(project) == before


def test_measures_suit_a_graph(fitted):
    measures = read_json(fitted.output("topic_quality.json"))["measures"]
    assert "silhouette" not in measures
    assert 0 < measures["modularity"]["value"] < 1
    assert 0 < measures["conductance"]["value"] < 1
    assert 0 < measures["seed_agreement"]["value"] <= 1
    assert measures["given_up"]["value"] is None
    assert "Conductance" in fitted.output("report.html").read_text(encoding="utf-8")


def test_bertopic_loads_the_model_and_places_papers(fitted):
    from bertopic import BERTopic

    model = BERTopic.load(str(fitted.output("topic_model_object.pck")))
    vectors = np.load(fitted.profile / "embeddings.npy")
    corpus = pd.read_csv(fitted.profile / "corpus.csv", dtype=str)
    topics, _ = model.transform(corpus["text"].tolist(), vectors)
    assert topics == model.topics_ == papers(fitted)["Topic"].tolist()


def test_the_run_after_is_tied_to_the_one_before_and_repeats_itself(project, run):
    before = papers(project)
    grow(project)
    run(project.analysis)
    after, first = papers(project), digests(project)
    found = facts(project, "cluster")
    assert found["anchored_to"] == 1
    assert found["anchors"] == before["Topic"].nunique()
    assert found["given_up"] is not None
    kept = (after.loc[before.index, "topic_uid"] == before["topic_uid"]).mean()
    assert kept > 0.8, kept  # without ties half of them
    # Again, and computed anew: the run is tied to the same topics, not to its own.
    assert run(project.analysis).computed == []
    shutil.rmtree(project.path / ".topicloom" / "cluster")
    assert "cluster" in run(project.analysis).computed
    assert facts(project, "cluster")["anchored_to"] == 1
    assert digests(project) == first


def test_new_papers_are_placed_by_their_neighbours(project, run):
    before = papers(project)
    grow(project, update="assign")
    report = run(project.analysis)
    assert "graph" not in report.computed
    after = papers(project)
    assert (after.loc[before.index, "topic_uid"] == before["topic_uid"]).all()
    assert (after.loc[before.index, ["x", "y"]] == before[["x", "y"]]).all().all()
    assert after["placed"].sum() == GROWN - BASE
    assert (after["Topic"] >= 0).all()


def test_a_number_of_topics_is_met_and_weak_papers_are_left_out(project, run):
    project.write_settings(clusterer="graph", n_topics=6, graph={"least_strength": 0.5})
    report = run(project.analysis)
    assert report.topics == 6
    assert 0 < report.outliers < BASE
    assert project.output("orphans.csv").exists()
    assert any("least_strength" in note for note in report.notes)


def test_auto_chooses_the_resolution_by_evidence(project, run):
    project.write_settings(clusterer="graph", pictures={"report": True})
    report = run(project.analysis)
    (tried,) = (json.loads(path.read_text()) for path in Path(project.path).rglob("resolutions.json"))
    chosen = facts(project, "cluster")["resolution"]
    assert chosen in [step["resolution"] for step in tried]
    assert max(step["worth"] for step in tried) == next(s["worth"] for s in tried if s["resolution"] == chosen)
    assert any(f"resolution {chosen:g}" in note for note in report.notes)
    table = pd.read_csv(project.output("topic_resolutions.csv"))
    assert table["Resolution"].tolist() == [step["resolution"] for step in tried]
    assert table.loc[table["Chosen"], "Resolution"].tolist() == [chosen]
    assert "How the resolution was chosen" in project.output("report.html").read_text(encoding="utf-8")
    # A stated resolution has no path: the table of the earlier result goes.
    project.write_settings(**GRAPH)
    run(project.analysis)
    assert not project.output("topic_resolutions.csv").exists()


@pytest.mark.parametrize(
    ("tmo", "said"),
    [
        ({"clusterer": "hdbscan", "n_topics": 5}, "n_topics 5"),
        ({"clusterer": "kmeans"}, "n_topics 0"),
        ({"clusterer": "graph", "min_topic_size": "auto"}, "give min_topic_size a number"),
        ({"clusterer": "graph", "consensus": {"seeds": 3}}, "leave consensus out"),
        ({"clusterer": "graph", "orphans": "reassign"}, "leave orphans out"),
        ({"clusterer": "louvain"}, "graph"),
        ({"clusterer": "graph", "graph": {"inertia": -1}}, "tmo.graph.inertia"),
        ({"clusterer": "graph", "graph": {"resolution": 0}}, "tmo.graph.resolution"),
        ({"clusterer": "graph", "graph": {"small": "drop"}}, "tmo.graph.small"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(tmp_path, tmo, said):
    from topicloom.errors import SettingsError
    from topicloom.settings.reading import read_settings

    project = Project(tmp_path)
    project.write_settings(**tmo)
    with pytest.raises(SettingsError, match=said):
        read_settings(project.analysis)
