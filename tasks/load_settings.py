"""load-settings: read and check the settings of an analysis."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.logging import get_run_logger

from topicloom.fitness import require_writable
from topicloom.settings import Settings
from topicloom.settings_file import read_settings
from topicloom.swap import finish_swap


@task(name="load-settings", task_run_name="load-settings {analysis}")
def load_settings(analysis: Path) -> Settings:
    """Read the settings of an analysis folder or settings file. Never cached: it costs less than a look-up.

    Also carries out an export that a kill has cut short, so that nothing later meets half of it.
    """
    settings = read_settings(analysis)
    require_writable(settings)
    if settings.analysis_path.is_dir():
        finish_swap(settings.analysis_path)
    for note in settings.notes:
        get_run_logger().warning(note)
    return settings
