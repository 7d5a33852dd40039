"""import-exports: exports of databases become a project."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prefect import task
from prefect.logging import get_run_logger

from tasks.progress import log_progress
from topicloom.intake.project import Imported, new_project
from topicloom.intake.settings_file import language_note
from topicloom.intake.telling import told
from topicloom.progress import listening


@task(name="import-exports", task_run_name="import-exports")
def import_exports(project: Path, exports: str, within: Sequence[Path], *, for_map: bool = False) -> Imported:
    """Make a project from exports, all of which lie within some folders, and say what was read.

    for_map: whether there must be enough papers for a map.
    """
    with listening(log_progress()):
        made = new_project(project, [exports], within=within, for_map=for_map)
    for line in told(made):
        get_run_logger().info("%s", line)
    if note := language_note(made.account.languages, None):
        get_run_logger().info("note: %s", note)
    return made
