"""remember: the run is entered into the history of the project, if it found or used something new."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefect import task
from prefect.runtime import flow_run

from topicloom.settings.schema import Settings
from topicloom.stages.remember import enter_run
from topicloom.store.store import StageRef


@task(name="remember", task_run_name="remember", retries=2, retry_delay_seconds=2)
def remember(settings: Settings, refs: Mapping[str, StageRef], versions: Mapping[str, str]) -> dict[str, Any]:
    """Enter the run into the history, as `topicloom.stages.remember.enter_run` does, and note it in run.json."""
    return enter_run(settings, refs, versions, flow_run.get_id())
