"""The stage reassign: outliers given to topics. Its measures need the words of the topics as they were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from topicloom.settings.schema import Settings, reassigns
from topicloom.stage_names import LOAD_EMBEDDINGS, REASSIGN
from topicloom.stages import distribution, represent
from topicloom.stages.cluster import CLUSTERS, PROBABILITY, members_of, members_read, raw_clusters_from
from topicloom.stages.load_embeddings import TEXTS, VECTORS, stored_vectors
from topicloom.stages.represent import TOPICS
from topicloom.stages.stage import Artifact, Refs, Stage, Work
from topicloom.store.store import StageRef

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from topicloom.clusters.members import Members
    from topicloom.clusters.outliers import Nearest

GIVEN, GIVEN_PROBABILITY, GIVEN_SCORE = (
    Artifact(REASSIGN, name) for name in (CLUSTERS.name, PROBABILITY.name, "score.npy")
)
_FIRST_DISTRIBUTION = 2  # version of the stage distribution when results of this stage did not state it yet


def reassign_outliers(work: Work) -> None:
    """Give outliers to the clusters nearest to them.

    Artifacts: clusters.npy (n,) int64; probability.npy (n,) float64, where cluster has it: of a paper given to a
    cluster its membership in that, NaN where no probabilities are calculated; score.npy (n,) float64, how near, NaN for
    the others. Facts: outliers before and now, and the least score that was given away.
    """
    import numpy as np

    from topicloom.clusters.members import membership_in
    from topicloom.clusters.outliers import taken

    settings, out, wanted = work.settings, work.out, work.settings.tmo.orphans
    raw = raw_clusters_from(settings)
    clusters = np.load(work.path(raw))
    members = members_of(work)
    outliers = np.flatnonzero(clusters == -1)
    found = _nearest(work, clusters, outliers, members)
    least = taken(found.scores, len(clusters), wanted.threshold, wanted.target_share)
    # The distribution has looked at the threshold itself, window by window.
    floor = 0.0 if wanted.strategy == "distribution" and wanted.target_share is None else least
    given = (found.topics >= 0) & (found.scores >= floor)
    rows = outliers[given]
    score = np.full(len(clusters), np.nan)
    clusters[rows], score[rows] = found.topics[given], found.scores[given]
    np.save(out.path(GIVEN.name), clusters)
    np.save(out.path(GIVEN_SCORE.name), score)
    if PROBABILITY.name in work.refs[raw.stage].outputs:
        probability = np.load(work.path(Artifact(raw.stage, PROBABILITY.name)))
        by_vectors = settings.tmo.represent.calculate_probabilities
        probability[rows] = membership_in(members, rows, clusters[rows]) if by_vectors else np.nan
        np.save(out.path(GIVEN_PROBABILITY.name), probability)
    out.facts = {
        "outliers_before": len(outliers),
        "outliers": int((clusters == -1).sum()),
        "least_score": float(found.scores[given].min()) if given.any() else None,
    }


def _nearest(work: Work, clusters: NDArray[np.int64], outliers: NDArray[np.int64], members: Members) -> Nearest:
    import numpy as np

    from topicloom.clusters.outliers import (
        Nearest,
        nearest_by_distribution,
        nearest_by_embedding,
        nearest_by_membership,
        nearest_by_words,
    )
    from topicloom.words.ctfidf import topic_vectors
    from topicloom.words.ngrams import read_document_ngrams
    from topicloom.words.topic_table import without_outliers
    from topicloom.words.topics import read_weights

    settings, wanted = work.settings, work.settings.tmo.orphans
    if not len(outliers) or len(outliers) == len(clusters):
        return Nearest(np.full(len(outliers), -1, dtype=np.int64), np.zeros(len(outliers)))
    living = np.unique(clusters[clusters >= 0])
    if wanted.strategy == "membership":
        return nearest_by_membership(members, outliers, living)
    if wanted.strategy == "embedding":
        vectors = stored_vectors(work.store, work.refs[LOAD_EMBEDDINGS])
        centres = without_outliers(topic_vectors(vectors, clusters), len(living))
        found = nearest_by_embedding(vectors, outliers, centres)
        return Nearest(np.append(living, -1)[found.topics], found.scores)
    words = _words_before(work)
    folder = work.store.folder(words.stage, words.key)
    weights, weighting = read_weights(folder, settings.tmo.represent)
    ngrams, of_topics = read_document_ngrams(folder), without_outliers(weights, len(living))
    if wanted.strategy == "c-tf-idf":
        found = nearest_by_words(ngrams, outliers, of_topics, weighting)
    else:
        least = wanted.threshold if wanted.target_share is None else settings.tmo.distribution.min_similarity
        distribution = settings.tmo.distribution.model_copy(update={"min_similarity": least})
        found = nearest_by_distribution(ngrams, outliers, of_topics, weighting, distribution)
    return Nearest(_clusters_of_topics(np.load(folder / TOPICS.name), clusters)[found.topics], found.scores)


def _words_before(work: Work) -> StageRef:
    """The topics' words before any outlier is given away: the very result of represent that a run without has."""
    ref, _ = represent.STAGE.obtain(without_reassignment(work.settings), work.refs, work.run_id)
    work.out.parts["represent-before"] = ref.key
    return ref


