"""How every flow over an analysis begins."""

from __future__ import annotations

from pathlib import Path

from flows.bounds import require_allowed
from tasks.load_settings import load_settings
from topicloom.settings.overrides import Overrides
from topicloom.settings.schema import Settings
from topicloom.stages.soundness import require_sound
from topicloom.stages.take_up import taken_up


def opened(analysis: Path, overrides: Overrides | None = None, out: Path | None = None) -> Settings:
    """Read the settings of an analysis, look at its files, and take up what an earlier run has left half done.

    Args:
        analysis: The analysis folder, or a settings file.
        overrides: Settings that stand in for some of the file's.
        out: Another folder that the flow writes into.

    Returns:
        The settings, with notes for the person.

    Raises:
        InputError: A folder is not allowed here, or settings, corpus or embeddings are unsound.
    """
    require_allowed(analysis, out)
    settings = load_settings(analysis, overrides)
    require_sound(settings)
    return taken_up(settings)
