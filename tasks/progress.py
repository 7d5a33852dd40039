"""Progress of long work in the run's log and on its page, and to a listener of the process that runs it."""

from __future__ import annotations

import contextlib
from time import monotonic
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.logging import get_run_logger

from topicloom.progress import Listener, Part, tenths

_LONG = 2.0  # seconds from which a piece of work gets a bar on the page


class _Bar:
    """The bar of one piece of work on the run's page, once it has turned out to be long."""

    def __init__(self) -> None:
        self._begun = monotonic()
        self._artifact: UUID | None = None

    def show(self, what: str, percent: float) -> None:
        # A bar that cannot be drawn does not stop the work.
        with contextlib.suppress(Exception):
            if self._artifact is not None:
                update_progress_artifact(self._artifact, percent)
            elif percent < 100 and monotonic() - self._begun > _LONG:
                self._artifact = create_progress_artifact(percent, description=what)  # type: ignore[assignment]


def log_progress() -> Listener:
    """A listener that writes every tenth of a piece of work to the run's log and page, and passes all on."""
    bars: dict[str, _Bar] = {}

    def show(part: Part) -> None:
        bars.setdefault(part.what, _Bar()).show(part.what, 100 * part.done / max(part.total, 1))

    return tenths(get_run_logger(), show)
