"""The stage orphan-split: assigned documents apart from orphans, main clusters apart from the remainder."""

from __future__ import annotations

from topicloom.stage_names import ORPHAN_SPLIT
from topicloom.stages.represent import TOPICS
from topicloom.stages.stage import Artifact, Stage, Work

ASSIGNED, ORPHANS, LEVEL0 = (Artifact(ORPHAN_SPLIT, name) for name in ("assigned.npy", "orphans.npy", "level0.npy"))


def part_orphans(work: Work) -> None:
    """Part assigned documents from orphans and give the assigned ones their level0.

    Artifacts: assigned.npy and orphans.npy, row numbers int64; level0.npy, int64, one entry per assigned row.
    Facts: assigned, orphans, main_clusters.
    """
    import numpy as np

    from topicloom.clusters.main_clusters import split_orphans

    split = split_orphans(np.load(work.path(TOPICS)), work.settings.tmo.others_threshold)
    np.save(work.out.path(ASSIGNED.name), split.assigned)
    np.save(work.out.path(ORPHANS.name), split.orphans)
    np.save(work.out.path(LEVEL0.name), split.level0)
    work.out.facts = {
        "assigned": len(split.assigned),
        "orphans": len(split.orphans),
        "main_clusters": len(split.main),
    }


STAGE = Stage(
    ORPHAN_SPLIT,
    version=1,
    parameters=lambda settings: {"others_threshold": settings.tmo.others_threshold},
    reads=lambda *_: (TOPICS,),
    writes=(ASSIGNED.name, ORPHANS.name, LEVEL0.name),
    libraries=("numpy",),
    compute=part_orphans,
)
