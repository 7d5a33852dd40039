"""Describing an analysis for people: names of its topics, its papers, trends and tree, gathered from the stages."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from topicloom.atlas.atlas import Atlas, make_atlas, write_atlas
from topicloom.atlas.language_model import Answers, Question, name_topics
from topicloom.atlas.names import Candidates, TopicName, candidates, model_names, statistical_names
from topicloom.inputs.encoder import load_model
from topicloom.inputs.papers import Dataset, dataset_facts, paper_facts, read_papers
from topicloom.lineage.labels import read_labels
from topicloom.measures.quality import topic_quality
from topicloom.output_files import QUALITY_FILE
from topicloom.progress import tell
from topicloom.settings.schema import Settings
from topicloom.stages.identify import read_identity
from topicloom.stages.load_embeddings import stored_identifiers, stored_placed, stored_rows, stored_texts
from topicloom.stages.parts import stored_tokens
from topicloom.stages.registry import DISTRIBUTION, IDENTIFY, LOAD_EMBEDDINGS, REDUCE, REPRESENT, naming_method
from topicloom.store.files import write_json
from topicloom.store.store import StageRef, Store, Workspace
from topicloom.words.ctfidf import Topic, read_topics
from topicloom.words.ngrams import read_vocabulary

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

Refs = Mapping[str, StageRef]
_STEPS = 4


def describe_analysis(settings: Settings, refs: Refs, out: Workspace, run_id: str | None = None) -> Atlas:
    """Make the atlas of an analysis and write it into a workspace.

    Facts: how the topics were named, how dataset and corpus go together, how many papers have a DOI, and as
    `incomplete` how many topics the language model has not named, which the next run asks for again.
    """
    store = Store(settings.store_path)
    dataset = read_papers(settings)
    papers, table = _papers(dataset, store, refs), _topics(store, refs)
    tell("papers read", 1, _STEPS)
    of_topics = named_candidates(settings, store, refs[REPRESENT])
    vectors = topic_vectors(store, refs[REPRESENT])
    names, method = _names(settings, of_topics, vectors)
    tell("topics named", 2, _STEPS)
    answers = _ask(settings, store, names, table, papers, run_id)
    out.parts.update(answers.parts)
    atlas = make_atlas(
        *(papers, table, vectors, names, of_topics, settings.tmo.represent.language),
        others_threshold=settings.tmo.others_threshold,
        today=settings.this_year,
        labels=answers.names,
        lasting=read_identity(store, refs[IDENTIFY])[0],
        by_hand=read_labels(settings),
    )
    tell("topics related", 3, _STEPS)
    write_atlas(atlas, out.folder)
    tell("tables written", 4, _STEPS)
    out.facts = {
        "names": method,
        **dataset_facts(dataset, list(papers["UT"]), settings.tmo.year_column),
        "papers_with_doi": int((papers["doi"] != "").sum()),
        "names_by_language_model": len(answers.names),
        "incomplete": len(answers.unnamed),
    }
    return atlas


def measure_quality(settings: Settings, refs: Refs, out: Workspace, run_id: str | None = None) -> dict[str, Any]:
    """Measure the topics of an analysis: what `topicloom.measures.quality.topic_quality` finds."""
    import numpy as np

    store = Store(settings.store_path)
    tokens = stored_tokens(settings, refs[LOAD_EMBEDDINGS], out, run_id)
    of_topics = named_candidates(settings, store, refs[REPRESENT])
    return topic_quality(
        topics=np.load(store.artifact(refs[REPRESENT], "topics.npy")),
        words=[[name for name, _ in of_topic if " " not in name] for of_topic in of_topics],
        tokens=tokens,
        vectors=topic_vectors(store, refs[REPRESENT]),
        reduced=np.load(store.artifact(refs[REDUCE], "reduced.npy")),
        seed=settings.params.seed,
    )


def write_quality(settings: Settings, refs: Refs, out: Workspace, run_id: str | None = None) -> None:
    """Measure the topics and write topic_quality.json into a workspace. Facts: the value of each measure."""
    found = measure_quality(settings, refs, out, run_id)
    write_json(out.path(QUALITY_FILE), found)
    out.facts = {name: measure["value"] for name, measure in found["measures"].items()}


def named_candidates(settings: Settings, store: Store, represent: StageRef) -> list[Candidates]:
    """N-grams that may name each topic, one list a topic, outliers left out."""
    from scipy.sparse import load_npz

    weights = load_npz(store.artifact(represent, "ctfidf.npz"))
    vocabulary = read_vocabulary(store.artifact(represent, "vocabulary.npz"))
    return candidates(weights[_outlier_rows(represent) :], vocabulary, settings.tmo.represent.language)


def topic_vectors(store: Store, represent: StageRef) -> NDArray[np.floating[Any]]:
    """Mean embeddings of the topics, (t, d), outliers left out."""
    import numpy as np

    vectors: NDArray[np.floating[Any]] = np.load(store.artifact(represent, "topic_embeddings.npy"))
    return vectors[_outlier_rows(represent) :]


def _outlier_rows(represent: StageRef) -> int:
    return 1 if represent.facts["outliers"] else 0


def _papers(dataset: Dataset | None, store: Store, refs: Refs) -> pd.DataFrame:
    import numpy as np

    rows = stored_rows(store, refs[LOAD_EMBEDDINGS])
    identifiers = stored_identifiers(store, refs[LOAD_EMBEDDINGS]).iloc[rows].reset_index(drop=True)
    texts = stored_texts(store, refs[LOAD_EMBEDDINGS])
    papers = paper_facts(dataset, list(identifiers["UT"]), [texts[row] for row in rows])
    if "uuid" in identifiers:
        papers.insert(0, "uuid", identifiers["uuid"])
    coordinates = np.load(store.artifact(refs[REDUCE], "coordinates.npy"))[rows]
    papers["Topic"] = np.load(store.artifact(refs[REPRESENT], "topics.npy"))[rows]
    papers["Score"] = np.load(store.artifact(refs[DISTRIBUTION], "score.npy"))[rows]
    papers["placed"] = stored_placed(store, refs[REDUCE])[rows]
    papers["x"], papers["y"] = coordinates[:, 0], coordinates[:, 1]
    return papers


def _topics(store: Store, refs: Refs) -> list[Topic]:
    """The topics without the outliers, their representative documents by the row of the corpus file."""
    import numpy as np

    file_row = np.argsort(stored_rows(store, refs[LOAD_EMBEDDINGS]))
    return [
        dataclasses.replace(topic, representative_rows=[int(file_row[row]) for row in topic.representative_rows])
        for topic in read_topics(store.artifact(refs[REPRESENT], "topics.json"))
        if topic.topic != -1
    ]


def _names(
    settings: Settings, of_topics: list[Candidates], vectors: NDArray[np.floating[Any]]
) -> tuple[list[TopicName], str]:
    wanted, language = settings.tmo.names, settings.tmo.represent.language
    if naming_method(settings) == "keybert":
        model = load_model(settings)

        def encode(texts: list[str]) -> NDArray[np.floating[Any]]:
            encoded: NDArray[np.floating[Any]] = model.encode(texts, show_progress_bar=False, batch_size=256)
            return encoded

        # A model of another dimension did not make these embeddings.
        if encode(["dimension"]).shape[1] == vectors.shape[1]:
            names = model_names(of_topics, vectors, encode, wanted.keywords, wanted.diversity, language)
            return names, "keybert"
    return statistical_names(of_topics, wanted.keywords, language), "statistical"


def _ask(
    settings: Settings,
    store: Store,
    names: list[TopicName],
    table: list[Topic],
    papers: pd.DataFrame,
    run_id: str | None,
) -> Answers:
    wanted = settings.tmo.names.language_model
    if wanted.model is None:
        return Answers()
    titles = papers["title"]
    questions = {
        topic.topic: Question(name.keywords, [titles.iloc[row] for row in topic.representative_rows])
        for topic, name in zip(table, names, strict=True)
    }
    return name_topics(questions, wanted, store, run_id)
