"""Which faults of a stage are tried again, and when."""

from __future__ import annotations

from concurrent.futures.process import BrokenProcessPool
from typing import Final

from topicloom.errors import ModelUnavailableError, TopicloomError
from topicloom.store.disk import may_pass

RETRY_SECONDS: Final = (2, 10)  # before the second and the third try


def may_succeed_later(error: BaseException) -> bool:
    """Whether a fault may be gone at the next try: bad input never is, a fault of disk or memory may be.

    Args:
        error: What a stage has raised.

    Returns:
        True where the stage is to be tried again.

    Example:
        >>> may_succeed_later(MemoryError()), may_succeed_later(TopicloomError("no such column"))
        (True, False)
    """
    if isinstance(error, TopicloomError):
        return isinstance(error, ModelUnavailableError) or may_pass(error.__cause__)
    return isinstance(error, (OSError, MemoryError, BrokenProcessPool))
