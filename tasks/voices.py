"""What UMAP says while it works, in the run's log instead of on the terminal.

UMAP prints, and has no logger. The streams sys.stdout and sys.stderr belong to the whole process, so a stage cannot
have them to itself while others run on other threads: what stands in their place asks who is printing.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, Final, TextIO

from topicloom.progress import Log

_BAR = re.compile(r"(?P<what>[^:]+):\s+(?P<percent>\d+)%\|")  # of tqdm
_DATE = re.compile(r"^\w{3} \w{3} +\d+ [\d:]+ \d{4}\s*")  # before what UMAP says; the log has its own


class _Lines(io.TextIOBase):
    """A stream that hands on whole lines; of a progress bar, every tenth of it."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._rest, self._tenth = say, "", -1

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._rest = re.split(r"[\r\n]", self._rest + text)
        for line in lines:
            self._line(line)
        return len(text)

    def _line(self, line: str) -> None:
        bar = _BAR.match(line.strip())
        if bar:
            tenth = int(bar["percent"]) // 10
            if tenth != self._tenth:
                self._tenth = tenth
                self._say(f"{bar['what']}: {tenth * 10} %")
            return
        said = _DATE.sub("", line.strip()).strip()
        if said and not said.startswith("UMAP("):  # its parameters, which run.json has
            self._say(said)


_lines: ContextVar[_Lines | None] = ContextVar("lines_of_a_library", default=None)
_STREAMS: Final = ("stdout", "stderr")
_counted = threading.Lock()
_blocks = 0  # that are being run, on whatever thread


class _ByThread:
    """A standard stream that gives what is printed within a block to the log, and all else to the stream beneath."""

    def __init__(self, beneath: TextIO) -> None:
        self.beneath = beneath

    def write(self, text: str) -> int:
        return (_lines.get() or self.beneath).write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.beneath, name)


@contextlib.contextmanager
def in_the_runs_log(library: str, log: Log) -> Iterator[None]:
    """Within the block, what `library` prints goes to the run's log, one line each; other threads print as ever.

    library: empty where none is to be heard.
    """
    if not library:
        yield
        return

    def say(line: str) -> None:
        log.info("%s: %s", library, line)

    with _streams_by_thread():
        token = _lines.set(_Lines(say))
        try:
            yield
        finally:
            _lines.reset(token)


@contextlib.contextmanager
def _streams_by_thread() -> Iterator[None]:
    """Have the standard streams ask who is printing; the last block to end puts them back."""
    global _blocks
    with _counted:
        _blocks += 1
        for name in _STREAMS:
            if not isinstance(getattr(sys, name), _ByThread):
                setattr(sys, name, _ByThread(getattr(sys, name)))
    try:
        yield
    finally:
        with _counted:
            _blocks -= 1
            for name in _STREAMS:
                stream = getattr(sys, name)
                if not _blocks and isinstance(stream, _ByThread):  # else somebody has put one of their own over it
                    setattr(sys, name, stream.beneath)
