"""distribution: how much of each document is about each topic, and the score of its own."""

from __future__ import annotations

from tasks.policy import stage_task
from topicloom.stages.distribution import STAGE

distribution = stage_task(STAGE)
