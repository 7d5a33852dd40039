"""Whether anybody answers at the address of a cluster: asked before a run computes, without the cluster's library."""

from __future__ import annotations

import socket
from typing import Final
from urllib.parse import urlsplit

from topicloom.engine.stated import does_not_answer, stated_engine

_PATIENCE: Final = 10  # seconds


def require_answer() -> None:
    """See that something listens where $TOPICLOOM_ENGINE says that a cluster is; nothing where it names no address.

    Whether the cluster has workers is seen when the first piece of work is sent.

    Raises:
        EngineError: The variable is wrong, or nothing listens there.

    Example:
        >>> require_answer()
    """
    stated = stated_engine()
    if not stated.address:
        return
    try:
        where = urlsplit(stated.address)
        socket.create_connection((where.hostname or "", where.port or 0), timeout=_PATIENCE).close()
    except (OSError, ValueError) as error:
        raise does_not_answer(stated, error) from error
