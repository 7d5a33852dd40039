"""How Prefect behaves under the command line: quiet, without telemetry, with a home it can write to."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path


def prepare_prefect() -> None:
    """Set Prefect's environment. Must be called before prefect is imported; what the user has set stays.

    Without PREFECT_API_URL a run starts a temporary server.
    """
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
    home = Path(os.environ.get("PREFECT_HOME", Path.home() / ".prefect"))
    if not _writable(home):
        os.environ["PREFECT_HOME"] = tempfile.mkdtemp(prefix="topicloom-prefect-")


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


class _QuietRuns(logging.Filter):
    """Lets warnings through, and holds back what Prefect logs about a failure: the command line says that itself."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno >= logging.ERROR and record.name.startswith("prefect"):
            return "will start" in record.getMessage()  # another try
        return record.levelno >= logging.WARNING


def quiet_console() -> None:
    """Show warnings only on the terminal. The run's log on the server keeps everything. After `import prefect`."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(_QuietRuns())
