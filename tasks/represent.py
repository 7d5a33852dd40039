"""represent: what each topic is about, in words and in documents."""

from __future__ import annotations

from prefect import task
from prefect.states import State

from tasks.stage import RETRY, run_stage, stage_key
from tasks.voices import in_the_runs_log
from topicloom.ctfidf import NoWordsError, represent_topics, topics_of, write_topics
from topicloom.errors import Problem, SettingsError
from topicloom.loading import stored_texts, stored_vectors
from topicloom.settings import Settings
from topicloom.stages import REPRESENT
from topicloom.store import StageRef, Store, Workspace


@task(name=REPRESENT, task_run_name="represent {settings.label}", cache_key_fn=stage_key(REPRESENT), **RETRY)
def represent(
    settings: Settings, embeddings: StageRef, clusters: StageRef, *, refresh: bool = False
) -> StageRef | State[StageRef]:
    """Number the topics by size and find their words and representative documents with BERTopic.

    Artifacts: topics.npy (n,) int64, topics.json, ctfidf.npz (topics, words) float64, bertopic.joblib.
    """

    def compute(out: Workspace) -> None:
        import joblib
        import numpy as np
        from scipy.sparse import save_npz

        store = Store(settings.store_path)
        documents = stored_texts(store, embeddings)
        found = np.load(store.artifact(clusters, "clusters.npy"))
        try:
            with in_the_runs_log("BERTopic"):
                model = represent_topics(documents, stored_vectors(store, embeddings), found, settings.tmo)
        except NoWordsError as error:
            raise SettingsError(
                settings.source,
                Problem(f"{error}.", "Lower tmo.represent.min_df, or shorten tmo.represent.stop_words."),
            ) from error
        topics = topics_of(model, documents)
        np.save(out.path("topics.npy"), np.asarray(model.topics_, dtype=np.int64))
        write_topics(out.path("topics.json"), topics)
        save_npz(out.path("ctfidf.npz"), model.c_tf_idf_)
        joblib.dump(model, out.path("bertopic.joblib"))
        out.facts = {
            "topics": sum(topic.topic != -1 for topic in topics),
            "outliers": sum(topic.count for topic in topics if topic.topic == -1),
        }

    return run_stage(REPRESENT, settings, [embeddings, clusters], compute, refresh=refresh)
