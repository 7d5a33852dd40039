"""moves: which topics emerge, grow, burst and decline."""

from __future__ import annotations

from tasks.policy import stage_task
from topicloom.stages.moves import STAGE

moves = stage_task(STAGE)
