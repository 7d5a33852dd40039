"""identify: the lasting id of each topic, handed on from the run before."""

from __future__ import annotations

from tasks.policy import stage_task
from topicloom.stages.identify import STAGE

identify = stage_task(STAGE)
