"""The stage that gives outliers to topics, from the store: its measures need the words of the topics as they were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from topicloom.clusters.members import Members, membership_in
from topicloom.clusters.outliers import (
    Nearest,
    nearest_by_distribution,
    nearest_by_embedding,
    nearest_by_membership,
    nearest_by_words,
    taken,
)
from topicloom.settings.schema import Settings
from topicloom.stages.load_embeddings import stored_vectors
from topicloom.stages.registry import (
    LOAD_EMBEDDINGS,
    REPRESENT,
    STAGES,
    plan_stage,
    raw_clusters_from,
    without_reassignment,
)
from topicloom.stages.represent import represent_clusters
from topicloom.stages.update import members_of
from topicloom.store.store import StageRef, Store, Workspace
from topicloom.words.ctfidf import topic_vectors
from topicloom.words.ngrams import read_document_ngrams
from topicloom.words.topics import read_weights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Refs = Mapping[str, StageRef]


def reassign_outliers(settings: Settings, refs: Refs, out: Workspace, run_id: str | None = None) -> None:
    """Give outliers to the clusters nearest to them.

    refs: load-embeddings, cluster, consensus where there is one, reduce and update where papers were placed. Artifacts:
    clusters.npy (n,) int64; probability.npy (n,) float64, where cluster has it: of a paper given to a cluster its
    membership in that, NaN where no probabilities are calculated; score.npy (n,) float64, how near, NaN for the others.
    Facts: outliers before and now, and the least score that was given away.
    """
    import numpy as np

    store, wanted = Store(settings.store_path), settings.tmo.orphans
    raw = refs[raw_clusters_from(settings)]
    clusters = np.load(store.artifact(raw, "clusters.npy"))
    members = members_of(settings, refs)
    outliers = np.flatnonzero(clusters == -1)
    found = _nearest(settings, store, refs, clusters, outliers, members, out, run_id)
    least = taken(found.scores, len(clusters), wanted.threshold, wanted.target_share)
    # The distribution has looked at the threshold itself, window by window.
    floor = 0.0 if wanted.strategy == "distribution" and wanted.target_share is None else least
    given = (found.topics >= 0) & (found.scores >= floor)
    rows = outliers[given]
    score = np.full(len(clusters), np.nan)
    clusters[rows], score[rows] = found.topics[given], found.scores[given]
    np.save(out.path("clusters.npy"), clusters)
    np.save(out.path("score.npy"), score)
    if "probability.npy" in raw.outputs:
        probability = np.load(store.artifact(raw, "probability.npy"))
        by_vectors = settings.tmo.represent.calculate_probabilities
        probability[rows] = membership_in(members, rows, clusters[rows]) if by_vectors else np.nan
        np.save(out.path("probability.npy"), probability)
    out.facts = {
        "outliers_before": len(outliers),
        "outliers": int((clusters == -1).sum()),
        "least_score": float(found.scores[given].min()) if given.any() else None,
    }


def _nearest(
    settings: Settings,
    store: Store,
    refs: Refs,
    clusters: NDArray[np.int64],
    outliers: NDArray[np.int64],
    members: Members,
    out: Workspace,
    run_id: str | None,
) -> Nearest:
    import numpy as np

    wanted = settings.tmo.orphans
    if not len(outliers) or len(outliers) == len(clusters):
        return Nearest(np.full(len(outliers), -1, dtype=np.int64), np.zeros(len(outliers)))
    if wanted.strategy == "membership":
        return nearest_by_membership(members, outliers, np.unique(clusters[clusters >= 0]))
    if wanted.strategy == "embedding":
        vectors = stored_vectors(store, refs[LOAD_EMBEDDINGS])
        found = nearest_by_embedding(vectors, outliers, topic_vectors(vectors, clusters)[1:])
        living = np.append(np.unique(clusters[clusters >= 0]), -1)
        return Nearest(living[found.topics], found.scores)
    represent = _words_before(settings, store, refs, out, run_id)
    folder = store.folder(represent.stage, represent.key)
    weights, weighting = read_weights(folder, settings.tmo.represent)
    ngrams, of_topics = read_document_ngrams(folder), weights[1:]  # the first row is the outliers'
    if wanted.strategy == "c-tf-idf":
        found = nearest_by_words(ngrams, outliers, of_topics, weighting)
    else:
        least = wanted.threshold if wanted.target_share is None else settings.tmo.distribution.min_similarity
        distribution = settings.tmo.distribution.model_copy(update={"min_similarity": least})
        found = nearest_by_distribution(ngrams, outliers, of_topics, weighting, distribution)
    return Nearest(_clusters_of_topics(np.load(folder / "topics.npy"), clusters)[found.topics], found.scores)


def _words_before(settings: Settings, store: Store, refs: Refs, out: Workspace, run_id: str | None) -> StageRef:
    """The topics' words before any outlier is given away: the very result of represent that a run without has."""
    plain = without_reassignment(settings)
    plan = plan_stage(STAGES[REPRESENT], plain, refs)
    ref, _ = store.obtain(plan, lambda part: represent_clusters(plain, refs, part, run_id), run_id=run_id)
    out.parts["represent-before"] = ref.key
    return ref


def _clusters_of_topics(topics: NDArray[np.int64], clusters: NDArray[np.int64]) -> NDArray[np.int64]:
    """The cluster of each topic, (t + 1,) int64; the last entry is -1, for topic -1."""
    import numpy as np

    cluster_of = np.full(int(topics.max()) + 2, -1, dtype=np.int64)
    cluster_of[topics] = clusters
    cluster_of[-1] = -1
    return cluster_of
