"""Numbers that environment variables state."""

from __future__ import annotations

import os
from collections.abc import Callable

from topicloom.errors import Problem
from topicloom.remote.address import AddressError


def stated_number(variable: str, otherwise: float, is_allowed: Callable[[float], bool], allowed: str) -> float:
    """The number that an environment variable states.

    Args:
        variable: Its name.
        otherwise: The number where it is not set, or empty.
        is_allowed: Tells the numbers that are allowed.
        allowed: Says which these are, such as "a number of seconds from 1 to 3600".

    Raises:
        AddressError: It states another, or none.

    Example:
        >>> stated_number("TOPICLOOM_NOT_SET", 60.0, lambda seconds: seconds > 0, "a number of seconds above 0")
        60.0
    """
    stated = os.environ.get(variable, "")
    try:
        number = float(stated or otherwise)
    except ValueError:
        number = float("nan")
    if not is_allowed(number):
        raise AddressError(f"{variable}={stated}", Problem(f"It must be {allowed}.", "Correct it, or unset it."))
    return number
