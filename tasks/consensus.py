"""consensus: topics that several seeds agree on."""

from __future__ import annotations

from tasks.policy import stage_task
from topicloom.stages.consensus import STAGE

consensus = stage_task(STAGE)
