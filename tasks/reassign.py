"""reassign: outliers given to topics, where the settings want it."""

from __future__ import annotations

from tasks.policy import stage_task
from topicloom.stages.reassign import STAGE

reassign = stage_task(STAGE)
