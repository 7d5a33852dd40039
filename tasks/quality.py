"""quality: how good the topics are, measured."""

from __future__ import annotations

from tasks.policy import stage_task
from topicloom.stages.quality import STAGE

quality = stage_task(STAGE)
