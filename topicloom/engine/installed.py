"""What a worker has installed must be what this machine has: another version may compute otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from platform import node
from typing import Any, Final, TypeVar

from topicloom.engine.stated import EngineError

_COUNT: Final = (
    *("topicloom", "numpy", "scipy", "scikit-learn", "numba", "umap-learn", "pynndescent", "hdbscan"),
    *("torch", "transformers", "sentence-transformers"),
)
Given = TypeVar("Given")
Found = TypeVar("Found")


@cache
def versions_here() -> Mapping[str, str]:
    """The versions of the libraries that decide a piece's result, of those that are installed.

    Example:
        >>> "numpy" in versions_here()
        True
    """
    found = {}
    for name in _COUNT:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def on_worker(wanted: Mapping[str, str], work: Callable[[Any, Given], Found], shared: Any, piece: Given) -> Found:
    """Do a piece of work here, where the same is installed as where it was sent from.

    Args:
        wanted: The versions there.
        work: What is done.
        shared: What it takes for every piece.
        piece: What it is done for.

    Returns:
        What the work returns.

    Raises:
        EngineError: Another version of a library is installed here.

    Example:
        >>> on_worker(versions_here(), max, 1, 2)
        2
    """
    found = versions_here()
    others = [
        f"{name} {found.get(name, 'not installed')} instead of {number}"
        for name, number in wanted.items()
        if found.get(name) != number
    ]
    if others:
        raise EngineError(
            f"A worker on {node()} has {', '.join(others)}, and could find other results.\n"
            "  Install on all workers what requirements.lock lists."
        )
    return work(shared, piece)
