"""The stages up to quality by their names, for those who run them without Prefect, one after the other."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Final

from topicloom.settings.schema import Settings
from topicloom.stages.cluster import cluster_reduced
from topicloom.stages.describe import write_quality
from topicloom.stages.load_embeddings import load_inputs
from topicloom.stages.reassign import reassign_outliers
from topicloom.stages.reduce import reduce_corpus
from topicloom.stages.registry import (
    CLUSTER,
    LOAD_EMBEDDINGS,
    QUALITY,
    REASSIGN,
    REDUCE,
    REPRESENT,
    STAGES,
    plan_load_embeddings,
    plan_stage,
)
from topicloom.stages.represent import represent_clusters
from topicloom.store.store import StagePlan, StageRef, Store, Workspace

Refs = Mapping[str, StageRef]
Compute = Callable[[Settings, Refs, Workspace, str | None], object]

COMPUTE: Final[dict[str, Compute]] = {
    LOAD_EMBEDDINGS: lambda settings, _, out, __: load_inputs(settings, out),
    REDUCE: functools.partial(reduce_corpus, quiet=True),
    CLUSTER: lambda settings, refs, out, _: cluster_reduced(settings, refs, out),
    REASSIGN: reassign_outliers,
    REPRESENT: represent_clusters,
    QUALITY: write_quality,
}


def plan_of(settings: Settings, stage: str, refs: Refs) -> StagePlan:
    """The plan of a stage whose inputs are known."""
    if stage == LOAD_EMBEDDINGS:
        return plan_load_embeddings(settings, Store(settings.store_path))
    return plan_stage(STAGES[stage], settings, refs)


def obtain_stage(settings: Settings, stage: str, refs: Refs, run_id: str | None = None) -> StageRef:
    """The result of a stage, from the store or computed now."""
    plan = plan_of(settings, stage, refs)

    def compute(out: Workspace) -> None:
        COMPUTE[stage](settings, refs, out, run_id)

    return Store(settings.store_path).obtain(plan, compute, run_id=run_id)[0]
