"""The stage cluster: clusters of the reduced vectors, and how surely each paper belongs to its own."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from topicloom.phrasing import number_of
from topicloom.settings.schema import Settings, agrees, reassigns
from topicloom.stage_names import CLUSTER, CONSENSUS, LOAD_EMBEDDINGS, REASSIGN, UPDATE
from topicloom.stages import graph_topics
from topicloom.stages.earlier_fit import POSITIONS, base_refs, is_placed, near_fitted, placement
from topicloom.stages.reduce import REDUCED
from topicloom.stages.stage import Artifact, Refs, Stage, Work

if TYPE_CHECKING:
    from topicloom.clusters.members import Members

CLUSTERS, PROBABILITY, CLUSTERER = (
    Artifact(CLUSTER, name) for name in ("clusters.npy", "probability.npy", "clusterer.joblib")
)


def raw_clusters_from(settings: Settings) -> Artifact:
    """The clusters before outliers are given away."""
    return Artifact(CONSENSUS, CLUSTERS.name) if agrees(settings) else CLUSTERS


def clusters_from(settings: Settings) -> Artifact:
    """The clusters that become the topics."""
    return Artifact(REASSIGN, CLUSTERS.name) if reassigns(settings) else raw_clusters_from(settings)


def cluster_reduced(work: Work) -> None:
    """Cluster the reduced vectors with HDBSCAN, or with KMeans when the settings give a number of topics; or the graph.

    New papers are placed in the clusters of an earlier run where update has decided so. Artifacts: clusters.npy (n,)
    int64, clusterer.joblib, and under HDBSCAN probability.npy (n,) float64. Facts: method, documents, clusters,
    outliers.
    """
    import joblib
    import numpy as np

    if work.settings.tmo.method == "graph":
        graph_topics.cluster_graph(work)
        return
    from topicloom.clusters.clustering import cluster_by_hdbscan, cluster_by_kmeans

    if is_placed(work.refs):
        cluster_placed(work)
        return
    out, tmo = work.out, work.settings.tmo
    vectors = np.load(work.path(REDUCED))
    if tmo.method == "hdbscan":
        memberships = tmo.represent.calculate_probabilities
        clustering = cluster_by_hdbscan(vectors, tmo.sized_hdbscan, memberships=memberships)
    else:
        clustering = cluster_by_kmeans(vectors, tmo.n_topics, tmo.kmeans, work.settings.params.seed)
    np.save(out.path(CLUSTERS.name), clustering.clusters)
    if clustering.probability is not None:
        np.save(out.path(PROBABILITY.name), clustering.probability)
    joblib.dump(clustering.model, out.path(CLUSTERER.name))
    out.facts = {
        "method": type(clustering.model).__name__,
        "documents": len(vectors),
        "clusters": int(clustering.clusters.max()) + 1,
        "outliers": int((clustering.clusters == -1).sum()),
    }


def cluster_placed(work: Work) -> None:
    """Cluster by the fitted model: fitted papers stay in their clusters, new ones are placed.

    Artifacts: those of cluster, the model being the fitted one. Probability of a new paper is its
    membership where probabilities are calculated, else the strength that HDBSCAN predicts, NaN where the neighbours
    have decided.
    """
    import joblib
    import numpy as np

    from topicloom.clusters.prediction import place_in_clusters, placed_probability

    store, refs, out = work.store, work.refs, work.out
    base, positions = base_refs(store, refs[UPDATE]), np.load(work.path(POSITIONS))
    new = positions < 0
    reduced = np.load(work.path(REDUCED), mmap_mode="r")[new]
    model = joblib.load(store.artifact(base[CLUSTER], CLUSTERER.name))
    before = np.load(store.artifact(base[CLUSTER], CLUSTERS.name))
    clusters = np.empty(len(positions), dtype=np.int64)
    clusters[~new] = before[positions[~new]]
    placed = place_in_clusters(model, reduced, near_fitted(store, refs[UPDATE]), before)
    clusters[new] = placed.clusters
    np.save(out.path(CLUSTERS.name), clusters)
    if PROBABILITY.name in base[CLUSTER].outputs:
        probability = np.empty(len(positions))
        probability[~new] = np.load(store.artifact(base[CLUSTER], PROBABILITY.name))[positions[~new]]
        by_vectors = work.settings.tmo.represent.calculate_probabilities
        probability[new] = placed_probability(model, reduced, placed.clusters) if by_vectors else placed.strength
        np.save(out.path(PROBABILITY.name), probability)
    shutil.copyfile(store.artifact(base[CLUSTER], CLUSTERER.name), out.path(CLUSTERER.name))
    out.facts = {
        "method": type(model).__name__,
        "documents": len(positions),
        "clusters": int(before.max(initial=-1)) + 1,
        "outliers": int((clusters == -1).sum()),
        "placed": int(new.sum()),
    }


def members_of(work: Work) -> Members:
    """The papers of a run as its HDBSCAN knows them; where papers were placed, those of reduce and update too."""
    import joblib
    import numpy as np

    from topicloom.clusters.members import Members

    model = joblib.load(work.path(CLUSTERER))
    if not is_placed(work.refs):
        return Members.all_fitted(model)
    return Members(model, np.load(work.path(POSITIONS)), np.load(work.path(REDUCED), mmap_mode="r"))


def members_read(refs: Refs) -> tuple[Artifact, ...]:
    """The artifacts that `members_of` reads."""
    return (CLUSTERER, *placement(refs), *((REDUCED,) if is_placed(refs) else ()))


def parameters(settings: Settings) -> dict[str, Any]:
    """The settings that decide a clustering."""
    tmo = settings.tmo
    if tmo.method == "graph":
        return graph_topics.parameters(settings)
    if tmo.method == "hdbscan":
        return {
            "hdbscan": tmo.sized_hdbscan.model_dump(mode="json"),
            "calculate_probabilities": tmo.represent.calculate_probabilities,
        }
    return {
        "kmeans": {**tmo.kmeans.model_dump(mode="json"), "n_clusters": tmo.n_topics},
        "seed": settings.params.seed,
    }


def _tell(_: Settings, facts: Mapping[str, Any]) -> str:
    outliers = f"{facts['outliers']} of {facts['documents']} papers are outliers"
    why = f" ({facts['why']})" if facts.get("why") else ""
    return f"{facts['method']}: {number_of(facts['clusters'], 'cluster')}, {outliers}{why}"


def _reads(settings: Settings, refs: Refs) -> tuple[Artifact, ...]:
    found = graph_topics.reads(settings, refs) if settings.tmo.method == "graph" else (REDUCED,)
    return (*found, *placement(refs))


def _also(settings: Settings, refs: Refs) -> dict[str, str]:
    return graph_topics.run_before(settings, refs) if settings.tmo.method == "graph" else {}


def _preload(settings: Settings) -> None:
    if settings.tmo.method == "hdbscan":
        import hdbscan  # noqa: F401


STAGE = Stage(
    CLUSTER,
    version=2,
    parameters=parameters,
    reads=_reads,
    also=_also,
    sees=(UPDATE, LOAD_EMBEDDINGS),
    writes=(CLUSTERS.name,),
    libraries=("hdbscan", "numpy", "scipy", "scikit-learn"),
    compute=cluster_reduced,
    tell=_tell,
    preload=_preload,
)
