"""The stage represent: the topics, numbered by size, their words and their representative documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from topicloom.engine.engines import spreading_engine
from topicloom.errors import Problem, SettingsError
from topicloom.phrasing import number_of
from topicloom.settings.schema import Settings
from topicloom.settings.stop_lists import ENGLISH
from topicloom.stage_names import LOAD_EMBEDDINGS, REPRESENT
from topicloom.stages.cluster import clusters_from
from topicloom.stages.load_embeddings import TEXTS, VECTORS, stored_vectors
from topicloom.stages.parts import TOKENS, preparation, stored_tokens
from topicloom.stages.stage import Artifact, Refs, Stage, Work, library_versions
from topicloom.store.store import StageRef, Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from topicloom.atlas.names import Candidates
    from topicloom.atlas.phrases import Phrases
    from topicloom.words.topic_table import Topic

TOPICS, TABLE, MEANS, VOCABULARY, WEIGHTS, IDF = (
    Artifact(REPRESENT, name)
    for name in ("topics.npy", "topics.json", "topic_embeddings.npy", "vocabulary.npz", "ctfidf.npz", "idf.npy")
)
NGRAMS = tuple(Artifact(REPRESENT, name) for name in ("ngrams.npy", "ngram_tokens.npy", "ngram_bounds.npy"))


def represent_clusters(work: Work) -> None:
    """Number the topics by size and find their words and representative documents, as BERTopic does.

    Artifacts: those of `topicloom.words.topics.write_representation`. Facts: topics, outliers, papers of
    the largest topic, n-grams of the vocabulary, and topics without words or with stop words in their name.
    Raises SettingsError when stop words or min_df leave no vocabulary.
    """
    import numpy as np

    from topicloom.words.ctfidf import NoWordsError
    from topicloom.words.topic_table import without_outliers
    from topicloom.words.topics import represent_topics, write_representation

    settings, out, loaded = work.settings, work.out, work.refs[LOAD_EMBEDDINGS]
    tokens = stored_tokens(settings, loaded, out, work.run_id)
    clusters = np.load(work.path(clusters_from(settings)))
    vectors = stored_vectors(work.store, loaded)
    try:
        with spreading_engine() as engine:
            representation = represent_topics(tokens, vectors, clusters, settings.tmo.represent, engine=engine)
    except NoWordsError as error:
        raise SettingsError(
            settings.source,
            Problem(f"{error}.", "Lower tmo.represent.min_df, or shorten tmo.represent.stop_words."),
        ) from error
    write_representation(out.folder, representation)
    count = int(representation.topics.max(initial=-1)) + 1
    table = without_outliers(representation.table, count)
    out.facts = {
        "topics": count,
        "outliers": int((representation.topics == -1).sum()),
        "largest": int((representation.topics == 0).sum()),  # topics are numbered by size
        "ngrams": representation.vocabulary.size,
        "topics_without_words": sum(not any(topic.words) for topic in table),
        "stop_words_in_names": _stop_words_in_names(table, settings.tmo.represent.language),
    }


def _stop_words_in_names(table: Sequence[Topic], language: str) -> dict[str, Any]:
    """How many topics have stop words in their name, and the name that has the most."""
    from topicloom.words.stop_words import common_words
    from topicloom.words.topic_table import IN_NAME

    common = common_words(language)
    counts = {
        topic.name: sum(word in common for ngram in topic.words[:IN_NAME] for word in ngram.split()) for topic in table
    }
    example = max(counts, key=counts.__getitem__, default="")
    return {"topics": sum(map(bool, counts.values())), "example": example}


def named_candidates(settings: Settings, store: Store, represent: StageRef) -> list[Candidates]:
    """N-grams that may name each topic, one list a topic, outliers left out."""
    from topicloom.atlas.names import candidates
    from topicloom.words.ngrams import read_vocabulary

    vocabulary = read_vocabulary(store.artifact(represent, VOCABULARY.name))
    return candidates(_topic_weights(store, represent), vocabulary, settings.tmo.represent.language)


def stored_phrases(settings: Settings, store: Store, represent: StageRef) -> Phrases:
    """N-grams that may name topics, outliers left out, and which papers hold them, in the order of the stages."""
    import numpy as np

    from topicloom.atlas.names import candidates_and_columns
    from topicloom.atlas.phrases import Phrases, papers_holding
    from topicloom.words.ngrams import read_document_ngrams, read_vocabulary

    weights = _topic_weights(store, represent)
    vocabulary = read_vocabulary(store.artifact(represent, VOCABULARY.name))
    found, column_of = candidates_and_columns(weights, vocabulary, settings.tmo.represent.language)
    names = sorted(column_of, key=column_of.__getitem__)
    columns = np.array([column_of[name] for name in names], dtype=np.int64)
    place = {name: at for at, name in enumerate(names)}
    ngrams = read_document_ngrams(store.folder(REPRESENT, represent.key))
    return Phrases(
        names=names,
        held=papers_holding(ngrams, columns, vocabulary.size),
        of_topics=[[(place[name], weight) for name, weight in of_topic] for of_topic in found],
    )


def _topic_weights(store: Store, represent: StageRef) -> csr_matrix:
    from scipy.sparse import load_npz

    from topicloom.words.topic_table import without_outliers

    weights: csr_matrix = load_npz(store.artifact(represent, WEIGHTS.name))
    return without_outliers(weights, represent.facts["topics"])


def stored_topic_vectors(store: Store, represent: StageRef) -> NDArray[np.floating[Any]]:
    """Mean embeddings of the topics, (t, d), outliers left out."""
    import numpy as np

    from topicloom.words.topic_table import without_outliers

    vectors: NDArray[np.floating[Any]] = np.load(store.artifact(represent, MEANS.name))
    return without_outliers(vectors, represent.facts["topics"])


def parameters(settings: Settings) -> dict[str, Any]:
    """The settings that decide the words of topics.

    Settings that came later stand in it only where they are set, so that the keys of earlier results hold.
    """
    represent = settings.tmo.represent
    own_list = isinstance(represent.stop_words, str) and represent.stop_words != ENGLISH
    return {
        **represent.model_dump(mode="json", exclude={"calculate_probabilities", "tokenizer"}),
        **({"stop_words_of": library_versions("stop-words")} if own_list else {}),
        **({"tokenizer": {represent.tokenizer: library_versions("icu4py")}} if represent.tokenizer else {}),
        **({"cut_notices": True} if settings.tmo.cut_notices else {}),
    }


def prepared_texts(settings: Settings, refs: Refs) -> dict[str, str]:
    """How texts are made ready, which decides their words."""
    return preparation(settings, refs[LOAD_EMBEDDINGS])


def _tell(_: Settings, facts: Mapping[str, Any]) -> str:
    return f"c-TF-IDF: {number_of(facts['topics'], 'topic')}, {facts['ngrams']} n-grams in their vocabulary"


STAGE = Stage(
    REPRESENT,
    version=3,
    parameters=parameters,
    reads=lambda settings, _: (TEXTS, VECTORS, clusters_from(settings)),
    also=prepared_texts,
    writes=tuple(artifact.name for artifact in (TOPICS, TABLE, MEANS, VOCABULARY, WEIGHTS, IDF, *NGRAMS)),
    parts=(TOKENS,),
    libraries=("scikit-learn", "pandas", "numpy", "scipy"),
    compute=represent_clusters,
    tell=_tell,
    preload=lambda _: import_module("sklearn.feature_extraction.text"),
)
