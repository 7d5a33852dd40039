"""The stage consensus, from the store: the same papers fitted under several seeds, which share the neighbour search."""

from __future__ import annotations

from collections.abc import Mapping

from topicloom.clusters.outliers import membership_of
from topicloom.clusters.voting import consensus
from topicloom.progress import tell
from topicloom.settings.reading import with_values
from topicloom.settings.schema import Settings
from topicloom.stages.computing import obtain_stage
from topicloom.stages.registry import CLUSTER, LOAD_EMBEDDINGS, REDUCE
from topicloom.store.store import StageRef, Store, Workspace
from topicloom.sweep.grid import SEED, shared_search


def seek_consensus(settings: Settings, refs: Mapping[str, StageRef], out: Workspace, run_id: str | None = None) -> None:
    """Cluster under further seeds and keep what they agree on.

    refs: load-embeddings and cluster. Artifacts: clusters.npy (n,) int64; agreement.npy (n,) float64, share of the
    seeds; probability.npy (n,) float64 where cluster has it: of a paper that another seed moved, its membership in the
    topic where it is now. Facts: seeds, topics, dissolved, outliers, mean_stability.
    """
    import joblib
    import numpy as np

    store, wanted = Store(settings.store_path), settings.tmo.consensus
    clusterings = [np.load(store.artifact(refs[CLUSTER], "clusters.npy"))]
    for step in range(1, wanted.seeds):
        seed = {SEED: (settings.params.seed + step) % 2**32}
        other = with_values(settings, seed | shared_search(settings, seed))
        found = {LOAD_EMBEDDINGS: refs[LOAD_EMBEDDINGS]}
        for stage in (REDUCE, CLUSTER):
            found[stage] = obtain_stage(other, stage, found, run_id)
            out.parts[f"{stage}-{seed[SEED]}"] = found[stage].key
        clusterings.append(np.load(store.artifact(found[CLUSTER], "clusters.npy")))
        tell("seeds", step + 1, wanted.seeds)
    agreed = consensus(clusterings, wanted.least_agreement, wanted.least_stability)
    np.save(out.path("clusters.npy"), agreed.clusters)
    np.save(out.path("agreement.npy"), agreed.agreement)
    if "probability.npy" in refs[CLUSTER].outputs:
        probability = np.load(store.artifact(refs[CLUSTER], "probability.npy"))
        moved = np.flatnonzero((agreed.clusters != clusterings[0]) & (agreed.clusters >= 0))
        if settings.tmo.represent.calculate_probabilities and len(moved):
            model = joblib.load(store.artifact(refs[CLUSTER], "clusterer.joblib"))
            probability[moved] = membership_of(model, moved, agreed.clusters[moved])
        np.save(out.path("probability.npy"), probability)
    living = np.unique(agreed.clusters[agreed.clusters >= 0])
    out.facts = {
        "seeds": wanted.seeds,
        "topics": len(living),
        "dissolved": int(clusterings[0].max(initial=-1)) + 1 - len(living),
        "outliers": int((agreed.clusters == -1).sum()),
        "mean_stability": round(float(agreed.stability.mean()), 4) if len(agreed.stability) else None,
    }
