"""Progress of long work in the run's log, and to a listener of the process that runs it."""

from __future__ import annotations

from prefect.logging import get_run_logger

from topicloom.progress import Listener, current_listener


def log_progress() -> Listener:
    """A listener that writes every tenth of a piece of work to the run's log, and passes all on."""
    logger, outer = get_run_logger(), current_listener()
    said: dict[str, int] = {}

    def log(what: str, done: int, total: int) -> None:
        tenth = 10 * done // max(total, 1)
        if said.get(what) != tenth:
            said[what] = tenth
            logger.info("%s: %d of %d", what, done, total)
        if outer is not None:
            outer(what, done, total)

    return log
