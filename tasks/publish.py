"""publish: what was drawn is put into the analysis folder."""

from __future__ import annotations

from collections.abc import Mapping

from prefect import task

from topicloom.settings.schema import Settings
from topicloom.stages.publish import publish_and_note
from topicloom.store.store import StageRef


@task(name="publish", task_run_name="publish", retries=2, retry_delay_seconds=2)
def publish(settings: Settings, refs: Mapping[str, StageRef], export_key: str, run_id: str | None = None) -> list[str]:
    """Put tables, figures and report into the analysis folder, and note in the history which labels they show."""
    return publish_and_note(settings, refs, export_key, run_id)
