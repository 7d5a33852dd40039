"""cluster: clusters of the reduced vectors, and how surely each document belongs to its own."""

from __future__ import annotations

from tasks.policy import stage_task
from topicloom.stages.cluster import STAGE

cluster = stage_task(STAGE)
