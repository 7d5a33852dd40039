"""describe: the topics for people, with names, trends and a tree."""

from __future__ import annotations

from tasks.policy import stage_task
from topicloom.stages.describe import STAGE

describe = stage_task(STAGE)
