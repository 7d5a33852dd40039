"""What must hold between the files of one run, and between them and their definitions, whatever the settings are.

Each check restates a definition of docs/contracts.md, docs/differences.md or docs/living-corpora.md in plain numpy and
pandas, or by the library that the definition names.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from scipy.sparse import load_npz

from topicloom.settings.schema import Settings
from topicloom.store.store import StageRef, Store

Refs = Mapping[str, StageRef]


class Tables:
    """The files of a run, as a reader of the analysis folder sees them, and the results that they were made from."""

    def __init__(self, settings: Settings, refs: Refs) -> None:
        self.settings, self.refs, self.store = settings, refs, Store(settings.store_path)
        folder = settings.analysis_path
        self.info = _csv(folder / "topic_model_info.csv")
        self.dataset = _csv(folder / "dataset_minimal.csv")
        self.orphans = _csv(folder / "orphans.csv") if (folder / "orphans.csv").exists() else self.dataset.head(0)
        self.coords = _csv(folder / "document_coords.csv")
        self.summary = _csv(folder / "topic_summary.csv")
        self.hierarchy = _csv(folder / "topic_hierarchy.csv")
        self.distribution = load_npz(folder / "topic_distribution.npz")
        self.corpus = _csv(settings.embeds_path / "corpus.csv")
        self.papers = pd.concat([self.dataset, self.orphans]).set_index("UT").loc[self.corpus["UT"]].reset_index()
        self.rows = self.load("load-embeddings", "rows.npy")

    def load(self, stage: str, name: str) -> np.ndarray:
        """An array of a stage's result."""
        found: np.ndarray = np.load(self.store.artifact(self.refs[stage], name))
        return found

    def in_file_order(self, stage: str, name: str) -> np.ndarray:
        """An array of a stage's result, a row a paper, in the order of corpus.csv."""
        return self.load(stage, name)[self.rows]


def _csv(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path, dtype={"UT": str, "uuid": str, "topic_uid": str, "Label": str})
    return table.fillna({name: "" for name in ("topic_uid", "orphan_method") if name in table})


def check(settings: Settings, refs: Refs) -> Tables:
    """Hold all tables of a run against each other and against their definitions; returns them."""
    tables = Tables(settings, refs)
    _papers_are_those_of_the_corpus(tables)
    _topics_are_numbered_by_size(tables)
    _counts_agree(tables)
    _main_clusters_are_the_largest(tables)
    _representative_documents_are_of_their_topic(tables)
    _scores_are_those_of_the_own_topic(tables)
    _probabilities_are_as_defined(tables)
    _given_outliers_are_told(tables)
    _lasting_ids_agree(tables)
    _the_tidy_table_agrees(tables)
    return tables


def _papers_are_those_of_the_corpus(tables: Tables) -> None:
    corpus, papers, coords = tables.corpus, tables.papers, tables.coords
    assert len(tables.dataset) + len(tables.orphans) == len(corpus)
    assert coords["UT"].tolist() == corpus["UT"].tolist()
    assert coords["uuid"].tolist() == papers["uuid"].tolist() == corpus["uuid"].tolist()
    assert papers["Document"].tolist() == corpus["text"].tolist()
    assert papers["Topic"].tolist() == coords["Topic"].tolist()
    assert (tables.orphans["Topic"] == -1).all()
    assert (tables.dataset["Topic"] >= 0).all()
    assert (coords["orphan"] == (coords["Topic"] == -1)).all()
    np.testing.assert_allclose(coords[["x", "y"]], tables.in_file_order("reduce", "coordinates.npy"), rtol=1e-5)
    vectors = np.load(tables.settings.embeds_path / "embeddings.npy")
    np.testing.assert_array_equal(tables.in_file_order("load-embeddings", "embeddings.npy"), vectors)


def _the_tidy_table_agrees(tables: Tables) -> None:
    """papers.csv and the profiles say of papers and topics what the other tables do."""
    folder, papers, coords = tables.settings.analysis_path, tables.papers, tables.coords
    tidy = _csv(folder / "papers.csv")
    assert tidy["UT"].tolist() == tables.corpus["UT"].tolist()
    assert tidy["Topic"].tolist() == papers["Topic"].tolist()
    assert tidy["topic_uid"].tolist() == papers["topic_uid"].tolist()
    assert tidy["Placed"].tolist() == coords["placed"].tolist()
    given = papers["orphan_method"] != "" if "orphan_method" in papers else pd.Series(False, index=papers.index)
    assert tidy["Given"].tolist() == (given & (papers["Topic"] >= 0)).tolist()
    labels = tables.summary.set_index("Topic")["Label"]
    assigned = tidy[tidy["Topic"] >= 0]
    assert assigned["Label"].tolist() == [" ".join(labels[topic].split()) for topic in assigned["Topic"]]
    shares = tables.distribution.toarray()
    own = shares[assigned.index, assigned["Topic"]] if len(assigned) else []
    np.testing.assert_allclose(assigned["Share"], own, atol=6e-5)
    citations = pd.read_csv(folder / "topic_citations.csv")
    of_topics = citations[citations["Topic"].notna()]
    counts = papers.loc[papers["Topic"] >= 0, "Topic"].value_counts()
    assert of_topics.empty or of_topics.set_index("Topic")["Papers"].to_dict() == counts.to_dict()


