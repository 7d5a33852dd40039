"""publish: what was drawn is put into the analysis folder."""

from __future__ import annotations

from collections.abc import Mapping

from prefect import task

from topicloom.settings.schema import Settings
from topicloom.stage_names import DESCRIBE
from topicloom.stages.publish import note_shown_labels, publish_pictures
from topicloom.store.run_record import exported_by, read_record
from topicloom.store.store import StageRef


@task(name="publish", task_run_name="publish", retries=2, retry_delay_seconds=2)
def publish(settings: Settings, refs: Mapping[str, StageRef], export_key: str, run_id: str | None = None) -> list[str]:
    """Put tables, figures and report into the analysis folder, and note in the history which labels they show."""
    names = publish_pictures(settings, refs, export_key, run_id)
    if DESCRIBE in refs and exported_by(read_record(settings), export_key, run_id):
        note_shown_labels(settings, refs[DESCRIBE])
    return names
