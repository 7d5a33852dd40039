"""report: report.html, the analysis as one page."""

from __future__ import annotations

from tasks.policy import stage_task
from topicloom.stages.report import STAGE

report = stage_task(STAGE)
