"""New papers without a refit: what was fitted stays, new papers are placed and marked, withdrawn ones go."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from tests.conftest import Project, copied
from tests.flows.test_cli import topicloom
from tests.flows.test_lineage import entered, keep_rows
from topicloom.errors import StoreError
from topicloom.settings.reading import read_settings
from topicloom.stages import stage as stages
from topicloom.stages.earlier_fit import base_refs
from topicloom.store.files import read_json
from topicloom.store.store import StageRef, Store

BASE, GROWN = 200, 240


STRATEGIES = ["distribution", "c-tf-idf", "embedding", "membership"]
LIGHT = ("distribution", "membership")  # tried in every run of the tests


def papers(project: Project) -> pd.DataFrame:
    return pd.read_csv(project.output("document_coords.csv"), dtype={"UT": str}, keep_default_na=False).set_index("UT")


@pytest.fixture(scope="module")
def fitted(wos_project, prefect_server, tmp_path_factory) -> Project:
    """The small project, its first 200 papers fitted; the whole corpus lies beside."""
    from flows.topic_model import topic_model

    project = copied(wos_project, tmp_path_factory.mktemp("fitted"))
    shutil.copytree(project.profile, project.root / "whole")
    keep_rows(project, np.arange(BASE))
    topic_model(project.analysis)
    return project


@pytest.fixture
def growing(fitted, tmp_path) -> Project:
    return copied(fitted, tmp_path / "growing")


def grow(project: Project, rows: np.ndarray, **tmo: object) -> None:
    """The corpus becomes these rows of the whole one."""
    for path in (project.root / "whole").iterdir():
        shutil.copy(path, project.profile)
    keep_rows(project, rows)
    project.write_settings(**tmo)


def mostly_of_one_topic(project: Project, fitted: np.ndarray) -> np.ndarray:
    """Which new papers have more than half of their 15 nearest fitted papers in one topic. fitted: topics of those."""
    vectors = np.load(project.root / "whole" / "embeddings.npy").astype(np.float64)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    nearest = np.argsort(-(unit[BASE:] @ unit[:BASE].T), axis=1)[:, :15]
    return np.array([np.bincount(near[near >= 0], minlength=1).max() > 7.5 for near in fitted[nearest]])


def test_new_papers_are_placed_and_all_that_was_fitted_stays(growing, run):
    before = papers(growing)
    gone, stay = np.arange(5), np.arange(5, GROWN)
    grow(growing, stay, update="assign", pictures={"quality": False})
    report = run(growing.analysis)
    after = papers(growing)
    assert {"update", "reduce", "cluster"} <= set(report.computed)
    kept = before.index.intersection(after.index)
    assert len(kept) == BASE - len(gone)
    assert (after.loc[kept, ["x", "y"]] == before.loc[kept, ["x", "y"]]).all(axis=None)
    assert (after.loc[kept, "topic_uid"] == before.loc[kept, "topic_uid"]).all()
    assert after["placed"].tolist() == [False] * (BASE - 5) + [True] * (GROWN - BASE)
    placed = after[after["placed"]]
    # Whatever prediction says, a paper whose nearest fitted papers are mostly of one topic is in a topic.
    surrounded = mostly_of_one_topic(growing, before["Topic"].to_numpy())
    assert surrounded.sum() >= 5
    assert (placed["Topic"].to_numpy()[surrounded] >= 0).all()
    assert placed[["x", "y"]].apply(lambda c: c.between(before[c.name].min(), before[c.name].max())).all(axis=None)
    assert any("40 new papers were placed in the model of run 1, 5 were withdrawn" in note for note in report.notes)
    assert "40 papers new, 5 papers withdrawn" in report.changes
    assert "new papers only" in growing.output("report.html").read_text(encoding="utf-8")
    # Nothing changed: the decision and all that follows are reused, and the fitted run is still the first.
    assert run(growing.analysis).computed == []
    assert [record.base for record in entered(growing)] == [1, 1]


def test_the_saved_model_is_the_fitted_one_with_the_topics_of_all(growing, run):
    from bertopic import BERTopic

    grow(growing, np.arange(GROWN), update="assign")
    run(growing.analysis)
    model = BERTopic.load(growing.output("topic_model_object.pck"))
    assert model.topics_ == papers(growing)["Topic"].tolist()
    vectors = np.load(growing.profile / "embeddings.npy")
    corpus = pd.read_csv(growing.profile / "corpus.csv", dtype=str, keep_default_na=False)
    topics, _ = model.transform(list(corpus["text"][BASE:]), vectors[BASE:])
    ours = np.array(model.topics_[BASE:])
    predicted = np.array(topics) >= 0  # where prediction finds a topic, it is the one the paper was placed in
    assert (np.array(topics)[predicted] == ours[predicted]).all()


def test_auto_places_a_little_and_fits_much_anew(growing, run):
    grow(growing, np.arange(BASE + 4), update={"mode": "auto", "most_drift": 0.2})
    assert any("4 new papers were placed" in note for note in run(growing.analysis).notes)
    grow(growing, np.arange(GROWN), update={"mode": "auto", "most_drift": 0.1})
    report = run(growing.analysis)
    assert any("fitted anew: the drift of 0." in note for note in report.notes)
    assert not papers(growing)["placed"].any()
    assert run(growing.analysis).computed == []
    # It is the very fit that a run without update makes.
    grow(growing, np.arange(GROWN))
    assert {"reduce", "cluster", "represent"} <= set(run(growing.analysis).cached)


def test_other_settings_of_the_fit_are_met_by_a_refit(growing, run):
    grow(growing, np.arange(GROWN), update="assign", min_topic_size=6)
    report = run(growing.analysis)
    assert any("fitted anew: the settings of cluster differ from those of run 1" in note for note in report.notes)


def test_a_changed_embedding_counts_as_new(growing, run):
    vectors = np.load(growing.profile / "embeddings.npy")
    vectors[:3] = vectors[100:103] * 0.5 + vectors[:3]
    np.save(growing.profile / "embeddings.npy", vectors)
    growing.write_settings(update="assign")
    run(growing.analysis)
    assert papers(growing)["placed"].tolist() == [True] * 3 + [False] * (BASE - 3)


def test_kmeans_predicts_and_the_fitted_papers_stay(growing, run):
    growing.write_settings(n_topics=6)
    run(growing.analysis)
    before = papers(growing)
    grow(growing, np.arange(GROWN), update="assign", n_topics=6)
    run(growing.analysis)
    after = papers(growing)
    assert (after.loc[before.index, "topic_uid"] == before["topic_uid"]).all()
    assert (after["Topic"] >= 0).all()


def test_clean_keeps_the_fit_and_status_tells_of_the_decision(growing, run):
    grow(growing, np.arange(GROWN), update="assign")
    run(growing.analysis)
    lines = topicloom("status", growing.analysis).stdout.splitlines()
    assert any(line.split()[:2] == ["update", "cached"] for line in lines)
    assert topicloom("clean", growing.analysis).returncode == 0
    grow(growing, np.arange(BASE + 20), update="assign")
    report = run(growing.analysis)
    assert any("20 new papers were placed in the model of run 1" in note for note in report.notes)


def test_a_fit_that_is_no_longer_kept_is_made_anew(growing, run):
    record = json.loads(growing.output("run.json").read_text())
    shutil.rmtree(growing.path / ".topicloom" / "reduce" / record["stages"]["reduce"]["key"])
    grow(growing, np.arange(GROWN), update="assign")
    report = run(growing.analysis)
    assert any("the result of reduce of run 1 is no longer kept" in note for note in report.notes)


def test_a_fit_that_is_lost_after_papers_were_placed_by_it_is_made_anew(growing, run):
    grow(growing, np.arange(GROWN), update="assign")
    run(growing.analysis)
    decision = read_json(growing.store_entries("update")[0] / "decision.json")
    for stage in ("reduce", "cluster"):
        shutil.rmtree(growing.path / ".topicloom" / stage / decision["keys"][stage])
    report = run(growing.analysis, refresh="reduce")
    assert any("the result of reduce of run 1 is no longer kept" in note for note in report.notes)
    assert not papers(growing)["placed"].any()
    assert run(growing.analysis).computed == []


def test_a_library_of_the_fit_that_has_changed_is_met_by_a_refit(growing, run, monkeypatch):
    grow(growing, np.arange(GROWN), update="assign")
    run(growing.analysis)
    version = stages._version
    monkeypatch.setattr(stages, "_version", lambda name: "0.99" if name == "numba" else version(name))
    report = run(growing.analysis)
    assert any("the libraries of reduce differ from those of run 1" in note for note in report.notes)


def test_whoever_asks_for_a_lost_fit_is_told_what_to_do(growing, run):
    grow(growing, np.arange(GROWN), update="assign")
    report = run(growing.analysis)
    settings = read_settings(growing.analysis)
    decision = read_json(growing.store_entries("update")[0] / "decision.json")
    shutil.rmtree(growing.path / ".topicloom" / "cluster" / decision["keys"]["cluster"])
    decided = StageRef(stage="update", key=report.stages["update"].key, outputs={}, facts={"mode": "assign"})
    with pytest.raises(StoreError, match=r"The result of cluster .* no longer kept .*\n?.*Run again"):
        base_refs(Store(settings.store_path), decided)


def membership_by_hdbscan(project: Project, reduced: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Membership vectors of all papers of a run by hdbscan's own functions, columns by topic as BERTopic numbers them."""
    import hdbscan
    from bertopic import BERTopic

    model = BERTopic.load(project.output("topic_model_object.pck"))
    vectors = np.empty((len(positions), model.hdbscan_model.labels_.max() + 1))
    fitted = positions >= 0
    vectors[fitted] = hdbscan.all_points_membership_vectors(model.hdbscan_model)[positions[fitted]]
    vectors[~fitted] = hdbscan.membership_vector(model.hdbscan_model, reduced[~fitted].astype(np.float64))
    of_topics = np.zeros_like(vectors)
    topic_of = dict(model.topic_mapper_.get_mappings())
    for cluster in range(vectors.shape[1]):
        of_topics[:, topic_of[cluster]] = vectors[:, cluster]
    return of_topics


