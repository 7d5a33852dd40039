"""graph: the neighbour graph that topics are found in."""

from __future__ import annotations

from tasks.policy import stage_task
from topicloom.stages.graph import STAGE

graph = stage_task(STAGE)
