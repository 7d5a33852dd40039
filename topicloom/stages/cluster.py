"""The stage cluster, from the store: clusters of the reduced vectors."""

from __future__ import annotations

from collections.abc import Mapping

from topicloom.clusters.clustering import cluster_documents, condensed_tree
from topicloom.settings.schema import Settings
from topicloom.stages.registry import REDUCE, is_placed
from topicloom.stages.update import cluster_placed
from topicloom.store.store import StageRef, Store, Workspace


def cluster_reduced(settings: Settings, refs: Mapping[str, StageRef], out: Workspace) -> None:
    """Cluster the reduced vectors with HDBSCAN, or with KMeans when the settings give a number of topics.

    New papers are placed in the clusters of an earlier run where the settings want it. refs: reduce, and update where
    there is one. Artifacts: clusters.npy (n,) int64, clusterer.joblib, and under HDBSCAN probability.npy (n,) float64
    and condensed_tree.npy. Facts: method, clusters, outliers.
    """
    import joblib
    import numpy as np

    if is_placed(refs):
        cluster_placed(settings, refs, out)
        return
    vectors = np.load(Store(settings.store_path).artifact(refs[REDUCE], "reduced.npy"))
    clustering = cluster_documents(vectors, settings.tmo, settings.params.seed)
    np.save(out.path("clusters.npy"), clustering.clusters)
    if clustering.probability is not None:
        np.save(out.path("probability.npy"), clustering.probability)
        np.save(out.path("condensed_tree.npy"), condensed_tree(clustering.model))
    joblib.dump(clustering.model, out.path("clusterer.joblib"))
    out.facts = {
        "method": type(clustering.model).__name__,
        "documents": len(vectors),
        "clusters": int(clustering.clusters.max()) + 1,
        "outliers": int((clustering.clusters == -1).sum()),
    }
