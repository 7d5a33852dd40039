"""The stage represent, from the store: the clusters' words and documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from topicloom.errors import Problem, SettingsError
from topicloom.settings.schema import Settings
from topicloom.stages.load_embeddings import stored_vectors
from topicloom.stages.parts import stored_tokens
from topicloom.stages.registry import LOAD_EMBEDDINGS, clusters_from
from topicloom.store.store import StageRef, Store, Workspace
from topicloom.words.ctfidf import IN_NAME, NoWordsError, Topic
from topicloom.words.stop_words import common_words
from topicloom.words.topics import represent_topics, write_representation


def represent_clusters(
    settings: Settings, refs: Mapping[str, StageRef], out: Workspace, run_id: str | None = None
) -> None:
    """Number the topics by size and find their words and representative documents, as BERTopic does.

    refs: load-embeddings and the stage that the clusters come from. Artifacts: those of
    `topicloom.words.topics.write_representation`. Facts: topics, outliers, n-grams of the vocabulary, and
    topics without words or with stop words in their name.
    Raises SettingsError when stop words or min_df leave no vocabulary.
    """
    import numpy as np

    store = Store(settings.store_path)
    tokens = stored_tokens(settings, refs[LOAD_EMBEDDINGS], out, run_id)
    clusters = np.load(store.artifact(refs[clusters_from(settings)], "clusters.npy"))
    vectors = stored_vectors(store, refs[LOAD_EMBEDDINGS])
    try:
        representation = represent_topics(tokens, vectors, clusters, settings.tmo.represent)
    except NoWordsError as error:
        raise SettingsError(
            settings.source,
            Problem(f"{error}.", "Lower tmo.represent.min_df, or shorten tmo.represent.stop_words."),
        ) from error
    write_representation(out.folder, representation)
    table = representation.table
    out.facts = {
        "topics": sum(topic.topic != -1 for topic in table),
        "outliers": sum(topic.count for topic in table if topic.topic == -1),
        "ngrams": representation.vocabulary.size,
        "topics_without_words": sum(topic.topic != -1 and not any(topic.words) for topic in table),
        "stop_words_in_names": _stop_words_in_names(table, settings.tmo.represent.language),
    }


def _stop_words_in_names(table: Sequence[Topic], language: str) -> dict[str, Any]:
    """How many topics have stop words in their name, and the name that has the most."""
    common = common_words(language)
    counts = {
        topic.name: sum(word in common for ngram in topic.words[:IN_NAME] for word in ngram.split())
        for topic in table
        if topic.topic != -1
    }
    example = max(counts, key=counts.__getitem__, default="")
    return {"topics": sum(map(bool, counts.values())), "example": example}
