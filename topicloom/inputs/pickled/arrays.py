"""numpy arrays and scalars out of their descriptions: type, shape and bytes must agree first."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from topicloom.inputs.pickled.machine import BrokenError
from topicloom.inputs.pickled.names import BYTEARRAY, DTYPE, ENCODE, FROM_BUFFER, RECONSTRUCT, SCALAR, calls

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NUMBER: Final = re.compile(r"f2|f4|f8|f16|[iu][1248]|b1")
_TEXT: Final = re.compile(r"[US]\d{1,6}")
_OBJECT: Final = re.compile(r"O\d?")
_BYTE_ORDERS: Final = ("<", ">", "=", "|")
_LONGEST_AXIS: Final = 2**40
_MOST_AXES: Final = 32


@dataclass(frozen=True)
class Element:
    """The type of an array's elements. code: as numpy writes it, without the byte order: f4, i8, U12, O8."""

    code: str
    byte_order: str

    @property
    def is_number(self) -> bool:
        """Whether it is a float, an integer or a truth value."""
        return _NUMBER.fullmatch(self.code) is not None

    @property
    def is_text(self) -> bool:
        """Whether it is a text of a fixed length."""
        return _TEXT.fullmatch(self.code) is not None

    @property
    def is_object(self) -> bool:
        """Whether the array holds Python's objects."""
        return _OBJECT.fullmatch(self.code) is not None

    @property
    def told(self) -> str:
        """What the elements are, for a message."""
        return "objects" if self.is_object else "texts" if self.is_text else self.code[:40]

    @property
    def dtype(self) -> np.dtype[Any]:
        """numpy's own, of a number or a text."""
        if not (self.is_number or self.is_text):
            raise BrokenError(f"elements of the type {self.code[:40]!r} have no bytes of their own")
        return _dtype(self.byte_order + self.code)


@functools.lru_cache(maxsize=64)
def _dtype(name: str) -> np.dtype[Any]:
    import numpy as np

    return np.dtype(name)


@dataclass(frozen=True)
class Array:
    """An array as a pickle describes it. order: C or F. content: its raw bytes, or the list of its objects."""

    element: Element
    shape: tuple[int, ...]
    order: str
    content: Any

    def numbers(self) -> NDArray[Any]:
        """The array, of numbers in this machine's byte order; it shares the bytes of the pickle.

        Raises BrokenError when type, shape and bytes do not fit each other.
        """
        import numpy as np

        dtype, raw = self.element.dtype, raw_bytes(self.content)
        self._require_length(len(raw), dtype.itemsize)
        flat = np.frombuffer(raw, dtype) if raw else np.zeros(0, dtype)
        ordered = flat.reshape(self.shape, order="F" if self.order == "F" else "C")
        return ordered.astype(dtype.newbyteorder("="), copy=False)

    def elements(self) -> Sequence[Any]:
        """The elements of an array of one dimension: plain values, or descriptions of objects.

        Raises BrokenError when type, shape and content do not fit each other.
        """
        if self.element.is_object:
            if not isinstance(self.content, list) or self.shape != (len(self.content),):
                raise BrokenError("an array of objects in it has another shape than objects")
            return self.content
        if self.element.is_text:
            return self._fixed_texts()
        return list(self.numbers())

    def _fixed_texts(self) -> Sequence[Any]:
        import numpy as np

        dtype, raw = self.element.dtype, raw_bytes(self.content)
        self._require_length(len(raw), dtype.itemsize)
        if not dtype.itemsize:
            raise BrokenError("an array in it has texts of no length")
        return np.frombuffer(raw, dtype).tolist() if raw else []

    def _require_length(self, found: int, itemsize: int) -> None:
        if math.prod(self.shape) * itemsize != found:
            raise BrokenError(f"an array in it has {found} bytes, which its shape and its type do not add up to")


def array_of(found: Any) -> Array | None:
    """The array that `found` describes, in either form that numpy pickles one in; None where it describes none.

    Raises BrokenError when its parts are not those of an array.
    """
    if calls(found, RECONSTRUCT):
        state = found.state
        if not isinstance(state, tuple) or len(state) != 5:
            raise BrokenError("an array in it has no content")
        _, shape, element, is_fortran, content = state
        return Array(_element(element), _shape(shape), "F" if is_fortran is True else "C", content)
    if calls(found, FROM_BUFFER):
        if len(found.arguments) != 4:
            raise BrokenError("an array in it has no content")
        content, element, shape, order = found.arguments
        return Array(_element(element), _shape(shape), "F" if isinstance(order, str) and order == "F" else "C", content)
    return None


class Scalars:
    """Reads numpy scalars; bytes that many of them share are read once, so that sharing cannot cost time."""

    def __init__(self) -> None:
        self._read: dict[tuple[int, Element], Any] = {}

    def value_of(self, found: Any) -> Any:
        """The value of the numpy scalar that `found` describes; `found` itself where it describes none.

        Raises BrokenError when its type and its bytes do not fit each other.
        """
        if not calls(found, SCALAR):
            return found
        if len(found.arguments) != 2:
            raise BrokenError("a value in it has no content")
        element, content = _element(found.arguments[0]), found.arguments[1]
        key = id(content), element
        if key not in self._read:
            self._read[key] = Array(element, (1,), "C", content).elements()[0]
        return self._read[key]


def raw_bytes(found: Any) -> bytes | bytearray:
    """The bytes that `found` is, or that it describes as protocols 0 to 4 do.

    Raises BrokenError when it describes none.
    """
    if calls(found, BYTEARRAY, arguments=1):
        found = found.arguments[0]
    if calls(found, ENCODE, arguments=1) and isinstance(found.arguments[0], str):
        return found.arguments[0].encode("latin-1")
    if not isinstance(found, bytes | bytearray):
        raise BrokenError("there is something else where bytes belong")
    return found


def _element(found: Any) -> Element:
    if not calls(found, DTYPE, arguments=1):
        raise BrokenError("an array in it has no type")
    code, state = found.arguments[0], found.state
    if not isinstance(code, str):
        raise BrokenError("the type of an array in it is no text")
    if state is None:
        return Element(code, "=")
    if not isinstance(state, tuple) or len(state) < 5 or any(part is not None for part in state[2:5]):
        raise BrokenError("the type of an array in it has parts")
    byte_order = state[1]
    if not isinstance(byte_order, str) or byte_order not in _BYTE_ORDERS:
        raise BrokenError("the type of an array in it has no order of bytes")
    return Element(code, byte_order)


def _shape(found: Any) -> tuple[int, ...]:
    if not isinstance(found, tuple) or len(found) > _MOST_AXES:
        raise BrokenError("an array in it has no shape")
    if not all(type(axis) is int and 0 <= axis <= _LONGEST_AXIS for axis in found):
        raise BrokenError("an array in it has a shape that holds something besides lengths")
    return found
