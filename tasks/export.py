"""export: the files that reports read, swapped into the analysis folder all at once."""

from __future__ import annotations

from tasks.policy import stage_task
from topicloom.stages.export import STAGE

export = stage_task(STAGE)
