"""The stages of a run, in order: the table of contents of this program."""

from __future__ import annotations

from flows.ahead import Ahead
from flows.drawing import Drawing
from flows.run_report import RunReport
from flows.stage_runner import StageRunner
from topicloom.lineage.history import turn
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
        run.first("load-embeddings")
        if validate_only:
            run.log.info("%s: the input is sound.", run.settings.label)
            return None
        run("update")
        run("choose-size")
        run("graph")
        with Drawing(run) as drawing:
            with Ahead(run) as ahead:
                ahead.begin("reduce")
                run("cluster")
                run("consensus")
                run("reassign")
                drawing.prepare("describe", after="represent")
                run("represent")
                run("distribution")
                run("orphan-split")
                ahead.finish()
            with turn(run.settings):
                run("identify")
                drawing.begin("describe", "quality")  # beside the export; the others look at what is entered after it
                run("export")
                run.remember()
                run.claim_folder()
            drawing.finish("moves", "figures", "profiles", "take-away", "methods", "report")  # the longest early
            run.publish_pictures()
        return run.report()
