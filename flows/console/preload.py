"""Importing what a run will compute with while Prefect starts; a run that computes nothing imports nothing."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

from topicloom.settings.reading import read_settings
from topicloom.stage_names import PICTURES
from topicloom.stages.registry import STAGES
from topicloom.stages.status import CACHED, analysis_status


def preload_beside(path: Path) -> None:
    """Import, in a thread, the libraries of the stages that are not cached; a run goes on without waiting for it."""
    threading.Thread(target=_preload, args=(path,), daemon=True).start()


def _preload(path: Path) -> None:
    with contextlib.suppress(Exception):  # whatever is wrong, the run itself says it
        settings = read_settings(path)
        computed = [status.stage for status in analysis_status(settings) if status.state != CACHED]
        for name in computed:
            if name not in PICTURES:  # many papers are drawn in processes beside, which import for themselves
                STAGES[name].preload(settings)
