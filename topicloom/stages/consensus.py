"""The stage consensus: the same papers fitted under several seeds, which share the neighbour search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from topicloom.phrasing import number_of
from topicloom.progress import tell
from topicloom.settings.reading import with_values
from topicloom.settings.schema import Settings, agrees
from topicloom.stage_names import CLUSTER, CONSENSUS, LOAD_EMBEDDINGS
from topicloom.stages import cluster, reduce
from topicloom.stages.cluster import CLUSTERER, CLUSTERS, PROBABILITY, members_of
from topicloom.stages.load_embeddings import VECTORS
from topicloom.stages.members import FITTED, fit_elsewhere
from topicloom.stages.stage import Artifact, Stage, Work
from topicloom.sweep.grid import SEED, shared_search

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

AGREED, AGREEMENT, AGREED_PROBABILITY = (
    Artifact(CONSENSUS, name) for name in (CLUSTERS.name, "agreement.npy", PROBABILITY.name)
)


def seek_consensus(work: Work) -> None:
    """Cluster under further seeds and keep what they agree on.

    Artifacts: clusters.npy (n,) int64; agreement.npy (n,) float64, share of the seeds; probability.npy (n,) float64
    where cluster has it. Facts: seeds, topics, dissolved, outliers, mean_stability.
    """
    import numpy as np

    from topicloom.clusters.voting import consensus

    settings, refs, out, store = work.settings, work.refs, work.out, work.store
    wanted = settings.tmo.consensus
    clusterings = [np.load(work.path(CLUSTERS))]
    others = [_with_seed(settings, (settings.params.seed + step) % 2**32) for step in range(1, wanted.seeds)]
    fit_elsewhere(others, refs[LOAD_EMBEDDINGS], work.run_id)  # what it has fitted is kept, and found below
    for step, other in enumerate(others, 1):
        found = {LOAD_EMBEDDINGS: refs[LOAD_EMBEDDINGS]}
        for stage in STAGE.inner:
            found[stage.name] = stage.obtain(other, found, work.run_id, quiet=True)[0]
            out.parts[f"{stage.name}-{other.params.seed}"] = found[stage.name].key
        clusterings.append(np.load(store.artifact(found[CLUSTER], CLUSTERS.name)))
        tell("seeds", step + 1, wanted.seeds)
    agreed = consensus(clusterings, wanted.least_agreement, wanted.least_stability)
    np.save(out.path(AGREED.name), agreed.clusters)
    np.save(out.path(AGREEMENT.name), agreed.agreement)
    if PROBABILITY.name in refs[CLUSTER].outputs:
        np.save(out.path(AGREED_PROBABILITY.name), _probability(work, clusterings[0], agreed.clusters))
    living = np.unique(agreed.clusters[agreed.clusters >= 0])
    out.facts = {
        "seeds": wanted.seeds,
        "topics": len(living),
        "dissolved": int(clusterings[0].max(initial=-1)) + 1 - len(living),
        "outliers": int((agreed.clusters == -1).sum()),
        "mean_stability": round(float(agreed.stability.mean()), 4) if len(agreed.stability) else None,
    }


def _with_seed(settings: Settings, seed: int) -> Settings:
    """Settings with another seed, and the same neighbour search."""
    return with_values(settings, {SEED: seed} | shared_search(settings, {SEED: seed}))


def _probability(work: Work, before: NDArray[np.int64], agreed: NDArray[np.int64]) -> NDArray[np.float64]:
    """Probability of each paper after the vote, (n,) float64.

    Of a paper that the vote moved it is the membership in the topic where it is now, and of one that it made an outlier
    1 minus the membership in all topics that are left; where no probabilities are calculated NaN and 0. The others keep
    theirs.
    """
    import numpy as np

    from topicloom.clusters.members import membership_in, membership_in_none

    probability: NDArray[np.float64] = np.load(work.path(PROBABILITY))
    moved = np.flatnonzero((agreed != before) & (agreed >= 0))
    left_out = np.flatnonzero((agreed != before) & (agreed == -1))
    if not work.settings.tmo.represent.calculate_probabilities:
        probability[moved], probability[left_out] = np.nan, 0.0
    elif len(moved) or len(left_out):
        members = members_of(work)
        probability[moved] = membership_in(members, moved, agreed[moved])
        probability[left_out] = membership_in_none(members, left_out, np.unique(agreed[agreed >= 0]))
    return probability


def _tell(_: Settings, facts: Mapping[str, Any]) -> str:
    return (
        f"{facts['seeds']} seeds agree on {number_of(facts['topics'], 'topic')}; "
        f"{number_of(facts['dissolved'], 'is', 'are')} dissolved, "
        f"{number_of(facts['outliers'], 'paper is an outlier', 'papers are outliers')}"
    )


STAGE = Stage(
    CONSENSUS,
    version=2,
    parameters=lambda settings: {
        **settings.tmo.consensus.model_dump(mode="json"),
        **reduce.parameters(settings),
        **cluster.parameters(settings),
    },
    reads=lambda *_: (VECTORS, CLUSTERS, CLUSTERER),
    writes=(AGREED.name, AGREEMENT.name),
    inner=FITTED,
    libraries=("numpy", "scipy"),
    wanted=agrees,
    compute=seek_consensus,
    tell=_tell,
)
