"""represent: what each topic is about, in words and in documents."""

from __future__ import annotations

from prefect import task
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import State

from tasks.stage import RETRY, run_stage, stage_key
from topicloom.ctfidf import NoWordsError
from topicloom.errors import Problem, SettingsError
from topicloom.loading import stored_vectors
from topicloom.parts import stored_tokens
from topicloom.representation import represent_topics, write_representation
from topicloom.settings import Settings
from topicloom.stages import REPRESENT
from topicloom.store import StageRef, Store, Workspace


@task(name=REPRESENT, task_run_name="represent {settings.label}", cache_key_fn=stage_key(REPRESENT), **RETRY)
def represent(
    settings: Settings, embeddings: StageRef, clusters: StageRef, *, refresh: bool = False
) -> StageRef | State[StageRef]:
    """Number the topics by size and find their words and representative documents, as BERTopic does.

    Artifacts: those of `topicloom.representation.write_representation`.
    """

    def compute(out: Workspace) -> None:
        import numpy as np

        store = Store(settings.store_path)
        tokens = stored_tokens(settings, embeddings, out, flow_run.get_id())
        found = np.load(store.artifact(clusters, "clusters.npy"))
        try:
            representation = represent_topics(tokens, stored_vectors(store, embeddings), found, settings.tmo.represent)
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
        }
        get_run_logger().info(
            "c-TF-IDF: %d topics, %d n-grams in their vocabulary", out.facts["topics"], representation.vocabulary.size
        )

    return run_stage(REPRESENT, settings, [embeddings, clusters], compute, refresh=refresh)
