"""What UMAP says while it works, in the run's log instead of on the terminal."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Iterator

from prefect.logging import get_run_logger

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


@contextlib.contextmanager
def in_the_runs_log(library: str) -> Iterator[None]:
    """Within the block, what `library` prints goes to the run's log, one line each."""
    run_log = get_run_logger()

    def say(line: str) -> None:
        run_log.info("%s: %s", library, line)

    lines = _Lines(say)
    with contextlib.redirect_stdout(lines), contextlib.redirect_stderr(lines):
        yield
