"""Whether compiled code is kept for this processor, these libraries and the places where they lie.

numba finds code by all three. So a folder that is full of code may hold none for this environment: one that was copied
from another machine, or is shared by two installations.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from topicloom import __version__
from topicloom.errors import TopicloomError
from topicloom.machine.compiled import LIBRARIES, cache_folder
from topicloom.store.files import digest_file, digest_json, write_json

_PACKAGE = Path(__file__).resolve().parents[1]
_COMPILED = (".nbi", ".nbc")  # numba's files: an index for each function, and code for each form of it


class CompiledCodeError(TopicloomError):
    """Compiled code cannot be made or kept."""


def is_warm() -> bool:
    """Whether all that a run needs is compiled for this processor and these libraries, and still there."""
    folder = cache_folder()
    try:
        record = json.loads(_record(folder).read_text(encoding="utf-8"))
        return all((folder / name).is_file() for name in record["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def say_warm(folder: Path, pieces: Iterable[str]) -> None:
    """Write down that all pieces are compiled, and the files that hold them."""
    files = sorted(
        str(path.relative_to(folder)) for path in folder.glob("*/*") if path.suffix in _COMPILED and path.is_file()
    )
    write_json(_record(folder), {"made for": _circumstances(), "pieces": list(pieces), "files": files})


def require_room(folder: Path) -> None:
    """Raise CompiledCodeError where a folder cannot be written to; numba would keep nothing, and say nothing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CompiledCodeError(
            f"{folder}: compiled code cannot be kept there: {error.strerror or error}.\n"
            "  Let NUMBA_CACHE_DIR name a folder that you can write to, or unset it for one of topicloom's own."
        ) from None


def _record(folder: Path) -> Path:
    return folder / f"warm-{digest_json(_circumstances())[:16]}.json"


def _circumstances() -> dict[str, Any]:
    """All that decides which code numba looks for, and where."""
    loops = sorted(_PACKAGE.glob("*/*kernels.py"))
    how = [_PACKAGE / "machine" / name for name in ("by_numpy.py", "compiled.py", "declared.py", "jit.py")]
    return {
        "topicloom": __version__,
        "python": sys.version,
        "libraries": {name: version(name) for name in LIBRARIES},
        "places": [str(_PACKAGE), *(_place(name) for name in ("umap", "pynndescent"))],
        "sources": [digest_file(path) for path in (*loops, *how, Path(__file__).with_name("pieces.py"))],
        "processor": _processor(),
    }


def _place(package: str) -> str:
    spec = find_spec(package)  # imports nothing
    return str(spec.origin) if spec else ""


def _processor() -> list[str]:
    """The processor as numba names it in its indexes."""
    from llvmlite import binding

    return [
        os.environ.get("NUMBA_CPU_NAME") or binding.get_host_cpu_name(),
        os.environ.get("NUMBA_CPU_FEATURES") or binding.get_host_cpu_features().flatten(),
    ]
