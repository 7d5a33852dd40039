"""Processes side by side that share the pieces of a warm-up: whoever is free takes the longest piece that is ready."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from queue import SimpleQueue
from threading import Condition, Thread

from topicloom.machine.threads import available_threads
from topicloom.progress import tell
from topicloom.warmup.kept import CompiledCodeError
from topicloom.warmup.pieces import Piece

_MOST = 3  # processes; each takes some 450 MB, and more are not done sooner


def compile_side_by_side(pieces: Mapping[str, Piece], processes: int | None = None) -> None:
    """Compile pieces in processes of their own, and tell which are done.

    Args:
        pieces: By name.
        processes: As many as there are cores, up to 3, when None.

    Raises:
        CompiledCodeError: A piece failed; the processes have ended.
    """
    crew = _Crew(pieces)
    workers = [_Worker(crew) for _ in range(min(processes or available_threads(), _MOST, len(pieces)))]
    try:
        done = 0
        tell("compiling", done, len(pieces))
        while done < len(pieces):
            name, fault = crew.said.get()
            if fault:
                raise CompiledCodeError(f"{name} could not be compiled: {fault}")
            done += 1
            tell(f"compiled {name}", done, len(pieces))
    finally:
        crew.stop()
        for worker in workers:
            worker.end()


class _Crew:
    """What is to be done, what is being done, and what is."""

    def __init__(self, pieces: Mapping[str, Piece]) -> None:
        self.said: SimpleQueue[tuple[str, str]] = SimpleQueue()  # a piece that is done, and what went wrong
        self._pieces = pieces
        self._waiting = set(pieces)
        self._done: set[str] = set()
        self._changed = Condition()

    def next(self) -> str | None:
        """The longest piece whose forerunners are done; None when none is left."""
        with self._changed:
            while self._waiting:
                ready = [name for name in self._waiting if self._done.issuperset(self._pieces[name].after)]
                if ready:
                    longest = max(ready, key=lambda name: (self._pieces[name].seconds, name))
                    self._waiting.discard(longest)
                    return longest
                self._changed.wait()
            return None

    def finish(self, name: str, fault: str) -> None:
        with self._changed:
            self._done.add(name)
            self._changed.notify_all()
        self.said.put((name, fault))

    def stop(self) -> None:
        with self._changed:
            self._waiting.clear()
            self._changed.notify_all()


class _Worker:
    """A process, and the thread that gives it pieces. It ends with this process, however that ends."""

    def __init__(self, crew: _Crew) -> None:
        paths = (os.environ.get("PYTHONPATH", ""), str(Path(__file__).resolve().parents[2]))
        self._process = subprocess.Popen(  # our own module
            [sys.executable, "-P", "-m", "topicloom.warmup.worker"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,  # Ctrl-C reaches this process alone, which then ends the other
        )
        self._thread = Thread(target=self._give, args=(crew,), daemon=True)
        self._thread.start()

    def _give(self, crew: _Crew) -> None:
        while name := crew.next():
            crew.finish(name, self._asked(name))

    def _asked(self, name: str) -> str:
        """What went wrong with a piece, or nothing."""
        try:
            self._process.stdin.write(f"{name}\n")  # type: ignore[union-attr]
            self._process.stdin.flush()  # type: ignore[union-attr]
            answer = self._process.stdout.readline()  # type: ignore[union-attr]
        except (OSError, ValueError):
            answer = ""
        if not answer:
            return f"its process ended with code {self._process.wait()}; the system may have run out of memory"
        return answer.strip()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join()
        for pipe in (self._process.stdin, self._process.stdout):
            pipe.close()  # type: ignore[union-attr]
