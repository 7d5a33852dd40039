"""Whether a Prefect server answers."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable


def await_server(url: str, seconds: float, hopeful: Callable[[], bool] = lambda: True) -> bool:
    """Wait until a server answers at an API's URL, as long as `hopeful` says so; whether it does."""
    deadline = time.monotonic() + seconds
    while not is_healthy(url):
        if not hopeful() or time.monotonic() > deadline:
            return False
        time.sleep(0.3)
    return True


def is_healthy(url: str) -> bool:
    """Whether a server answers at an API's URL."""
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=2) as answer:  # noqa: S310  # our own http URL
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