def placed_run(project: Project, report: object) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """The papers of both tables in corpus order, their reduced vectors, and their rows in the fitted corpus."""
    store = project.path / ".topicloom"
    names = [name for name in ("dataset_minimal.csv", "orphans.csv") if project.output(name).exists()]
    tables = [pd.read_csv(project.output(name), dtype={"UT": str}) for name in names]
    found = pd.concat(tables).set_index("UT").loc[papers(project).index]
    reduced = np.load(store / "reduce" / report.stages["reduce"].key / "reduced.npy")
    positions = np.load(store / "update" / report.stages["update"].key / "positions.npy")
    return found, reduced, positions


@pytest.mark.parametrize(
    "strategy", [*LIGHT, *(pytest.param(one, marks=pytest.mark.slow) for one in STRATEGIES if one not in LIGHT)]
)
def test_outliers_among_placed_papers_are_given_away_by_their_own_membership(growing, run, strategy):
    """Withdrawn papers shift the rows of those that stay; new ones have no row in the fitted model."""
    rows = np.arange(7, GROWN)
    grow(growing, rows, update="assign")
    run(growing.analysis)
    outliers = papers(growing)["Topic"] == -1
    assert outliers[papers(growing)["placed"]].any()
    assert outliers[~papers(growing)["placed"]].any()
    grow(growing, rows, update="assign", orphans={"mode": "reassign", "strategy": strategy, "target_share": 0.05})
    report = run(growing.analysis)
    found, reduced, positions = placed_run(growing, report)
    membership = membership_by_hdbscan(growing, reduced, positions)
    topics, given = found["Topic"].to_numpy(), found["orphan_score"].notna().to_numpy()
    assert given[positions < 0].any()
    assert given[positions >= 0].any()
    own = np.where(given | (positions < 0), membership[np.arange(len(topics)), topics], membership.max(axis=1))
    expected = np.where(topics == -1, 1 - membership.sum(axis=1), own)  # of a fitted one the largest, as BERTopic's
    assert np.allclose(found["Probability"], expected, atol=1e-9)
    if strategy == "membership":
        assert (topics[given] == membership[given].argmax(axis=1)).all()
        assert np.allclose(found["orphan_score"][given], membership[given].max(axis=1), atol=1e-9)
    assert run(growing.analysis).computed == []