def final_stage(refs: Refs) -> str:
    """The stage whose clusters became the topics."""
    return next(stage for stage in ("reassign", "consensus", "cluster") if stage in refs)


def _topics_are_numbered_by_size(tables: Tables) -> None:
    clusters = tables.load(final_stage(tables.refs), "clusters.npy").tolist()
    met = [cluster for cluster in dict.fromkeys(clusters) if cluster >= 0]
    ranked = sorted(met, key=lambda cluster: (-clusters.count(cluster), clusters.index(cluster)))
    expected = np.array([ranked.index(cluster) if cluster >= 0 else -1 for cluster in clusters])
    assert tables.papers["Topic"].tolist() == expected[tables.rows].tolist()


def _counts_agree(tables: Tables) -> None:
    counts = tables.papers["Topic"].value_counts().sort_index()
    assert tables.info.set_index("Topic")["Count"].to_dict() == counts.to_dict()
    topics = counts[counts.index >= 0]
    summary = tables.summary.set_index("Topic")
    assert summary["Count"].to_dict() == topics.to_dict()
    np.testing.assert_allclose(summary["Share"], topics / len(tables.papers), atol=1e-6)
    assert (summary["X_C"] == summary.index + 1).all()
    assert (tables.dataset["X_C"] == tables.dataset["Topic"] + 1).all()
    assert tables.hierarchy.set_index("UT")["X_C"].to_dict() == tables.dataset.set_index("UT")["X_C"].to_dict()
    for column in ("Name", "Representation"):
        of_topic = tables.info.set_index("Topic")[column]
        assert tables.papers[column].tolist() == tables.papers["Topic"].map(of_topic).tolist()
    assert (tables.info["Name"] == [_name(*row) for row in tables.info[["Topic", "Representation"]].values]).all()


def _name(topic: int, words: str) -> str:
    return "_".join([str(topic), *ast.literal_eval(words)[:4]])


