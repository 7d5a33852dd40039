"""orphan-split: assigned documents apart from orphans, main clusters apart from the remainder."""

from __future__ import annotations

from prefect import task
from prefect.states import State

from tasks.policy import RETRY, run_stage, stage_key
from topicloom.clusters.main_clusters import split_orphans
from topicloom.settings.schema import Settings
from topicloom.stages.registry import ORPHAN_SPLIT
from topicloom.store.store import StageRef, Store, Workspace


@task(
    name=ORPHAN_SPLIT,
    task_run_name="orphan-split {settings.label}",
    cache_key_fn=stage_key(ORPHAN_SPLIT),
    **RETRY,
)
def orphan_split(settings: Settings, topics: StageRef, *, refresh: bool = False) -> StageRef | State[StageRef]:
    """Part assigned documents from orphans and give the assigned ones their level0.

    Artifacts: assigned.npy and orphans.npy, row numbers int64; level0.npy, int64, one entry per assigned row.
    """

    def compute(out: Workspace) -> None:
        import numpy as np

        of_document = np.load(Store(settings.store_path).artifact(topics, "topics.npy"))
        split = split_orphans(of_document, settings.tmo.others_threshold)
        np.save(out.path("assigned.npy"), split.assigned)
        np.save(out.path("orphans.npy"), split.orphans)
        np.save(out.path("level0.npy"), split.level0)
        out.facts = {
            "assigned": len(split.assigned),
            "orphans": len(split.orphans),
            "main_clusters": len(split.main),
        }

    return run_stage(ORPHAN_SPLIT, settings, [topics], compute, refresh=refresh)
