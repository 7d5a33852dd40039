"""update: whether new papers are placed in the fitted model, or all papers fitted anew."""

from __future__ import annotations

from tasks.policy import stage_task
from topicloom.stages.update import STAGE

update = stage_task(STAGE)