def test_without_probabilities_a_placed_paper_has_its_predicted_strength(growing, run):
    import hdbscan
    from bertopic import BERTopic

    growing.write_settings(represent={"calculate_probabilities": False})
    run(growing.analysis)
    before = pd.concat([pd.read_csv(growing.output(name)) for name in ("dataset_minimal.csv", "orphans.csv")])
    rows = np.arange(7, GROWN)
    grow(growing, rows, update="assign", represent={"calculate_probabilities": False})
    found, reduced, positions = placed_run(growing, run(growing.analysis))
    new, probability = positions < 0, found["Probability"].to_numpy()
    assert np.allclose(probability[~new], before.set_index("UT")["Probability"].loc[found.index[~new]])
    model = BERTopic.load(growing.output("topic_model_object.pck")).hdbscan_model
    labels, strength = hdbscan.approximate_predict(model, reduced[new])
    by_neighbours = (labels == -1) & (found["Topic"].to_numpy()[new] >= 0)
    assert by_neighbours.any()
    assert np.isnan(probability[new][by_neighbours]).all()
    assert np.allclose(probability[new][~by_neighbours], strength[~by_neighbours])
    # Whoever is given to a topic afterwards has none that HDBSCAN knows of.
    tmo = {"represent": {"calculate_probabilities": False}, "orphans": {"mode": "reassign", "strategy": "embedding"}}
    grow(growing, rows, update="assign", **tmo)
    found, *_ = placed_run(growing, run(growing.analysis))
    given = found["orphan_score"].notna()
    assert given.any()
    assert found["Probability"][given].isna().all()
    assert np.allclose(found["Probability"][~given], probability[~given], equal_nan=True)


