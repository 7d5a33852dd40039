"""load-embeddings: the corpus and its embeddings, held against each other; made where they are missing."""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.context import TaskRunContext
from prefect.states import State

from tasks.policy import RETRY, failures, obtain, record_key
from tasks.progress import log_progress
from topicloom.inputs.encoder import embeddings_missing, make_embeddings
from topicloom.progress import listening
from topicloom.settings.schema import Settings
from topicloom.stages.load_embeddings import load_inputs
from topicloom.stages.registry import plan_load_embeddings
from topicloom.store.store import StageRef, Store


def _key(_context: TaskRunContext, parameters: dict[str, Any]) -> str | None:
    settings: Settings = parameters["settings"]
    if embeddings_missing(settings):
        return None  # they are input files of this stage: what they will be is not known yet
    return record_key(plan_load_embeddings(settings, Store(settings.store_path)))


@task(name="load-embeddings", task_run_name="load-embeddings {settings.label}", cache_key_fn=_key, **RETRY)
def load_embeddings(settings: Settings, *, refresh: bool = False) -> StageRef | State[StageRef]:
    """Check corpus and embeddings against each other and keep them in the form that the stages read."""
    store = Store(settings.store_path)
    if embeddings_missing(settings):
        with listening(log_progress()):
            make_embeddings(settings, store, attempt=failures())
    plan = plan_load_embeddings(settings, store)
    return obtain(plan, settings, lambda out: load_inputs(settings, out), refresh=refresh)
