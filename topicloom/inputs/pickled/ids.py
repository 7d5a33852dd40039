"""Identifiers out of the descriptions of lists, arrays, and of pandas' Series and Index of each generation."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any, Final

from topicloom.inputs.pickled import names
from topicloom.inputs.pickled.arrays import Scalars, array_of, raw_bytes
from topicloom.inputs.pickled.machine import BrokenError, Call, Name, Pairs, Unread
from topicloom.inputs.pickled.names import calls

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BOXES: Final = 6  # a Series holds a manager, which holds a box of strings, which holds an array
_LARGEST_NUMBER: Final = 128  # bits
_BYTES_OF_AN_OFFSET: Final = {"string": 4, "utf8": 4, "str": 4, "large_string": 8, "large_utf8": 8}


class UnfitError(Exception):
    """The pickle is whole, and holds something else than was asked for. Its text: what it holds instead."""


def kind_of(found: Any) -> str:
    """What `found` is or describes, for a message."""
    if isinstance(found, Unread):
        return found.kind
    if isinstance(found, Pairs):
        return "dict"
    if isinstance(found, Call):
        array = array_of(found)
        return "Series" if calls(found, names.SERIES) else "numpy array" if array else found.function.name
    return "name of a class" if isinstance(found, Name) else type(found).__name__


def ids_of(found: Any, most: int) -> list[str]:
    """The identifiers that `found` describes, as texts in its order.

    most: how many there can be at most; a range of numbers, which takes no room in a file, is not spelled out beyond.
    Raises UnfitError when it is no list, tuple, array, Index or Series of texts or numbers, one each; and BrokenError
    when its parts do not fit each other.
    """
    for _ in range(_BOXES):
        if isinstance(found, list | tuple):
            return _texts(found)
        array = array_of(found)
        if array is not None:
            if len(array.shape) != 1:
                raise UnfitError(f"an array of {len(array.shape)} dimensions")
            return _texts(array.elements())
        if calls(found, names.ARROW_ARRAY, arguments=1):
            return _texts(_arrow_texts(found.arguments[0]))
        numbers = _range_of(found)
        if numbers is not None:
            if len(numbers) > most:
                raise BrokenError("a range in it is longer than it can be")
            return _texts(numbers)
        found = _inside(found)
    raise BrokenError("a Series in it holds itself")


def _inside(found: Any) -> Any:
    """What a Series, an Index or a box of strings holds its values in."""
    if calls(found, names.SERIES):
        return _entry(found.state, "_mgr", "_data")
    if calls(found, names.MANAGER):
        return _first_block(found.state)
    if _is_index(found):
        return _entry(found.arguments[1], "data")
    if calls(found, names.STRINGS):
        return _entry(found.state, "_ndarray")
    if calls(found, names.ARROW_STRINGS):
        return _entry(found.state, "_pa_array", "_data")
    if calls(found, names.BACKED, arguments=3) and _is_name(found.arguments[0], names.STRINGS):
        state = found.arguments[2] if found.state is None else found.state
        return _array_among(state)
    raise UnfitError(f"a {kind_of(found)}")


def _entry(state: Any, *keys: str) -> Any:
    """The entry of a state under the first of `keys` that it has."""
    found = [state.get(key) for key in keys] if isinstance(state, Pairs) else []
    return next((value for value in found if value is not None), Unread("Series without values"))


def _first_block(state: Any) -> Any:
    """The values of a Series's one block: (axes, [values], ...)."""
    if isinstance(state, tuple) and len(state) > 1 and isinstance(state[1], list) and len(state[1]) == 1:
        return state[1][0]
    raise BrokenError("a Series in it has no block of values")


def _array_among(state: Any) -> Any:
    parts = state if isinstance(state, tuple) else ()
    return next((part for part in parts if array_of(part) is not None), Unread("Series without values"))


def _is_name(found: Any, wanted: names.Names) -> bool:
    return isinstance(found, Name) and (found.module, found.name) in wanted


def _is_index(found: Any, of: names.Names = names.INDEX) -> bool:
    return calls(found, names.NEW_INDEX, arguments=2) and _is_name(found.arguments[0], of)


