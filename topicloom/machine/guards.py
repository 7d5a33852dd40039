"""Insides of other libraries that make topicloom fast: looked at before use, and done without where they moved.

A library may rename what it does not promise to keep. Whoever uses such an inside asks here first; where the answer is
no, the library's public way gives the same result, later. One line says so, once in a process.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

logger = logging.getLogger(__name__)


@functools.cache
def tell_slower(library: str, finding: str, instead: str) -> None:
    """Say that an inside of a library is not as it was; once for each finding in a process.

    Args:
        library: Its name on PyPI.
        finding: What is not as it was, such as "has no pynndescent_.nn_descent".
        instead: What is done instead.

    Example:
        >>> tell_slower("numpy", "has no function f", "It is done without.")
    """
    try:
        which = f"{library} {version(library)}"
    except PackageNotFoundError:
        which = library
    logger.warning("%s %s; topicloom was not written for this version. %s", which, finding, instead)


def holds(check: Callable[[], bool]) -> bool:
    """Whether a check of a library's insides says yes; a check that raises says no.

    Args:
        check: Uses the inside on a few numbers, and says whether the result is right.

    Returns:
        Whether the inside can be used.

    Example:
        >>> holds(lambda: True), holds(lambda: [][0])
        (True, False)
    """
    try:
        return bool(check())
    except Exception:  # noqa: BLE001  # whatever a changed inside raises, it cannot be used
        return False


def takes(function: Callable[..., Any] | None, *names: str) -> bool:
    """Whether a function takes parameters of these names, in this order and from the first on.

    Args:
        function: Any callable; of None, or of one that tells no signature, the answer is no.
        names: The parameters that will be given by position.

    Returns:
        Whether a call by position means what it meant.

    Example:
        >>> takes(lambda a, b, c: 0, "a", "b"), takes(lambda b, a: 0, "a", "b")
        (True, False)
    """
    try:
        found = list(inspect.signature(function).parameters)  # type: ignore[arg-type]  # of None it raises TypeError
    except (TypeError, ValueError):
        return False
    return tuple(found[: len(names)]) == names
