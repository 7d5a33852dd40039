"""How a command ends that is told to."""

from __future__ import annotations

import signal
import sys
from types import FrameType


def end_at_signals() -> None:
    """Let SIGTERM and a closed terminal end the run in order, so that its locks and files go; nohup is respected."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def _end(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
