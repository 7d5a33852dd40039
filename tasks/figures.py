"""figures: what goes into papers and onto slides."""

from __future__ import annotations

from tasks.policy import stage_task
from topicloom.stages.figures import STAGE

figures = stage_task(STAGE)
