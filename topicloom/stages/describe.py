"""The stage describe: an analysis for people, the names of its topics, its papers, trends and tree."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from topicloom.atlas.language_model import Question
from topicloom.inputs.embeddings import are_quick
from topicloom.inputs.encoder import load_model, model_at_hand
from topicloom.inputs.further_columns import read_further
from topicloom.inputs.papers import Dataset, dataset_facts, paper_facts, read_papers
from topicloom.lineage.labels import labels_path, read_labels
from topicloom.progress import tell
from topicloom.settings.schema import Settings
from topicloom.stage_names import DESCRIBE, IDENTIFY, LOAD_EMBEDDINGS, REDUCE, REPRESENT
from topicloom.stages.distribution import SCORE
from topicloom.stages.earlier_fit import stored_placed
from topicloom.stages.hierarchy import hierarchy_read, stored_hierarchy
from topicloom.stages.identify import IDENTITY, read_identity
from topicloom.stages.load_embeddings import (
    IDENTIFIERS,
    ROWS,
    TEXTS,
    VECTORS,
    id_column,
    mapped_vectors,
    stored_identifiers,
    stored_rows,
    stored_texts,
)
from topicloom.stages.reduce import COORDINATES
from topicloom.stages.represent import (
    MEANS,
    NGRAMS,
    TABLE,
    TOPICS,
    VOCABULARY,
    WEIGHTS,
    stored_phrases,
    stored_topic_vectors,
)
from topicloom.stages.stage import Artifact, Stage, Work
from topicloom.stages.topic_names import NAMES, Answers, name_topics
from topicloom.store.store import Store

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from topicloom.atlas.atlas import Atlas
    from topicloom.atlas.names import Candidates, TopicName
    from topicloom.atlas.phrases import Phrases
    from topicloom.words.topic_table import Topic

ATLAS = tuple(
    Artifact(DESCRIBE, name)
    for name in ("papers.parquet", "topics.parquet", "groups.parquet", "over_time.parquet", "relations.npz")
)
PHRASES = Artifact(DESCRIBE, "phrases.npz")  # the phrases that may name topics, in the order of the atlas's papers
_STEPS = 4


def describe_analysis(work: Work) -> Atlas:
    """Make the atlas of an analysis and write it into a workspace.

    Facts: how the topics were named, how dataset and corpus go together, how many papers have a DOI, and as
    `incomplete` how many topics the language model has not named, which the next run asks for again.
    """
    import numpy as np

    from topicloom.atlas.atlas import make_atlas
    from topicloom.atlas.kept import write_atlas
    from topicloom.atlas.names import shown_names
    from topicloom.atlas.phrases import naming_phrases, write_phrases
    from topicloom.atlas.written import written_forms

    settings, refs, out, store = work.settings, work.refs, work.out, work.store
    dataset = read_papers(settings)
    papers, table = _papers(work, dataset), _topics(work)
    further, absent = read_further(settings, list(papers["UT"]))
    papers = papers.join(further)
    tell("papers read", 1, _STEPS)
    phrases = stored_phrases(settings, store, refs[REPRESENT])
    rows = stored_rows(store, refs[LOAD_EMBEDDINGS])
    phrases = dataclasses.replace(phrases, held=phrases.held[rows])  # in the order of the corpus file
    texts_alone = phrases
    phrases = _with_keywords(settings, phrases, papers)
    of_topics = naming_phrases(phrases, papers["Topic"].to_numpy())
    vectors = stored_topic_vectors(store, refs[REPRESENT])
    counts = np.array([topic.count for topic in table], dtype=np.int64)
    names, method = _names(settings, of_topics, vectors)
    forms = written_forms({word for name in phrases.names for word in name.split()}, _running_texts(dataset))
    names = shown_names(names, forms)
    tell("topics named", 2, _STEPS)
    answers = _ask(settings, store, names, table, papers, work.run_id)
    out.parts.update(answers.parts)
    atlas = make_atlas(
        *(papers, table, vectors, names, phrases, settings.tmo.represent.language),
        others_threshold=settings.tmo.others_threshold,
        today=settings.this_year,
        labels=answers.names,
        lasting=read_identity(store, refs[IDENTIFY])[0],
        by_hand=read_labels(settings),
        forms=forms,
        of_topics=of_topics,
        hierarchy=stored_hierarchy(settings, store, refs, counts),
    )
    tell("topics related", 3, _STEPS)
    atlas, of_groups = _with_group_names(settings, store, atlas, answers, work.run_id)
    out.parts.update(of_groups.parts)
    write_atlas(atlas, out.folder, escape_formulas=settings.tmo.export.escape_formulas)
    write_phrases(phrases, out.path(PHRASES.name))
    tell("tables written", 4, _STEPS)
    out.facts = {
        "names": method,
        "further_columns": list(further.columns),
        "absent_columns": absent,
        "authors_keywords": phrases is not texts_alone,
        **dataset_facts(dataset, list(papers["UT"]), settings.tmo.year_column),
        "papers_with_doi": int((papers["doi"] != "").sum()),
        "names_by_language_model": len(answers.names),
        "groups_by_language_model": len(of_groups.names),
        "levels_of_groups": max(atlas.levels.shape[1] - 1, 0),
        "incomplete": len(answers.unnamed) + len(of_groups.unnamed),
    }
    return atlas


def _with_keywords(settings: Settings, phrases: Phrases, papers: pd.DataFrame) -> Phrases:
    """With the keywords of the authors, where half of the papers have them, in the order of `papers`."""
    from topicloom.atlas.authors_words import with_keywords
    from topicloom.words.tokens import as_words

    if not settings.tmo.names.authors_keywords:
        return phrases
    represent = settings.tmo.represent
    topics = papers["Topic"].to_numpy()
    return with_keywords(
        phrases, list(papers["keywords"]), topics, lambda text: as_words(text, represent.language, represent.tokenizer)
    )


def _running_texts(dataset: Dataset | None) -> list[str]:
    """Texts that show how words are written: abstracts, since titles may be written large."""
    if dataset is None or "abstract" not in dataset.columns:
        return []
    return list(dataset.known["abstract"])


def _papers(work: Work, dataset: Dataset | None) -> pd.DataFrame:
    import numpy as np

    refs, store = work.refs, work.store
    rows = stored_rows(store, refs[LOAD_EMBEDDINGS])
    identifiers = stored_identifiers(store, refs[LOAD_EMBEDDINGS]).iloc[rows].reset_index(drop=True)
    texts = stored_texts(store, refs[LOAD_EMBEDDINGS])
    papers = paper_facts(dataset, list(identifiers["UT"]), [texts[row] for row in rows])
    if "uuid" in identifiers:
        papers.insert(0, "uuid", identifiers["uuid"])
    coordinates = np.load(work.path(COORDINATES))[rows]
    papers["Topic"] = np.load(work.path(TOPICS))[rows]
    papers["Score"] = np.load(work.path(SCORE))[rows]
    papers["Typicality"] = _typicality(work)[rows].round(1)
    papers["placed"] = stored_placed(store, refs[REDUCE])[rows]
    papers["x"], papers["y"] = coordinates[:, 0], coordinates[:, 1]
    return papers


def _typicality(work: Work) -> NDArray[np.float64]:
    import numpy as np

    from topicloom.atlas.typicality import typicality

    vectors = mapped_vectors(work.store, work.refs[LOAD_EMBEDDINGS])
    means = stored_topic_vectors(work.store, work.refs[REPRESENT])
    return typicality(vectors, np.load(work.path(TOPICS)), means)


def _topics(work: Work) -> list[Topic]:
    """The topics without the outliers, their representative documents by the row of the corpus file."""
    import numpy as np

    from topicloom.words.topic_table import read_topics, without_outliers

    file_row = np.argsort(stored_rows(work.store, work.refs[LOAD_EMBEDDINGS]))
    return [
        dataclasses.replace(topic, representative_rows=[int(file_row[row]) for row in topic.representative_rows])
        for topic in without_outliers(read_topics(work.path(TABLE)), work.refs[REPRESENT].facts["topics"])
    ]


def _names(
    settings: Settings, of_topics: list[Candidates], vectors: NDArray[np.floating[Any]]
) -> tuple[list[TopicName], str]:
    from topicloom.atlas.names import model_names, statistical_names

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


def _with_group_names(
    settings: Settings, store: Store, atlas: Atlas, answers: Answers, run_id: str | None
) -> tuple[Atlas, Answers]:
    """The atlas with names and summaries of its groups by the language model, where that is wanted."""
    from topicloom.atlas.group_names import group_questions, renamed_groups

    wanted = settings.tmo.names.language_model
    if wanted.model is None or not wanted.groups:
        return atlas, Answers()
    found = name_topics(group_questions(atlas), wanted, store, run_id, spent=answers.tokens)
    return dataclasses.replace(atlas, groups=renamed_groups(atlas.groups, found.names, found.summaries)), found


def naming_method(settings: Settings) -> str:
    """How topics get their keywords: keybert or statistical, where the settings leave it open by what is at hand."""
    method = settings.tmo.names.method
    if method == "auto":
        return "keybert" if model_at_hand(settings) and not are_quick(settings.embeds_path) else "statistical"
    return method


def _parameters(settings: Settings) -> dict[str, Any]:
    names, language_model = settings.tmo.names, settings.tmo.names.language_model
    return {
        "names": names.model_dump(mode="json", exclude={"language_model"}),
        "language_model": language_model.model_dump(
            mode="json", include={"model", "base_url", *(("groups",) if language_model.groups else ())}
        ),
        "model": settings.tmo.transformer_model if naming_method(settings) == "keybert" else None,
        "language": settings.tmo.represent.language,
        **({"tokenizer": tokenizer} if (tokenizer := settings.tmo.represent.tokenizer) else {}),
        "others_threshold": settings.tmo.others_threshold,
        "year_column": settings.tmo.year_column,
        **id_column(settings),
        "this_year": settings.this_year,  # is not over: the last bar of a trend says so
        **settings.tmo.export.escaping,
        **settings.tmo.columns.named,
        **({"colour": colour} if (colour := settings.tmo.columns.colour) is not None else {}),
    }


def _compute(work: Work) -> None:
    describe_analysis(work)


def _import_atlas() -> None:
    """What makes an atlas, and what it imports late, since who only draws one needs none of it."""
    import scipy.cluster.hierarchy  # noqa: F401

    import topicloom.atlas.authors_words
    import topicloom.atlas.kept
    import topicloom.atlas.written  # noqa: F401


STAGE = Stage(
    DESCRIBE,
    version=10,
    parameters=_parameters,
    reads=lambda settings, _: (
        TEXTS,
        VECTORS,
        IDENTIFIERS,
        ROWS,
        COORDINATES,
        TOPICS,
        TABLE,
        MEANS,
        VOCABULARY,
        WEIGHTS,
        *NGRAMS,
        SCORE,
        IDENTITY,
        *(hierarchy_read(settings) if settings.tmo.method == "graph" else ()),
    ),
    files=lambda settings: (settings.dataset_path, labels_path(settings)),
    parts=(NAMES,),
    writes=(*(artifact.name for artifact in ATLAS), PHRASES.name),
    libraries=("pandas", "scipy", "scikit-learn", "snowballstemmer"),
    wanted=lambda settings: settings.tmo.pictures.drawn,
    compute=_compute,
    preload=lambda _: _import_atlas(),
)
