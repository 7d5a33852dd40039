"""Opening the group's embeddings.pck without running code that a pickle may carry."""

from __future__ import annotations

import importlib
import pickle
from pathlib import Path
from typing import IO, Any

from topicloom.errors import EmbeddingsError, Problem

# What arrays and Series of identifiers are pickled with, by the versions of numpy and pandas since 2020.
# Each of these only builds a value. Both spellings of numpy's core stand: files of numpy 1 and 2 are read alike.
_NUMPY = {
    (f"numpy.{core}.{module}", name)
    for core in ("core", "_core")
    for module, name in (("multiarray", "_reconstruct"), ("multiarray", "scalar"), ("numeric", "_frombuffer"))
}
_ADMITTED = _NUMPY | {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("pandas.core.series", "Series"),
    ("pandas.core.indexes.base", "Index"),
    ("pandas.core.indexes.base", "_new_Index"),
    ("pandas.core.indexes.range", "RangeIndex"),
    ("pandas.core.internals.managers", "SingleBlockManager"),
    ("pandas._libs.internals", "_unpickle_block"),
    ("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked"),
    ("pandas.core.arrays.string_", "StringArray"),
    ("pandas.core.arrays.string_", "StringDtype"),
    ("pandas._libs.missing", "NA"),
    ("builtins", "slice"),
    ("_codecs", "encode"),
}
# pandas 2 merged the numeric indexes into Index; protocol 2 has Python 2's name of the builtins.
_RENAMED = {
    ("__builtin__", "slice"): ("builtins", "slice"),
    ("pandas.core.indexes.numeric", "Int64Index"): ("pandas.core.indexes.base", "Index"),
    ("pandas.core.indexes.numeric", "UInt64Index"): ("pandas.core.indexes.base", "Index"),
}


class _RefusedError(Exception):
    """A pickle asked for a name that is not admitted."""


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        module, name = _RENAMED.get((module, name), (module, name))
        if (module, name) not in _ADMITTED:
            raise _RefusedError(f"{module}.{name}")
        return getattr(importlib.import_module(module), name)


def load_array_pickle(path: Path) -> Any:
    """Unpickle a file that may hold arrays, Series, dicts, lists and plain values, and nothing else.

    Any other name that the pickle asks for is refused before it is looked up, so nothing of it runs.
    Raises EmbeddingsError when something is refused or the file is no whole pickle.
    """
    try:
        with path.open("rb") as file:
            return _unpickle(file)
    except _RefusedError as error:
        raise EmbeddingsError(
            path,
            Problem(
                f"It was refused and not run: it asks for {error}, and only arrays and pandas Series are admitted.",
                "Ask where the file comes from; save the vectors again with numpy.save as embeddings.npy.",
            ),
        ) from error
    except OSError as error:
        raise EmbeddingsError(
            path, Problem(f"It cannot be read: {error.strerror}.", "Give yourself the right to read it.")
        ) from error
    except Exception as error:
        raise EmbeddingsError(
            path,
            Problem(
                f"It is no whole pickle ({type(error).__name__}: {error}).",
                "Copy it again, or save the vectors again as embeddings.npy.",
            ),
        ) from error


def _unpickle(file: IO[bytes]) -> Any:
    return _ArrayUnpickler(file).load()