def _range_of(found: Any) -> range | None:
    if not _is_index(found, names.RANGE):
        return None
    state = found.arguments[1]
    ends = [state.get(key) for key in ("start", "stop", "step")] if isinstance(state, Pairs) else []
    if not (ends and all(type(end) is int and abs(end) < 2**62 for end in ends) and ends[2]):
        raise BrokenError("a range in it has no ends")
    return range(*ends)


def _texts(found: Any) -> list[str]:
    scalars = Scalars()
    return [_text(scalars.value_of(item), row) for row, item in enumerate(found)]


def _text(value: Any, row: int) -> str:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes | bytearray):
        return value.decode("utf-8")
    if value is None or _is_name(value, names.MISSING) or (isinstance(value, float) and math.isnan(value)):
        raise UnfitError(f"no identifier in row {row}")
    if isinstance(value, int) and value.bit_length() > _LARGEST_NUMBER:
        raise UnfitError(f"a number of {value.bit_length()} bits in row {row}")
    if isinstance(value, list | tuple | Pairs | Call | Name | Unread):
        raise UnfitError(f"a {kind_of(value)} in row {row}")
    return str(value)


def _arrow_texts(described: Any) -> list[str]:
    """The texts of an Arrow array: (type, length, nulls, offset, [which are there, where each begins, texts], ...).

    Source: the Arrow columnar format, variable-size binary layout.
    """
    if not isinstance(described, tuple) or len(described) < 5:
        raise BrokenError("an Arrow array in it has no content")
    kind, length, _, first, buffers = described[:5]
    width = _width_of_offsets(kind)
    if not all(type(number) is int and 0 <= number < 2**40 for number in (length, first)):
        raise BrokenError("an Arrow array in it has no length")
    if not isinstance(buffers, list) or len(buffers) != 3:
        raise BrokenError("an Arrow array in it has no texts")
    present, offsets, texts = (None if buffer is None else _buffer(buffer) for buffer in buffers)
    _require_present(present, first, length)
    return _cut(texts or b"", _offsets(offsets or b"", width, first, length))


def _width_of_offsets(kind: Any) -> int:
    name = kind.arguments[0] if calls(kind, names.ARROW_TYPE, arguments=1) else None
    if not isinstance(name, str) or name not in _BYTES_OF_AN_OFFSET:
        raise UnfitError(f"an Arrow array of {name[:40] if isinstance(name, str) else 'something else than texts'}")
    return _BYTES_OF_AN_OFFSET[name]


def _buffer(found: Any) -> bytes | bytearray:
    if not calls(found, names.ARROW_BUFFER, arguments=1):
        raise BrokenError("an Arrow array in it has no bytes")
    return raw_bytes(found.arguments[0])


def _require_present(present: bytes | bytearray | None, first: int, length: int) -> None:
    import numpy as np

    if present is None:
        return
    if first + length > 8 * len(present):
        raise BrokenError("an Arrow array in it is shorter than it says")
    bits = np.unpackbits(np.frombuffer(present, np.uint8), bitorder="little")[first : first + length]
    missing = np.flatnonzero(bits == 0)
    if len(missing):
        raise UnfitError(f"no identifier in row {missing[0]}")


def _offsets(raw: bytes | bytearray, width: int, first: int, length: int) -> NDArray[np.int64]:
    import numpy as np

    if not length:
        return np.zeros(1, np.int64)
    if (first + length + 1) * width > len(raw):
        raise BrokenError("an Arrow array in it is shorter than it says")
    offsets = np.frombuffer(raw, f"<i{width}", length + 1, first * width).astype(np.int64)
    if offsets[0] < 0 or (np.diff(offsets) < 0).any():
        raise BrokenError("the texts of an Arrow array in it overlap")
    return offsets


def _cut(texts: bytes | bytearray, offsets: NDArray[np.int64]) -> list[str]:
    if offsets[-1] > len(texts):
        raise BrokenError("an Arrow array in it is shorter than it says")
    ends = offsets.tolist()
    return [texts[start:end].decode("utf-8") for start, end in itertools.pairwise(ends)]
