"""The stage consensus, from the store: the same papers fitted under several seeds, which share the neighbour search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from topicloom.clusters.members import membership_in, membership_in_none
from topicloom.clusters.voting import consensus
from topicloom.progress import tell
from topicloom.settings.reading import with_values
from topicloom.settings.schema import Settings
from topicloom.stages.computing import obtain_stage
from topicloom.stages.registry import CLUSTER, LOAD_EMBEDDINGS, REDUCE
from topicloom.stages.update import members_of
from topicloom.store.store import StageRef, Store, Workspace
from topicloom.sweep.grid import SEED, shared_search

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def seek_consensus(settings: Settings, refs: Mapping[str, StageRef], out: Workspace, run_id: str | None = None) -> None:
    """Cluster under further seeds and keep what they agree on.

    refs: load-embeddings and cluster. Artifacts: clusters.npy (n,) int64; agreement.npy (n,) float64, share of the
    seeds; probability.npy (n,) float64 where cluster has it. Facts: seeds, topics, dissolved, outliers, mean_stability.
    """
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
        np.save(out.path("probability.npy"), _probability(settings, refs, clusterings[0], agreed.clusters))
    living = np.unique(agreed.clusters[agreed.clusters >= 0])
    out.facts = {
        "seeds": wanted.seeds,
        "topics": len(living),
        "dissolved": int(clusterings[0].max(initial=-1)) + 1 - len(living),
        "outliers": int((agreed.clusters == -1).sum()),
        "mean_stability": round(float(agreed.stability.mean()), 4) if len(agreed.stability) else None,
    }


def _probability(
    settings: Settings, refs: Mapping[str, StageRef], before: NDArray[np.int64], agreed: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Probability of each paper after the vote, (n,) float64.

    Of a paper that the vote moved it is the membership in the topic where it is now, and of one that it made an outlier
    1 minus the membership in all topics that are left; where no probabilities are calculated NaN and 0. The others keep
    theirs.
    """
    import numpy as np

    kept = Store(settings.store_path).artifact(refs[CLUSTER], "probability.npy")
    probability: NDArray[np.float64] = np.load(kept)
    moved = np.flatnonzero((agreed != before) & (agreed >= 0))
    left_out = np.flatnonzero((agreed != before) & (agreed == -1))
    if not settings.tmo.represent.calculate_probabilities:
        probability[moved], probability[left_out] = np.nan, 0.0
    elif len(moved) or len(left_out):
        members = members_of(settings, refs)
        probability[moved] = membership_in(members, moved, agreed[moved])
        probability[left_out] = membership_in_none(members, left_out, np.unique(agreed[agreed >= 0]))
    return probability
