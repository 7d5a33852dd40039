"""Compiled code of numba libraries, kept on disk: compiled once per machine, not once per run.

umap and pynndescent leave numba's cache off. The kept code lies in a folder of its own for each set of versions, so
an upgrade never meets code of another version; numba writes it to a temporary file and renames it, so that
concurrent first runs cannot meet half of it.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

_LIBRARIES = ("numba", "llvmlite", "umap-learn", "pynndescent")


def cache_folder() -> Path:
    """Where compiled code is kept: $NUMBA_CACHE_DIR, else a folder for these versions in the user's cache.

    Where the user's cache cannot be written to it is a folder of the user's in the system's temporary folder.
    """
    stated = os.environ.get("NUMBA_CACHE_DIR")
    if stated:
        return Path(stated)
    versions = ",".join(f"{name} {version(name)}" for name in _LIBRARIES) + sys.version
    name = hashlib.sha256(versions.encode()).hexdigest()[:16]
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    for base in (home / "topicloom", Path(tempfile.gettempdir()) / f"topicloom-{os.getuid()}"):
        folder = base / "numba" / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    return Path(tempfile.mkdtemp(prefix="topicloom-numba-"))


def import_umap() -> ModuleType:
    """Import umap with its compiled code, and that of pynndescent, kept on disk."""
    folder = str(cache_folder())
    os.environ.setdefault("NUMBA_CACHE_DIR", folder)
    import numba

    numba.config.CACHE_DIR = os.environ["NUMBA_CACHE_DIR"]  # type: ignore[attr-defined]
    import umap

    for dispatcher in _dispatchers():
        # What has been compiled in this process already is left as it is.
        if not dispatcher.signatures:
            dispatcher.enable_caching()
    module: ModuleType = umap
    return module


def _dispatchers() -> Iterator[Any]:
    from numba.core.dispatcher import Dispatcher

    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("umap", "pynndescent") and module is not None:
            for value in vars(module).values():
                if isinstance(value, Dispatcher) and value.py_func.__module__ == name:
                    yield value
