"""The stage distribution: how much of each document is about each topic, and the score of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from topicloom.settings.schema import Settings
from topicloom.stage_names import DISTRIBUTION, LOAD_EMBEDDINGS, REPRESENT
from topicloom.stages.load_embeddings import VECTORS, stored_rows, stored_vectors
from topicloom.stages.represent import IDF, NGRAMS, TOPICS, WEIGHTS
from topicloom.stages.stage import Artifact, Refs, Stage, Work

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MATRIX, SCORE = (Artifact(DISTRIBUTION, name) for name in ("topic_distribution.npz", "score.npy"))


def stored_distribution(work: Work) -> csr_matrix:
    """Shares of topics in the papers, sparse (n, topics), in the order of the corpus file."""
    from scipy.sparse import load_npz

    found: csr_matrix = load_npz(work.path(MATRIX)).tocsr()[stored_rows(work.store, work.refs[LOAD_EMBEDDINGS])]
    return found


def distribute_topics(work: Work) -> None:
    """Approximate every document's distribution over topics, and take its score from it or from the centroids.

    Artifacts: topic_distribution.npz sparse (n, topics) float64, score.npy (n,) float64. Facts: assigned papers
    without a distribution, and with a score of zero.
    """
    import numpy as np
    from scipy.sparse import save_npz

    from topicloom.engine.engines import spreading_engine
    from topicloom.words.distribution import centroid_score, distribution_score, topic_distribution
    from topicloom.words.ngrams import read_document_ngrams
    from topicloom.words.topic_table import without_outliers
    from topicloom.words.topics import read_weights

    settings, folder, represent = work.settings, work.folder(REPRESENT), work.refs[REPRESENT]
    weights, weighting = read_weights(folder, settings.tmo.represent)
    of_document = np.load(work.path(TOPICS))
    # Out of memory is tried again in smaller batches; they do not change the result.
    smaller = max(settings.tmo.distribution.batch_size >> work.failures, 1)
    wanted = settings.tmo.distribution.model_copy(update={"batch_size": smaller})
    weights = without_outliers(weights, represent.facts["topics"])
    with spreading_engine() as engine:
        matrix = topic_distribution(read_document_ngrams(folder), weights, weighting, wanted, engine=engine)
    score = distribution_score(matrix, of_document)
    empty = np.asarray(matrix.getnnz(axis=1) == 0)
    if settings.tmo.score == "centroid":
        score = centroid_score(stored_vectors(work.store, work.refs[LOAD_EMBEDDINGS]), of_document)
    save_npz(work.out.path(MATRIX.name), matrix)
    np.save(work.out.path(SCORE.name), score)
    work.out.facts = {
        "assigned_without_distribution": int((empty & (of_document != -1)).sum()),
        "assigned_with_score_zero": int(((score == 0) & (of_document != -1)).sum()),
    }


def parameters(settings: Settings) -> dict[str, Any]:
    """The settings that decide distribution and score."""
    distribution = settings.tmo.distribution.model_dump(mode="json", exclude={"batch_size"})
    represent = settings.tmo.represent
    return {
        **distribution,
        "score": settings.tmo.score,
        "reduce_frequent_words": represent.reduce_frequent_words,
        # Before, windows whose common n-grams weigh below 0 lost topics; results without BM25 were right, and hold.
        **({"weights_below_zero": "counted"} if represent.bm25_weighting else {}),
    }


def _reads(settings: Settings, _: Refs) -> tuple[Artifact, ...]:
    return (*((VECTORS,) if settings.tmo.score == "centroid" else ()), TOPICS, WEIGHTS, IDF, *NGRAMS)


STAGE = Stage(
    DISTRIBUTION,
    version=2,
    parameters=parameters,
    reads=_reads,
    writes=(MATRIX.name, SCORE.name),
    libraries=("scikit-learn", "numpy", "scipy"),
    compute=distribute_topics,
)