def _main_clusters_are_the_largest(tables: Tables) -> None:
    sizes = tables.dataset["X_C"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    covered = sizes.cumsum() / max(len(tables.dataset), 1)
    main = sizes.index[covered <= tables.settings.tmo.others_threshold].tolist() or sizes.index[:1].tolist()
    expected = tables.dataset["X_C"].where(tables.dataset["X_C"].isin(main), 99999)
    assert tables.dataset["level0"].tolist() == expected.tolist()
    for column in ("cl99", "cl-99"):
        assert (tables.dataset[column] == (tables.dataset["level0"] == 99999)).all()
    assert tables.summary.loc[tables.summary["Main"], "X_C"].tolist() == sorted(main)


def _representative_documents_are_of_their_topic(tables: Tables) -> None:
    marked = tables.papers[tables.papers["Representative_document"]]
    text_of = tables.corpus.set_index("UT")["text"]
    topic_of = tables.papers.set_index("UT")["Topic"]
    for row in tables.info.itertuples():
        own = marked.loc[marked["Topic"] == row.Topic, "UT"]
        assert len(own) == min(3, row.Count)
        assert sorted(ast.literal_eval(row.Representative_Docs)) == sorted(text_of[own])
    for row in tables.summary.itertuples():
        named = row.RepresentativeUT.split(" | ")
        assert (topic_of[named] == row.Topic).all()
        of_topic = tables.info.set_index("Topic")["Representative_Docs"][row.Topic]
        assert ast.literal_eval(of_topic) == text_of[named].tolist()


def _scores_are_those_of_the_own_topic(tables: Tables) -> None:
    topics = tables.papers["Topic"].to_numpy()
    assert tables.distribution.shape == (len(topics), topics.max() + 1)
    if tables.settings.tmo.score == "centroid":
        expected = _cosines(tables, topics)
    else:
        of_all = tables.distribution.toarray()
        expected = np.where(topics >= 0, of_all[np.arange(len(topics)), topics], 0.0)
    np.testing.assert_allclose(tables.papers["Score"], expected, atol=1e-6)
    assert (tables.dataset["X_E"] == tables.dataset["Score"]).all()


def _cosines(tables: Tables, topics: np.ndarray) -> np.ndarray:
    vectors = np.load(tables.settings.embeds_path / "embeddings.npy").astype(np.float64)
    found = np.zeros(len(topics))
    for topic in range(topics.max() + 1):
        own = vectors[topics == topic]
        lengths = np.linalg.norm(own, axis=1) * np.linalg.norm(own.mean(axis=0))
        found[topics == topic] = (own @ own.mean(axis=0) / lengths).clip(0, 1)
    return found


def _probabilities_are_as_defined(tables: Tables) -> None:
    probability = tables.papers["Probability"]
    if not tables.settings.tmo.has_probability:
        assert probability.isna().all()
        return
    if tables.settings.tmo.method == "graph":
        _shares_of_edges_are_as_defined(tables)
        return
    np.testing.assert_allclose(probability, plain_probability(tables)[tables.rows], atol=1e-9)


def _shares_of_edges_are_as_defined(tables: Tables) -> None:
    """Probability and second_strength of papers that were fitted: shares of the weight of their edges, by topic."""
    assert tables.papers["Probability"].between(0, 1).all()
    assert tables.papers["second_strength"].between(0, 1).all()
    assert ((tables.papers["second_topic"] == -1) == (tables.papers["second_strength"] == 0)).all()
    assert (tables.papers["second_topic"] != tables.papers["Topic"]).all()
    if "graph" not in tables.refs:  # papers were placed
        return
    edges = load_npz(tables.store.artifact(tables.refs["graph"], "graph.npz")).tocsr()
    edges.data = tables.load("graph", "shared.npy")
    weights = edges.toarray()
    weights = weights[np.ix_(tables.rows, tables.rows)]
    topics = tables.papers["Topic"].to_numpy()
    for column, of in (("Probability", topics), ("second_strength", tables.papers["second_topic"].to_numpy())):
        shares = (weights * (topics[None] == of[:, None])).sum(axis=1) / weights.sum(axis=1)
        np.testing.assert_allclose(tables.papers[column], np.where(of < 0, 0, shares), atol=1e-4)


def plain_probability(tables: Tables) -> np.ndarray:
    """Probability of each paper by its definition, in the order of the stages, with the vectors of hdbscan itself.

    A paper where HDBSCAN put it has the largest entry of its vector, and 1 minus the sum as an outlier; a placed one,
    one that the vote moved and one that was given away have the entry of the cluster that they are in now; one that the
    vote left out has 1 minus the entries of the clusters that are topics still.
    """
    vectors, placed = membership(tables)
    raw = tables.load("cluster", "clusters.npy")
    own = _entries(vectors, raw)
    found = np.where(raw < 0, 1 - vectors.sum(axis=1), np.where(placed, own, vectors.max(axis=1, initial=0)))
    before = raw
    for stage in ("consensus", "reassign"):
        if stage not in tables.refs:
            continue
        now = tables.load(stage, "clusters.npy")
        moved = now != before
        living = np.unique(now[now >= 0])
        left_out = 1 - vectors[:, living].sum(axis=1) if len(living) else np.zeros(len(now))
        found[moved] = np.where(now < 0, left_out, _entries(vectors, now))[moved]
        before = now
    return found if vectors.shape[1] else np.zeros(len(found))


def membership(tables: Tables) -> tuple[np.ndarray, np.ndarray]:
    """Membership vectors of all papers by hdbscan's own functions, (n, clusters), and which papers were placed."""
    from hdbscan import all_points_membership_vectors, membership_vector

    model = joblib.load(tables.store.artifact(tables.refs["cluster"], "clusterer.joblib"))
    fitted = np.atleast_2d(all_points_membership_vectors(model))
    if "placed.npy" not in tables.refs["reduce"].outputs:
        return fitted.reshape(len(model.labels_), -1), np.zeros(len(model.labels_), dtype=bool)
    placed, positions = tables.load("reduce", "placed.npy"), tables.load("update", "positions.npy")
    vectors = np.empty((len(placed), fitted.shape[1]))
    vectors[~placed] = fitted[positions[~placed]]
    if placed.any():
        vectors[placed] = membership_vector(model, tables.load("reduce", "reduced.npy")[placed].astype(np.float64))
    return vectors, placed


def _entries(vectors: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    return vectors[np.arange(len(vectors)), clusters] if vectors.shape[1] else np.zeros(len(vectors))


def _given_outliers_are_told(tables: Tables) -> None:
    assert ("raw_topic" in tables.papers) == ("reassign" in tables.refs)
    assert ("agreement" in tables.papers) == ("consensus" in tables.refs)
    if "consensus" in tables.refs:
        seeds = tables.settings.tmo.consensus.seeds
        votes = tables.papers["agreement"] * seeds
        np.testing.assert_allclose(votes, votes.round(), atol=1e-3)
    if "reassign" not in tables.refs:
        return
    raw_stage = "consensus" if "consensus" in tables.refs else "cluster"
    raw = tables.in_file_order(raw_stage, "clusters.npy")
    given = (raw < 0) & (tables.papers["Topic"] >= 0).to_numpy()
    assert (tables.papers["raw_topic"] == np.where(given, -1, tables.papers["Topic"])).all()
    assert (tables.papers["orphan_method"] == np.where(given, tables.settings.tmo.orphans.strategy, "")).all()
    assert (tables.papers["orphan_score"].notna() == given).all()


def _lasting_ids_agree(tables: Tables) -> None:
    uids = tables.summary.set_index("Topic")["topic_uid"]
    assert uids.is_unique
    assert uids.str.fullmatch(r"T-[A-Z2-7]{8}").all()
    expected = tables.papers["Topic"].map(uids).fillna("").tolist()
    assert tables.papers["topic_uid"].tolist() == expected
    assert tables.coords["topic_uid"].tolist() == expected
    assert tables.info["topic_uid"].tolist() == tables.info["Topic"].map(uids).fillna("").tolist()
