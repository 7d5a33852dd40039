"""reduce: embeddings in few dimensions, and the map."""

from __future__ import annotations

from tasks.policy import stage_task
from topicloom.stages.reduce import STAGE

reduce = stage_task(STAGE)
