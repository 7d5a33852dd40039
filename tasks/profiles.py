"""profiles: who works on each topic, where, and how often it is cited."""

from __future__ import annotations

from tasks.policy import stage_task
from topicloom.stages.profiles import STAGE

profiles = stage_task(STAGE)
