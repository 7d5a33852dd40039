"""cluster: clusters of the reduced vectors, and how surely each document belongs to its own."""

from __future__ import annotations

from prefect import task
from prefect.logging import get_run_logger
from prefect.states import State

from tasks.stage import RETRY, run_stage, stage_key
from topicloom.clustering import cluster_documents, condensed_tree
from topicloom.settings import Settings
from topicloom.stages import CLUSTER, is_placed
from topicloom.store import StageRef, Store, Workspace
from topicloom.updating import cluster_placed


@task(name=CLUSTER, task_run_name="cluster {settings.label}", cache_key_fn=stage_key(CLUSTER), **RETRY)
def cluster(
    settings: Settings, reduced: StageRef, updated: StageRef | None = None, *, refresh: bool = False
) -> StageRef | State[StageRef]:
    """Cluster the reduced vectors with HDBSCAN, or with KMeans when the settings give a number of topics.

    New papers are placed in the clusters of an earlier run where the settings want it.

    Artifacts: clusters.npy (n,) int64, clusterer.joblib, and under HDBSCAN probability.npy (n,) float64 and
    condensed_tree.npy.
    """

    refs = {ref.stage: ref for ref in (reduced, updated) if ref is not None}

    def compute(out: Workspace) -> None:
        if is_placed(refs):
            cluster_placed(settings, refs, out)
            return
        import joblib
        import numpy as np

        vectors = np.load(Store(settings.store_path).artifact(reduced, "reduced.npy"))
        clustering = cluster_documents(vectors, settings.tmo, settings.params.seed)
        np.save(out.path("clusters.npy"), clustering.clusters)
        if clustering.probability is not None:
            np.save(out.path("probability.npy"), clustering.probability)
            np.save(out.path("condensed_tree.npy"), condensed_tree(clustering.model))
        joblib.dump(clustering.model, out.path("clusterer.joblib"))
        out.facts = {
            "clusters": int(clustering.clusters.max()) + 1,
            "outliers": int((clustering.clusters == -1).sum()),
        }
        get_run_logger().info(
            "%s: %d clusters, %d of %d papers are outliers",
            *(type(clustering.model).__name__, out.facts["clusters"], out.facts["outliers"], len(vectors)),
        )

    return run_stage(CLUSTER, settings, list(refs.values()), compute, refresh=refresh)
