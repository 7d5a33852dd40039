"""Names of other modules that are replaced for a while, by any number of threads at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from threading import Lock


class Replacement:
    """What a block replaces in another module. Blocks may lie beside each other in threads, and within each other.

    Args:
        replace: Replaces it, and returns what puts it back. The first block calls it; after the last one all is as it
            was.

    Example:
        >>> from types import SimpleNamespace
        >>> module = SimpleNamespace(name="theirs")
        >>> def replace():
        ...     module.name = "ours"
        ...     return lambda: setattr(module, "name", "theirs")
        >>> with Replacement(replace).block():
        ...     module.name
        'ours'
        >>> module.name
        'theirs'
    """

    def __init__(self, replace: Callable[[], Callable[[], None]]) -> None:
        self._replace = replace
        self._lock, self._within = Lock(), 0
        self._put_back: Callable[[], None] = lambda: None

    @contextlib.contextmanager
    def block(self) -> Iterator[None]:
        """Within the block it is replaced."""
        with self._lock:
            if not self._within:
                self._put_back = self._replace()
            self._within += 1
        try:
            yield
        finally:
            with self._lock:
                self._within -= 1
                if not self._within:
                    self._put_back()
