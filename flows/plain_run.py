"""A run without a Prefect server: the same stages, store, record and messages, and no Prefect."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from flows.announcement import place_of, tell_outcome
from flows.contents import run_stages
from flows.run_report import RunReport
from flows.stage_runner import StageRunner
from topicloom.settings.overrides import Overrides
from topicloom.settings.reading import read_settings
from topicloom.stages.soundness import require_sound
from topicloom.stages.take_up import taken_up
from topicloom.store.sharing import local

_LOG: Final = logging.getLogger("topicloom.run")


def run_without_server(
    analysis: Path, refresh: str | None = None, overrides: Overrides | None = None, *, quiet: bool = False
) -> RunReport:
    """Turn an analysis folder (settings, corpus, embeddings) into topics, in this process alone.

    Args:
        analysis: The folder of an analysis, or a settings file.
        refresh: The stage from which on everything is computed again, or None.
        overrides: Settings that this run uses instead of those in the settings file.
        quiet: Libraries keep their progress to themselves.

    Returns:
        The report of the run. Every stage whose result is kept is reused.

    Raises:
        InputError: Settings, corpus, embeddings or dataset are not sound; nothing is computed then.
        Exception: What a stage before the pictures raises.

    Example:
        >>> run_without_server(Path("projects/wos/a01")).topics  # doctest: +SKIP
        431
    """
    settings = read_settings(local(analysis, writing=True), overrides)
    for note in settings.notes:
        _LOG.info("note: %s", note)
    require_sound(settings)
    run = StageRunner(taken_up(settings), refresh, log=_LOG, quiet=quiet)
    report = run_stages(run)
    if report is None:
        raise AssertionError("a run that does more than validate has a report")
    kind, place = place_of(settings)
    tell_outcome(_LOG, settings, report, f"The {kind}: {place}")
    return report


def show_log() -> None:
    """Show the whole log of a run on the error stream, each line with its time."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s.%(msecs)03d | %(levelname)-7s | %(message)s", datefmt="%H:%M:%S"
    )
