"""orphan-split: assigned documents apart from orphans, main clusters apart from the remainder."""

from __future__ import annotations

from tasks.policy import stage_task
from topicloom.stages.orphan_split import STAGE

orphan_split = stage_task(STAGE)