@pytest.mark.parametrize("mode", ["assign", "auto"])
def test_embeddings_of_another_dimension_are_met_by_a_refit(growing, run, mode):
    grow(growing, np.arange(GROWN), update=mode)
    vectors = np.load(growing.profile / "embeddings.npy")
    np.save(growing.profile / "embeddings.npy", np.hstack([vectors, vectors[:, :100]]))
    report = run(growing.analysis)
    assert any("the embeddings have 484 dimensions, those of run 1 have 384" in note for note in report.notes)
    assert not papers(growing)["placed"].any()
    assert run(growing.analysis).computed == []


@pytest.mark.parametrize("mode", ["assign", "auto"])
def test_embeddings_of_another_model_of_one_dimension_are_met_by_a_refit(growing, run, mode):
    grow(growing, np.arange(GROWN), update=mode)
    vectors = np.load(growing.profile / "embeddings.npy")
    turned = np.linalg.qr(np.random.default_rng(0).normal(size=(384, 384)))[0]
    vectors[1:] = vectors[1:] @ turned.astype(vectors.dtype)  # one paper's happens to be the same
    np.save(growing.profile / "embeddings.npy", vectors)
    report = run(growing.analysis)
    assert any("199 of the 200 papers that run 1 has in common" in note for note in report.notes)
    assert not papers(growing)["placed"].any()


def test_a_corpus_of_other_papers_is_met_by_a_refit(growing, run):
    grow(growing, np.arange(BASE, GROWN), update="assign")
    report = run(growing.analysis)
    assert any("no paper of run 1 is in the corpus" in note for note in report.notes)


def test_a_fit_too_small_for_prediction_is_met_by_a_refit(growing, run):
    """HDBSCAN's prediction looks for twice min_samples neighbours among the fitted papers."""
    tmo = {"hdbscan": {"min_samples": 101}}
    growing.write_settings(**tmo)
    run(growing.analysis)
    grow(growing, np.arange(GROWN), update="assign", **tmo)
    report = run(growing.analysis)
    assert any("prediction asks for 202 fitted papers" in note for note in report.notes)