def _clusters_of_topics(topics: NDArray[np.int64], clusters: NDArray[np.int64]) -> NDArray[np.int64]:
    """The cluster of each topic, (t + 1,) int64; the last entry is -1, for topic -1."""
    import numpy as np

    cluster_of = np.full(int(topics.max()) + 2, -1, dtype=np.int64)
    cluster_of[topics] = clusters
    cluster_of[-1] = -1
    return cluster_of


def without_reassignment(settings: Settings) -> Settings:
    """The same settings with outliers kept."""
    kept = settings.tmo.orphans.model_copy(update={"mode": "keep"})
    return settings.model_copy(update={"tmo": settings.tmo.model_copy(update={"orphans": kept})})


def parameters(settings: Settings) -> dict[str, Any]:
    """The settings that decide which outliers are given to topics."""
    orphans = settings.tmo.orphans
    by_words = orphans.strategy in ("distribution", "c-tf-idf")
    return {
        **orphans.model_dump(mode="json", exclude={"mode"}),
        "calculate_probabilities": settings.tmo.represent.calculate_probabilities,
        **({"represent": represent.parameters(settings)} if by_words else {}),
        **({"distribution": distribution.parameters(settings)} if orphans.strategy == "distribution" else {}),
    }


def borrowed(settings: Settings) -> dict[str, int]:
    """The version of the stage distribution, whose computing it shares; that of the first results is not stated."""
    shares = settings.tmo.orphans.strategy == "distribution"
    version = distribution.STAGE.version
    return {"version_of_distribution": version} if shares and version > _FIRST_DISTRIBUTION else {}


def _reads(settings: Settings, refs: Refs) -> tuple[Artifact, ...]:
    agreed = raw_clusters_from(settings)
    return (TEXTS, VECTORS, CLUSTERS, *members_read(refs), *(() if agreed == CLUSTERS else (agreed,)))


def _tell(settings: Settings, facts: Mapping[str, Any]) -> str:
    strategy = settings.tmo.orphans.strategy
    return f"Outliers by {strategy}: {facts['outliers_before']} before, {facts['outliers']} now"


STAGE = Stage(
    REASSIGN,
    version=2,
    parameters=lambda settings: {**parameters(settings), **borrowed(settings)},
    reads=_reads,
    also=represent.prepared_texts,
    writes=(GIVEN.name, GIVEN_SCORE.name),
    inner=(represent.STAGE,),
    libraries=("hdbscan", "scikit-learn", "numpy", "scipy"),
    wanted=reassigns,
    compute=reassign_outliers,
    tell=_tell,
)
