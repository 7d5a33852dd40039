"""load-settings: read and check the settings of an analysis."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import task
from prefect.context import TaskRunContext
from prefect.logging import get_run_logger

from tasks.policy import SERIALIZER
from topicloom.errors import InputError
from topicloom.settings.checks import require_writable
from topicloom.settings.overrides import Overrides
from topicloom.settings.reading import find_settings_file, read_settings
from topicloom.settings.schema import Settings
from topicloom.store.files import digest_file


def _key(context: TaskRunContext, parameters: dict[str, Any]) -> str | None:
    """Cached within one flow run only, for its retries, and only while the file is the same."""
    try:
        digest = digest_file(find_settings_file(Path(parameters["analysis"])))
    except (InputError, OSError):
        return None
    return f"load-settings-{context.task_run.flow_run_id}-{digest}"


@task(
    name="load-settings",
    task_run_name="load-settings",
    cache_key_fn=_key,
    persist_result=True,
    result_serializer=SERIALIZER,
)
def load_settings(analysis: Path, overrides: Overrides | None = None) -> Settings:
    """Read the settings of an analysis folder or settings file, and let `overrides` stand in for some."""
    settings = read_settings(analysis, overrides)
    require_writable(settings)
    for note in settings.notes:
        get_run_logger().info("note: %s", note)
    return settings
