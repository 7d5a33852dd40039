"""Outliers given to topics: the very choice of BERTopic's reduce_outliers, and outputs that agree with it."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from tests.conftest import Project, copied
from topicloom.clusters.outliers import taken
from topicloom.settings.clusters import OrphansSettings
from topicloom.settings.reading import SettingsError, read_settings


def papers(project: Project) -> pd.DataFrame:
    frames = [
        pd.read_csv(project.output(name), dtype={"UT": str}, keep_default_na=False, na_values={"Probability": [""]})
        for name in ("dataset_minimal.csv", "orphans.csv")
        if project.output(name).exists()
    ]
    return pd.concat(frames).set_index("UT").sort_index()


def in_corpus_order(project: Project, values: pd.Series) -> np.ndarray:
    corpus = pd.read_csv(project.profile / "corpus.csv", dtype=str, keep_default_na=False)
    return values.reindex(corpus["UT"]).to_numpy()


def by_bertopic(project: Project, strategy: str, threshold: float) -> np.ndarray:
    """What BERTopic makes of the outliers, on the model that a run without reassignment has saved."""
    from bertopic import BERTopic
    from hdbscan import all_points_membership_vectors

    model = BERTopic.load(project.output("topic_model_object.pck"))
    corpus = pd.read_csv(project.profile / "corpus.csv", dtype=str, keep_default_na=False)
    membership = all_points_membership_vectors(model.hdbscan_model)
    # BERTopic turns the columns, one a cluster, into one a topic.
    topic_of = dict(model.topic_mapper_.get_mappings())
    probabilities = np.zeros_like(membership)
    for cluster in range(membership.shape[1]):
        probabilities[:, topic_of[cluster]] = membership[:, cluster]
    names = {"distribution": "distributions", "membership": "probabilities", "embedding": "embeddings"}
    return np.array(
        model.reduce_outliers(
            list(corpus["text"]),
            list(model.topics_),
            strategy=names.get(strategy, strategy),
            probabilities=probabilities,
            threshold=threshold,
            embeddings=np.load(project.profile / "embeddings.npy"),
        )
    )


@pytest.mark.parametrize(
    ("strategy", "threshold"),
    [
        *(("distribution", 0.0), ("distribution", 0.15), ("c-tf-idf", 0.0), ("c-tf-idf", 0.12)),
        *(("embedding", 0.0), ("embedding", 0.55), ("membership", 0.0), ("membership", 0.05)),
    ],
)
def test_every_strategy_chooses_as_bertopic_does(finished, run, strategy, threshold):
    raw = in_corpus_order(finished, papers(finished)["Topic"])
    expected = by_bertopic(finished, strategy, threshold)
    assert (expected != raw).any()
    finished.write_settings(orphans={"mode": "reassign", "strategy": strategy, "threshold": threshold})
    run(finished.analysis)
    found = papers(finished)
    ours = in_corpus_order(finished, found["Topic"])
    # Topics are numbered by size anew: each keeps the papers that it had.
    number = {topic: Counter(ours[raw == topic].tolist()).most_common(1)[0][0] for topic in set(raw.tolist()) - {-1}}
    assert ours.tolist() == [number.get(topic, -1) for topic in expected.tolist()]
    assert (in_corpus_order(finished, found["raw_topic"]) == -1).tolist() == (raw == -1).tolist()
    given = (raw == -1) & (ours != -1)
    assert set(in_corpus_order(finished, found["orphan_method"])[given]) == {strategy}


@pytest.fixture(scope="module")
def reassigned(finished_wos_project, prefect_server, tmp_path_factory) -> Project:
    """The small project with at most a tenth of outliers, the nearest given away by membership."""
    from flows.topic_model import topic_model

    project = copied(finished_wos_project, tmp_path_factory.mktemp("reassigned"))
    project.write_settings(orphans={"mode": "reassign", "strategy": "membership", "target_share": 0.1})
    project.report = topic_model(project.analysis)
    return project


def test_the_target_share_is_met_by_the_nearest(reassigned):
    assert reassigned.report.outliers == 24
    assert any("outliers were given to topics" in note for note in reassigned.report.notes)
    found = papers(reassigned)
    given = found[found["orphan_method"] == "membership"]
    assert len(given) == (found["raw_topic"] == -1).sum() - 24
    assert set(found.loc[found["Topic"] == -1, "orphan_score"]) == {""}


def test_words_counts_and_probabilities_agree_with_the_result(reassigned):
    from bertopic import BERTopic
    from hdbscan import all_points_membership_vectors

    found = papers(reassigned)
    info = pd.read_csv(reassigned.output("topic_model_info.csv")).set_index("Topic")
    assert info["Count"].to_dict() == found["Topic"].value_counts().to_dict()
    model = BERTopic.load(reassigned.output("topic_model_object.pck"))
    assert model.get_topic_freq(0) == info.loc[0, "Count"]
    corpus = pd.read_csv(reassigned.profile / "corpus.csv", dtype=str, keep_default_na=False)
    topics = in_corpus_order(reassigned, found["Topic"])
    assert model.topics_ == topics.tolist()
    # Fitted anew to the documents of the result, c-TF-IDF is the saved one.
    joined = pd.DataFrame({"Topic": topics, "Document": corpus["text"]}).groupby("Topic", as_index=False)["Document"]
    weights, _ = model._c_tf_idf(joined.agg(" ".join))
    assert np.allclose(weights.toarray(), model.c_tf_idf_.toarray(), atol=1e-12)
    membership = all_points_membership_vectors(model.hdbscan_model)
    given = in_corpus_order(reassigned, found["orphan_method"]) == "membership"
    probability = in_corpus_order(reassigned, found["Probability"]).astype(float)
    assert np.allclose(probability[given], membership[given].max(axis=1), atol=1e-12)
    # What the model predicts for new documents is still that of the clusters it was fitted on.
    assert dict(model.topic_mapper_.get_mappings())[-1] == -1


def test_the_words_before_are_those_of_a_run_without_and_kept_apart(reassigned, run):
    stages = json.loads(reassigned.output("run.json").read_text())["stages"]
    reassigned.write_settings()
    report = run(reassigned.analysis)
    assert "represent" in report.cached
    assert report.stages["represent"].key != stages["represent"]["key"]
    assert "raw_topic" not in papers(reassigned).columns


def test_the_notebooks_outcome_is_the_default_and_a_text_alone_is_the_mode(project):
    assert read_settings(project.analysis).tmo.orphans == OrphansSettings()
    project.write_settings(orphans="reassign")
    assert read_settings(project.analysis).tmo.orphans.mode == "reassign"
    project.write_settings(orphans="give")
    with pytest.raises(SettingsError, match=r'tmo\.orphans\.mode is "give"; it must be "keep" or "reassign"'):
        read_settings(project.analysis)
    project.write_settings(orphans={"mode": "reassign", "target_share": 1.5})
    with pytest.raises(SettingsError, match=r"tmo\.orphans\.target_share is 1\.5"):
        read_settings(project.analysis)


def test_kmeans_has_no_outliers_to_give(finished, run):
    finished.write_settings(n_topics=6, orphans="reassign")
    report = run(finished.analysis)
    assert "reassign" not in report.stages
    assert report.outliers == 0


def test_the_least_score_that_is_given_away():
    scores = np.array([0.9, 0.5, 0.5, 0.2, 0.0])
    assert taken(scores, 10, 0.3, None) == 0.3
    assert taken(scores, 10, 0.0, 0.4) == 0.9
    assert taken(scores, 10, 0.0, 0.3) == 0.5  # both of one score, in whatever order they stand
    assert taken(scores, 10, 0.6, 0.1) == 0.6
    assert taken(scores, 10, 0.0, 0.5) == float("inf")
