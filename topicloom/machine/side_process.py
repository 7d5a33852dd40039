"""A process beside this one, in which functions are called: for work that Python's lock would otherwise let wait."""

from __future__ import annotations

import contextlib
import itertools
import logging
import logging.handlers
import os
import pickle
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, NoReturn, ParamSpec, TypeVar

from topicloom.errors import TopicloomError
from topicloom.progress import Event, emit, listening

P = ParamSpec("P")
T = TypeVar("T")
Message = Event | logging.LogRecord | None  # None: the call is over
_LIBRARY = "topicloom"
_WATCHED_EVERY = 0.5  # seconds

# Of a process beside: where it says what happens in its calls, and which call is being made.
_told: Any = None
_telling = threading.Lock()


class SideProcessEndedError(TopicloomError):
    """The process beside has been ended before a call was over."""

    def __str__(self) -> str:
        return "it was ended before it was done"


class SideProcess:
    """A process that calls functions for the threads of this one; it starts with the first call.

    What a function says of its progress and writes into topicloom's log is handed on by the thread that has called it,
    as if it had run there. The process ends with the block, and with this process however it ends.

    Example:
        >>> import math
        >>> with SideProcess() as beside:
        ...     beside.call(math.factorial, 5)
        120
    """

    def __init__(self) -> None:
        self._heard: dict[int, SimpleQueue[Message]] = {}
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._over = False
        self._executor: Any = None
        self._messages: Any = None

    def __enter__(self) -> SideProcess:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.end()

    @property
    def is_over(self) -> bool:
        """Whether it has been ended, and calls nothing any more."""
        return self._over

    def end(self) -> None:
        """End the process, whatever it does. Calls that are waited for, and later ones, raise SideProcessEndedError."""
        with self._lock:
            self._over = True
            self._stop()

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function there, and wait for what it returns. Several threads may; one call is made after the other.

        Args:
            function: One that a module has under its name, whose arguments and result can be pickled.
            args: Its arguments.
            kwargs: Those that it takes by name.

        Raises:
            concurrent.futures.process.BrokenProcessPool: The process was killed, as happens where memory runs out. The
                next call starts another.
            SideProcessEndedError: The block is over.
            OSError: No process can be started here.
            Exception: What the function raises.
        """
        number, heard = next(self._numbers), SimpleQueue[Message]()
        with self._lock:
            if self._over:
                raise SideProcessEndedError
            self._heard[number] = heard
            try:
                future: Future[tuple[T | None, BaseException | None]] = self._submitted(number, function, args, kwargs)
            except BaseException:
                del self._heard[number]
                raise
            executor = self._executor
        future.add_done_callback(lambda done: heard.put(None) if done.cancelled() or done.exception() else None)
        try:
            while (message := heard.get()) is not None:
                _hand_on(message)
            result, error = future.result()
        except Exception as error:
            if self._over:
                raise SideProcessEndedError from None
            if isinstance(error, BrokenProcessPool):  # loky's words are for programmers
                self._leave(executor)
                raise BrokenProcessPool("the process that computed it beside was killed") from None
            raise
        finally:
            self._heard.pop(number, None)
        if error is not None:
            raise error
        return result  # type: ignore[return-value]  # None only where the function returns it

    def _submitted(self, *call: Any) -> Future[Any]:
        """A call that is begun, by another process where this one was killed between two calls. The lock is held."""
        self._begin()
        try:
            return self._executor.submit(_called, *call)  # type: ignore[no-any-return]
        except BrokenProcessPool:
            self._stop()
        self._begin()
        return self._executor.submit(_called, *call)  # type: ignore[no-any-return]

    def _begin(self) -> None:
        """Have a process that can be asked. The lock is held."""
        from joblib.externals.loky.backend.context import get_context  # late: only who has work for two needs it
        from joblib.externals.loky.process_executor import ProcessPoolExecutor

        if self._executor is not None:
            return
        # loky's own way to start: a plain spawn would import the program's main module anew, Prefect and all.
        context = get_context("loky")
        # A pipe, and no queue: a process that is killed while it holds a queue's lock would stop all who write.
        reader, self._messages = context.Pipe(duplex=False)
        threading.Thread(target=self._listen, args=(reader,), daemon=True).start()
        # It replaces a process that has grown by 300 MB, as one that draws may; that is no news.
        warnings.filterwarnings("ignore", message="A worker stopped while some jobs were given", category=UserWarning)
        level = logging.getLogger(_LIBRARY).getEffectiveLevel()
        try:
            self._executor = ProcessPoolExecutor(
                1, context=context, initializer=_prepare, initargs=(self._messages, os.getpid(), level)
            )
        except (ImportError, NotImplementedError) as error:  # a machine without semaphores, as some sandboxes are
            raise OSError(f"no process can be started beside this one: {error}") from error
        finally:
            if self._executor is None:
                self._messages.close()

    def _leave(self, executor: Any) -> None:
        """Have another process for the next call, unless another thread has seen to that."""
        with self._lock:
            if self._executor is executor:
                self._stop()

    def _stop(self) -> None:
        """Let no process be there. The lock is held."""
        if self._executor is None:
            return
        self._executor.shutdown(wait=True, kill_workers=True)
        with contextlib.suppress(OSError):  # nobody listens any more
            self._messages.send(None)
        self._messages.close()
        self._executor = self._messages = None

    def _listen(self, messages: Any) -> None:
        # What a killed process has said in part ends with the pipe.
        with messages, contextlib.suppress(OSError, EOFError):
            while (said := messages.recv()) is not None:
                number, message = said
                if heard := self._heard.get(number):
                    heard.put(message)


def _hand_on(message: Event | logging.LogRecord) -> None:
    if isinstance(message, logging.LogRecord):
        logging.getLogger(message.name).handle(message)
    else:
        emit(message)


def _prepare(messages: Any, parent: int, level: int) -> None:
    """Make this process one that is called: it ends with its parent, and leaves the terminal to it."""
    global _told
    from tqdm import tqdm  # late: the parent needs none of it

    _told = messages
    # tqdm's own lock, between processes, would be left behind by this one's end, and Python would warn of it.
    tqdm.set_lock(threading.RLock())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this process
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    logging.getLogger(_LIBRARY).setLevel(level)
    for name in ("stdout", "stderr"):
        setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  # as long as the process


def _end_with(parent: int) -> NoReturn:
    while os.getppid() == parent:
        time.sleep(_WATCHED_EVERY)
    os._exit(1)


def _called(
    number: int, function: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[T | None, BaseException | None]:
    """What a function returns, or has raised: it is told apart from a fault of the process."""

    def say(message: Message) -> None:
        with _telling:
            _told.send((number, message))

    try:
        with listening(say), _log_to(say):
            return function(*args, **kwargs), None
    except Exception as error:  # noqa: BLE001  # raised where it was called from
        return None, _that_travels(error)
    finally:
        say(None)


@contextlib.contextmanager
def _log_to(say: Callable[[Message], None]) -> Iterator[None]:
    class Handler(logging.handlers.QueueHandler):
        def enqueue(self, record: logging.LogRecord) -> None:
            say(record)

    handler, log = Handler(SimpleQueue()), logging.getLogger(_LIBRARY)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


def _that_travels(error: Exception) -> Exception:
    """An error as it can be sent: itself, or its words where it cannot be put together again."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
    except Exception:  # noqa: BLE001  # whatever its class demands
        return TopicloomError(f"{type(error).__name__}: {error}")
    return error
