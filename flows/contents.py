"""The stages of a run, in order: the table of contents of this program."""

from __future__ import annotations

from flows.run_report import RunReport
from flows.stage_runner import StageRunner
from topicloom.lineage.history import turn
from topicloom.settings.checks import require_fitting_settings
from topicloom.stage_names import (
    CHOOSE_SIZE,
    CLUSTER,
    CONSENSUS,
    DESCRIBE,
    DISTRIBUTION,
    EXPORT,
    FIGURES,
    GRAPH,
    IDENTIFY,
    LOAD_EMBEDDINGS,
    ORPHAN_SPLIT,
    QUALITY,
    REASSIGN,
    REDUCE,
    REPORT,
    REPRESENT,
    UPDATE,
)
from topicloom.store.retention import run_of


def run_stages(run: StageRunner, *, validate_only: bool = False) -> RunReport | None:
    """Run every stage that the settings want; what is kept is reused.

    Args:
        run: Runs a stage by its name, and keeps what became of it.
        validate_only: Load the inputs, look whether the settings fit them, and compute no topics.

    Returns:
        The report of the run, or None where it only validates.

    Raises:
        Exception: what a stage before the pictures raises; a picture that fails is kept in the report's notes.
    """
    run.announce(validate_only=validate_only)
    with run_of(run.settings):
        require_fitting_settings(run.settings, run.first(LOAD_EMBEDDINGS).facts)
        if validate_only:
            run.log.info("%s: the input is sound.", run.settings.label)
            return None
        run(UPDATE)
        run(CHOOSE_SIZE)
        run(GRAPH)
        run(REDUCE)
        run(CLUSTER)
        run(CONSENSUS)
        run(REASSIGN)
        run(REPRESENT)
        run(DISTRIBUTION)
        run(ORPHAN_SPLIT)
        with turn(run.settings):
            run(IDENTIFY)
            run(EXPORT)
            run.remember()
            run.claim_folder()
        run.draw(DESCRIBE, QUALITY, FIGURES, REPORT)
        return run.report()
