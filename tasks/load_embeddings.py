"""load-embeddings: the corpus and its embeddings, checked against each other; made where they are missing."""

from __future__ import annotations

from tasks.policy import stage_task
from topicloom.stages.load_embeddings import STAGE

load_embeddings = stage_task(STAGE)
