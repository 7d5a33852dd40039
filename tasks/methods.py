"""methods: how the topics were made, for a paper."""

from __future__ import annotations

from tasks.policy import stage_task
from topicloom.stages.methods import STAGE

methods = stage_task(STAGE)
