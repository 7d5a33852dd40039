"""take-away: papers and topics as tables, and as files for other programs."""

from __future__ import annotations

from tasks.policy import stage_task
from topicloom.stages.take_away import STAGE

take_away = stage_task(STAGE)
