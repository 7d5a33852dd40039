"""A lease: of all workers, on whatever machine, one holds it. Whoever dies loses it by and by.

It is one object, which is only ever changed under the condition that it is still as it was read. While it is held it is
renewed; whether it is over is told by the store's clock, so that no machine's clock matters.

A lease saves work, and is no proof: a machine that sleeps loses it without a word. So whatever is made current under a
lease is made current by a put under a condition too.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import platform
import secrets
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from topicloom.errors import TopicloomError
from topicloom.remote.objects import Found, Objects
from topicloom.remote.variables import stated_number

logger = logging.getLogger(__name__)

SECONDS: Final = "TOPICLOOM_LEASE_SECONDS"
_LIFE: Final = 60.0  # seconds without renewal after which a lease is over
_TAKEN: Final = "taken"


class Lease:
    """The right to do one thing alone, among all workers of a project.

    Args:
        objects: Where leases lie.
        name: Of this one.

    Example:
        >>> from topicloom.remote.address import address_of
        >>> objects = Objects(address_of("memory://example/leases"))
        >>> with Lease(objects, "turn").held("waiting"):
        ...     Lease(objects, "turn").take()
        False
    """

    def __init__(self, objects: Objects, name: str) -> None:
        self._objects = objects
        self._name = f"leases/{name}.json"
        self._etag: str | None = None
        self._holder = secrets.token_hex(8)
        self._renewals = 0
        self._over = threading.Event()
        self._lost = False
        self._renewing: threading.Thread | None = None

    @contextlib.contextmanager
    def held(self, waiting: str) -> Iterator[None]:
        """Hold the lease within the block. waiting: is logged where another worker holds it."""
        pause, said = 0.2, False
        while not self.take():
            if not said:
                logger.warning("%s", waiting)
                said = True
            time.sleep(pause)
            pause = min(pause * 1.5, life() / 4, 5.0)
        try:
            yield
        finally:
            self.give_back()

    def take(self) -> bool:
        """Take the lease, if nobody holds it or its holder has let it run out; whether it is ours now."""
        found = self._objects.get(self._name)
        if found is None:
            self._etag = self._objects.create(self._name, self._content())
        elif not self._is_held(found):
            self._etag = self._objects.replace(self._name, self._content(), found.etag)
        if self._etag is None:
            return False
        self._lost = False
        self._over.clear()
        self._renewing = threading.Thread(target=self._renew, name=f"lease {self._name}", daemon=True)
        self._renewing.start()
        return True

    def give_back(self) -> None:
        """Let others take it. Where the store does not answer it is over by itself later."""
        self._over.set()
        if self._renewing is not None:
            self._renewing.join()
        if self._etag is not None and not self._lost:
            with contextlib.suppress(TopicloomError):
                self._objects.replace(self._name, b"{}", self._etag)
        self._etag = None

    def end(self) -> None:
        """Give it back for good: of a lease that nobody else waits for nothing stays."""
        self.give_back()
        with contextlib.suppress(TopicloomError):
            self._objects.delete([self._name])

    def _is_held(self, found: Found) -> bool:
        return _holder(self._objects, found) is not None

    def _renew(self) -> None:
        renewed = time.monotonic()
        while not self._over.wait(life() / 5):
            begun = time.monotonic()
            try:
                etag = self._objects.replace(self._name, self._content(), str(self._etag))
            except TopicloomError as error:
                if time.monotonic() - renewed < life():
                    continue
                logger.warning("A lease could not be renewed: %s", error)
                etag = None
            if etag is None:
                self._lost = True
                return
            self._etag, renewed = etag, begun

    def _content(self) -> bytes:
        self._renewals += 1
        note = {
            _TAKEN: life(),
            "holder": self._holder,
            "host": platform.node(),
            "process": os.getpid(),
            "renewals": self._renewals,
        }
        return json.dumps(note).encode()


def holders(objects: Objects, prefix: str) -> list[str]:
    """The machines that hold leases whose names begin so, at this moment by the store's clock."""
    names = [one.name for one in objects.listing("leases") if one.name.startswith(f"leases/{prefix}")]
    found = [one for name in names if (one := objects.get(name)) is not None]
    return [host for one in found if (host := _holder(objects, one)) is not None]


def _holder(objects: Objects, found: Found) -> str | None:
    """The machine that holds a lease; None where it was given back, or is over."""
    try:
        stated: Any = json.loads(found.content)
        seconds, host = float(stated[_TAKEN]), str(stated.get("host", "another machine"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return host if objects.now() - found.modified <= timedelta(seconds=seconds) else None


def life() -> float:
    """Seconds without renewal after which a lease is over. Raises AddressError for what is no number of them."""
    return stated_number(SECONDS, _LIFE, lambda seconds: 1 <= seconds <= 3600, "a number of seconds from 1 to 3600")
