"""What every run does first, at each of its tries: what an earlier one left half done or another hand has spoilt."""

from __future__ import annotations

from topicloom.lineage.labels import require_known_labels
from topicloom.lineage.mending import mend_history
from topicloom.settings.schema import Settings
from topicloom.store.run_record import mend_record, settle_export
from topicloom.store.store import Store


def taken_up(settings: Settings) -> Settings:
    """Carry out an export that a kill has cut short, and mend run.json and the history where they are damaged.

    Args:
        settings: Those of the run.

    Returns:
        The settings, with a note on each thing that was mended, and on labels that wait for their topic.

    Raises:
        HistoryError: The history is that of another project, or another program holds it.
        LabelsError: labels.csv names a topic that never was.
        SwapError: The export can neither be carried out nor taken back.
    """
    settle_export(settings)
    mended = [*mend_record(settings, Store(settings.store_path)), *mend_history(settings)]
    return settings.model_copy(update={"notes": (*settings.notes, *mended, *require_known_labels(settings))})
