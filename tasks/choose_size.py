"""choose-size: min_topic_size where the settings leave it to the evidence."""

from __future__ import annotations

from tasks.policy import stage_task
from topicloom.stages.choose_size import STAGE

choose_size = stage_task(STAGE)
