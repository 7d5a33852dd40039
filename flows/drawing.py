"""The stages that draw, side by side: one in this process, others beside it, each as soon as what it rests on is there.

Python's lock lets one thread compute at a time, so who draws beside this process is a process too.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextvars import copy_context
from threading import Condition, Thread
from types import TracebackType
from typing import Any, Final

from flows.run_report import COMPUTED
from flows.stage_runner import StageRunner
from topicloom.machine.side_process import SideProcess
from topicloom.stage_names import LOAD_EMBEDDINGS, StageName
from topicloom.stages.beside import computed_in, preload
from topicloom.stages.registry import STAGES

WORTH_IT: Final = 2_000  # papers: of fewer all is done before another process has loaded its libraries
_MOST: Final = 3  # processes beside this one: no more stages are ever ready at once


def threads_beside(run: StageRunner) -> int:
    """How many threads processes beside this one may use; 0 where papers are too few to be worth their start."""
    if run.refs[LOAD_EMBEDDINGS].facts["documents"] < WORTH_IT:
        return 0
    from topicloom.machine.threads import available_threads  # late: joblib is asked

    return available_threads() - 1


class Drawing:
    """Draws for a run, from the block's start on; at the block's end nothing is being drawn any more.

    Args:
        run: The run, whose `attempt` is called on several threads.

    Example:
        >>> with Drawing(run) as drawing:  # doctest: +SKIP
        ...     drawing.prepare("describe", after="represent")
        ...     run("represent")
        ...     drawing.begin("describe")
        ...     run("export")
        ...     drawing.finish("figures", "report")
    """

    def __init__(self, run: StageRunner) -> None:
        self._run = run
        self._waiting: list[StageName] = []
        self._running: set[StageName] = set()
        self._changed = Condition()
        self._over = False
        self._processes: list[SideProcess] = []
        self._threads: list[Thread] = []

    def __enter__(self) -> Drawing:
        return self

    def __exit__(self, *_error: type[BaseException] | BaseException | TracebackType | None) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()
        for process in self._processes:  # all of them, before any thread is waited for
            process.end()
        for thread in self._threads:
            thread.join()

    def prepare(self, *names: StageName, after: StageName) -> None:
        """Let the processes beside import what these are drawn with, while this thread computes with one core.

        after: the next stage of the run; where its result is kept there may be nothing to draw.
        """
        if self._run.spreads or self._run.find(STAGES[after]).ref is not None:
            return
        self._call_helpers()
        for process in self._processes:
            # A thread of its own: what is to be drawn meanwhile waits in that process, and not for another thread.
            self._start(self._import_ahead, process, names)

    def begin(self, *names: StageName) -> None:
        """Draw beside what this thread goes on to do. Where that is not worth it, `finish` draws these too."""
        self._add(names)
        self._call_helpers()

    def finish(self, *names: StageName) -> None:
        """Draw these, and what has been begun: on this thread too, until all is drawn."""
        self._add(names)
        self._call_helpers()
        self._work(None)
        with self._changed:
            self._changed.wait_for(lambda: not self._running)

    def _add(self, names: tuple[StageName, ...]) -> None:
        with self._changed:
            self._waiting.extend(names)
            self._changed.notify_all()

    def _call_helpers(self) -> None:
        if self._processes:
            return
        self._processes = [SideProcess() for _ in range(self._helpers())]
        for process in self._processes:
            self._start(self._help, process)

    def _start(self, function: Callable[..., None], *given: Any) -> None:
        # A context of its own: who listens to progress, and Prefect's run.
        thread = Thread(target=copy_context().run, args=(function, *given), name="drawing", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _import_ahead(self, process: SideProcess, names: tuple[StageName, ...]) -> None:
        with contextlib.suppress(Exception):  # whatever is wrong, the stage itself says it
            process.call(preload, names, self._run.settings)

    def _helpers(self) -> int:
        """How many draw beside this thread."""
        if self._run.spreads:
            return _MOST
        computed = any(outcome.status == COMPUTED for outcome in self._run.outcomes.values())
        return min(threads_beside(self._run), _MOST) if computed else 0

    def _help(self, process: SideProcess) -> None:
        """Draw beside until the block is over; what is to be drawn may come later."""
        while not self._over:
            self._work(process)
            with self._changed:
                self._changed.wait_for(lambda: self._over or self._ready() is not None)

    def _work(self, process: SideProcess | None) -> None:
        """Draw, in that process, until nothing waits to be drawn."""
        while (name := self._next()) is not None:
            try:
                with computed_in(process):
                    self._run.attempt(name)
            finally:
                with self._changed:
                    self._running.discard(name)
                    self._changed.notify_all()

    def _next(self) -> StageName | None:
        """The first stage that can be drawn, as soon as there is one; None when none is left, or the block is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or not self._waiting or self._ready() is not None)
            name = self._ready()
            if self._over or name is None:
                return None
            self._waiting.remove(name)
            self._running.add(name)
            return name

    def _ready(self) -> StageName | None:
        """The first stage of which nothing that it rests on, or looks at, is still to be drawn."""
        open_ones = {*self._waiting, *self._running}
        for name in self._waiting:
            stage = STAGES[name]
            if open_ones.isdisjoint((*stage.needs(self._run.settings, self._run.refs), *stage.sees)):
                return name
        return None
