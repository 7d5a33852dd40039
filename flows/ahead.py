"""A stage that nothing rests on before the export, computed in a process of its own beside the stages after it."""

from __future__ import annotations

from contextvars import copy_context
from threading import Thread
from types import TracebackType

from flows.drawing import threads_beside
from flows.stage_runner import StageRunner
from topicloom.machine.side_process import SideProcess
from topicloom.stage_names import StageName
from topicloom.stages.beside import computed_in
from topicloom.stages.registry import STAGES


class Ahead:
    """Computes one stage of a run beside the others, from `begin` to `finish`; at the block's end it is over.

    Args:
        run: The run, which is called on a second thread meanwhile.

    Example:
        >>> with Ahead(run) as ahead:  # doctest: +SKIP
        ...     ahead.begin("reduce")
        ...     run("cluster")
        ...     ahead.finish()
    """

    def __init__(self, run: StageRunner) -> None:
        self._run = run
        self._process: SideProcess | None = None
        self._thread: Thread | None = None
        self._error: BaseException | None = None

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *_error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._end()

    def begin(self, name: StageName) -> None:
        """Compute a stage beside what this thread goes on to do; at once, where that is not worth it or not possible.

        Raises what the stage raises where it is computed at once.
        """
        if not self._is_worth_it(name):
            self._run(name)
            return
        # A context of its own: who listens to progress, and Prefect's run.
        self._process = SideProcess()
        work = (self._compute, name, self._process)
        self._thread = Thread(target=copy_context().run, args=work, name="ahead", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Wait until the stage is computed. Raises what it raises."""
        if self._thread is not None:
            self._thread.join()
        self._end()
        if self._error is not None:
            raise self._error

    def _end(self) -> None:
        if self._process is not None:
            self._process.end()
        if self._thread is not None:
            self._thread.join()

    def _compute(self, name: StageName, process: SideProcess) -> None:
        try:
            with computed_in(process):
                self._run(name)
        except BaseException as error:  # noqa: BLE001  # raised where it is waited for
            self._error = error

    def _is_worth_it(self, name: StageName) -> bool:
        run, stage = self._run, STAGES[name]
        if not stage.apart(run.settings, run.refs) or run.keeps(stage):
            return False
        return run.spreads or threads_beside(run) > 0
