"""The names that pickles of arrays and of identifiers hold, by the versions of numpy, pandas and pyarrow since 2020."""

from __future__ import annotations

from typing import Any, Final

from topicloom.inputs.pickled.machine import Call

Names = frozenset[tuple[str, str]]


def _spelled(modules: tuple[str, ...], *names: str) -> Names:
    return frozenset((module, name) for module in modules for name in names)


_BUILTINS: Final = ("builtins", "__builtin__")  # the latter in protocols 0 to 2

RECONSTRUCT: Final = _spelled(("numpy.core.multiarray", "numpy._core.multiarray"), "_reconstruct")
FROM_BUFFER: Final = _spelled(("numpy.core.numeric", "numpy._core.numeric"), "_frombuffer")
SCALAR: Final = _spelled(("numpy.core.multiarray", "numpy._core.multiarray"), "scalar")
DTYPE: Final = _spelled(("numpy",), "dtype")
ENCODE: Final = _spelled(("_codecs",), "encode")
BYTEARRAY: Final = _spelled(_BUILTINS, "bytearray")
SERIES: Final = _spelled(("pandas.core.series", "pandas"), "Series")
MANAGER: Final = _spelled(("pandas.core.internals.managers",), "SingleBlockManager")
NEW_INDEX: Final = _spelled(("pandas.core.indexes.base",), "_new_Index")
RANGE: Final = _spelled(("pandas.core.indexes.range", "pandas"), "RangeIndex")
INDEX: Final = _spelled(("pandas.core.indexes.base", "pandas"), "Index") | _spelled(
    ("pandas.core.indexes.numeric",), "Int64Index", "UInt64Index"
)
BACKED: Final = _spelled(("pandas._libs.arrays",), "__pyx_unpickle_NDArrayBacked")
STRINGS: Final = _spelled(("pandas.core.arrays.string_", "pandas.arrays"), "StringArray", "StringArrayNumpySemantics")
ARROW_STRINGS: Final = _spelled(
    ("pandas.core.arrays.string_arrow", "pandas.core.arrays.arrow.array", "pandas.arrays"),
    *("ArrowStringArray", "ArrowStringArrayNumpySemantics", "ArrowExtensionArray"),
)
ARROW_ARRAY: Final = _spelled(("pyarrow.lib",), "_restore_array")
ARROW_BUFFER: Final = _spelled(("pyarrow.lib",), "py_buffer")
ARROW_TYPE: Final = _spelled(("pyarrow.lib",), "type_for_alias")
MISSING: Final = _spelled(("pandas._libs.missing", "pandas"), "NA")
_BESIDE: Final = (  # stands beside the values; they are read without it
    _spelled(_BUILTINS, "object", "slice")
    | _spelled(("copyreg", "copy_reg"), "_reconstructor")
    | _spelled(("numpy",), "ndarray")
    | _spelled(("pandas._libs.internals",), "_unpickle_block")
    | _spelled(("pandas.core.arrays.string_", "pandas"), "StringDtype")
    | _spelled(("pandas.core.dtypes.dtypes", "pandas"), "ArrowDtype")
)
ADMITTED: Final = frozenset[tuple[str, str]]().union(
    *(RECONSTRUCT, FROM_BUFFER, SCALAR, DTYPE, ENCODE, BYTEARRAY, SERIES, MANAGER, NEW_INDEX, RANGE, INDEX, BACKED),
    *(STRINGS, ARROW_STRINGS, ARROW_ARRAY, ARROW_BUFFER, ARROW_TYPE, MISSING, _BESIDE),
)


def calls(found: Any, names: Names, arguments: int = 0) -> bool:
    """Whether `found` is a call of one of `names`, with at least so many arguments."""
    return (
        isinstance(found, Call)
        and (found.function.module, found.function.name) in names
        and len(found.arguments) >= arguments
    )
