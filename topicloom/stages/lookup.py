"""What is kept for a stage of an analysis: in the store, or for export in the analysis folder."""

from __future__ import annotations

from topicloom.settings.schema import Settings
from topicloom.stages.registry import EXPORT, LOAD_EMBEDDINGS, STAGES, Refs, plan_load_embeddings, plan_stage
from topicloom.store.run_record import find_export
from topicloom.store.store import Finding, StagePlan, Store


def find_result(settings: Settings, store: Store, stage: str, refs: Refs) -> tuple[StagePlan, Finding]:
    """The plan of a stage for these settings, and what is kept for it.

    refs: the results of the stages before it. Nothing is computed, and nothing heavy imported.
    """
    if stage == LOAD_EMBEDDINGS:
        plan = plan_load_embeddings(settings, store)
        return plan, store.find(plan)
    plan = plan_stage(STAGES[stage], settings, refs)
    return plan, find_export(settings, plan, store) if stage == EXPORT else store.find(plan)
