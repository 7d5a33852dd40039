"""distribution: how much of each document is about each topic, and the score of its own."""

from __future__ import annotations

from prefect import task
from prefect.states import State

from tasks.policy import RETRY, failures, run_stage, stage_key
from topicloom.settings.schema import Settings
from topicloom.stages.load_embeddings import stored_vectors
from topicloom.stages.registry import DISTRIBUTION
from topicloom.store.store import StageRef, Store, Workspace
from topicloom.words.distribution import centroid_score, distribution_score, topic_distribution
from topicloom.words.ngrams import read_document_ngrams
from topicloom.words.topics import read_weights


@task(
    name=DISTRIBUTION,
    task_run_name="distribution {settings.label}",
    cache_key_fn=stage_key(DISTRIBUTION),
    **RETRY,
)
def distribution(
    settings: Settings, embeddings: StageRef, topics: StageRef, *, refresh: bool = False
) -> StageRef | State[StageRef]:
    """Approximate every document's distribution over topics, and take its score from it or from the centroids.

    Artifacts: topic_distribution.npz sparse (n, topics) float64, score.npy (n,) float64.
    """

    def compute(out: Workspace) -> None:
        import numpy as np
        from scipy.sparse import save_npz

        store = Store(settings.store_path)
        folder = store.folder(topics.stage, topics.key)
        weights, weighting = read_weights(folder, settings.tmo.represent)
        of_document = np.load(store.artifact(topics, "topics.npy"))
        # Out of memory is tried again in smaller batches; they do not change the result.
        smaller = max(settings.tmo.distribution.batch_size >> failures(), 1)
        wanted = settings.tmo.distribution.model_copy(update={"batch_size": smaller})
        of_topics = weights[weights.shape[0] - topics.facts["topics"] :]  # without the row of the outliers
        matrix = topic_distribution(read_document_ngrams(folder), of_topics, weighting, wanted)
        score = distribution_score(matrix, of_document)
        empty = np.asarray(matrix.getnnz(axis=1) == 0)
        if settings.tmo.score == "centroid":
            score = centroid_score(stored_vectors(store, embeddings), of_document)
        save_npz(out.path("topic_distribution.npz"), matrix)
        np.save(out.path("score.npy"), score)
        out.facts = {
            "assigned_without_distribution": int((empty & (of_document != -1)).sum()),
            "assigned_with_score_zero": int(((score == 0) & (of_document != -1)).sum()),
        }

    return run_stage(DISTRIBUTION, settings, [embeddings, topics], compute, refresh=refresh)
