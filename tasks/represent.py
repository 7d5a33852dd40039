"""represent: the words and documents of the topics."""

from __future__ import annotations

from tasks.policy import stage_task
from topicloom.stages.represent import STAGE

represent = stage_task(STAGE)
