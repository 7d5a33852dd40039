"""How every flow over an analysis begins."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from prefect.states import State

from flows.bounds import require_allowed
from tasks.load_settings import load_settings
from topicloom.settings.overrides import Overrides
from topicloom.settings.schema import Settings
from topicloom.stages.soundness import require_sound
from topicloom.stages.take_up import taken_up
from topicloom.store.sharing import local


class Opened(NamedTuple):
    """The settings of a flow, with notes for the person, and the state of the task that has read them."""

    settings: Settings
    loaded: State[Settings]


def opened(analysis: Path, overrides: Overrides | None = None, out: Path | None = None) -> Opened:
    """Read the settings of an analysis, look at its files, and take up what an earlier run has left half done.

    Args:
        analysis: The analysis folder, or a settings file.
        overrides: Settings that stand in for some of the file's.
        out: Another folder that the flow writes into.

    Returns:
        The settings, and the state of the task that has read them.

    Raises:
        InputError: A folder is not allowed here, or settings, corpus or embeddings are unsound.
    """
    require_allowed(analysis, out)
    loaded = load_settings(local(analysis, writing=True), overrides, return_state=True)
    settings = loaded.result()
    require_sound(settings)
    return Opened(taken_up(settings), loaded)
