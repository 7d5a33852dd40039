"""The stack machine of a pickle, which writes down what a pickle asks for instead of doing it.

Nothing is imported, called or hashed for a pickle: a name becomes a `Name`, a call a `Call` with its arguments, a dict
its `Pairs`. Time and memory grow with the length of the file alone, however deep its values lie in each other.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

_RECONSTRUCTOR: Final = frozenset((("copyreg", "_reconstructor"), ("copy_reg", "_reconstructor")))  # protocols 0 and 1


class RefusedError(Exception):
    """A pickle asks for something that no file of embeddings needs."""


class BrokenError(Exception):
    """The bytes are no whole pickle."""


@dataclass(frozen=True, eq=False, slots=True)
class Name:
    """A class or function that a pickle names."""

    module: str
    name: str


@dataclass(eq=False, slots=True)
class Call:
    """A call that a pickle asks for, and the state that it would set on what comes of it."""

    function: Name
    arguments: tuple[Any, ...]
    state: Any = None


@dataclass(eq=False, slots=True)
class Pairs:
    """A dict as a pickle writes it: keys and values in turn, not hashed."""

    items: list[Any]

    def get(self, key: str) -> Any:
        """The value of a key, the last one if it stands there twice; None where it is not there."""
        backwards = range(len(self.items) - 2, -1, -2)
        return next((self.items[at + 1] for at in backwards if _is_text(self.items[at], key)), None)

    @property
    def keys(self) -> list[Any]:
        """The keys, in the order of the file."""
        return self.items[::2]


@dataclass(frozen=True, eq=False, slots=True)
class Unread:
    """A value that no embeddings are made of. kind: what it is, for a message."""

    kind: str


def _is_text(found: Any, text: str) -> bool:
    return isinstance(found, str) and found == text


class Machine:
    """Runs the operations of one pickle. admitted: the (module, name) that it may name."""

    def __init__(self, admitted: Collection[tuple[str, str]]) -> None:
        self._admitted = admitted
        self._stack: list[Any] = []
        self._below: list[list[Any]] = []  # the stacks under the marks
        self._memo: dict[int, Any] = {}

    def run(self, file: Any) -> Any:
        """What a pickle describes: plain values, lists, tuples, `Pairs`, `Name`, `Call` and `Unread`.

        file: has read, readline and tell.

        Raises:
            RefusedError: it names something that is not admitted, or asks for what only another program can give.
            BrokenError: it is no whole pickle.
        """
        try:
            for operation, argument, _ in pickletools.genops(file):
                if operation.name == "STOP":
                    return self._stack.pop()
                self._step(operation.name, argument)
        except (ValueError, IndexError, OverflowError) as error:
            raise BrokenError(str(error)) from error
        raise BrokenError("it has no end")

    def _step(self, operation: str, argument: Any) -> None:
        if operation in _LITERALS:
            self._stack.append(argument)
        elif operation in _CONSTANTS:
            self._stack.append(_CONSTANTS[operation]())
        elif operation in _STEPS:
            _STEPS[operation](self, argument)
        elif operation not in _NOTHING:
            raise RefusedError(f"the operation {operation}")

    def _mark(self, _: Any) -> None:
        self._below.append(self._stack)
        self._stack = []

    def _from_mark(self) -> list[Any]:
        above, self._stack = self._stack, self._below.pop()
        return above

    def _pop(self, _: Any) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self._from_mark()

    def _put(self, index: int | None) -> None:
        place = len(self._memo) if index is None else index
        # A pickler numbers what it keeps one after another, so larger ones are made to cost memory.
        if not 0 <= place <= len(self._memo) + 1:
            raise BrokenError(f"it keeps a value as number {place:.3g} after {len(self._memo)} others")
        self._memo[place] = self._stack[-1]

    def _get(self, index: int) -> None:
        if index not in self._memo:
            raise BrokenError("it uses a value that it has not kept")
        self._stack.append(self._memo[index])

    def _named(self, module: Any, name: Any) -> None:
        if not (isinstance(module, str) and isinstance(name, str)):
            raise BrokenError("a name in it is no text")
        if (module, name) not in self._admitted:
            raise RefusedError(f"{module}.{name}")
        self._stack.append(Name(module, name))

    def _global(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self._named(module, name)

    def _stack_global(self, _: Any) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        self._named(module, name)

    def _call(self, _: Any) -> None:
        arguments, function = self._stack.pop(), self._stack.pop()
        if not (isinstance(arguments, tuple) and isinstance(function, Name)):
            raise BrokenError("it calls what is no function")
        if (function.module, function.name) in _RECONSTRUCTOR:
            if not (arguments and isinstance(arguments[0], Name)):
                raise BrokenError("it makes an object of no class")
            function, arguments = arguments[0], ()
        self._stack.append(Call(function, arguments))

    def _state(self, _: Any) -> None:
        state, made = self._stack.pop(), self._stack[-1]
        if not isinstance(made, Call) or made.state is not None:
            raise BrokenError("it sets the state of what has none")
        made.state = state

    def _extend(self, items: list[Any]) -> None:
        container = self._stack[-1]
        if not isinstance(container, list):
            raise BrokenError("it adds a value to what is no list")
        container.extend(items)

    def _enter(self, pairs: list[Any]) -> None:
        container = self._stack[-1]
        if not isinstance(container, Pairs):
            raise BrokenError("it adds an entry to what is no dict")
        container.items.extend(pairs)

    def _append(self, _: Any) -> None:
        item = self._stack.pop()
        self._extend([item])

    def _appends(self, _: Any) -> None:
        items = self._from_mark()
        self._extend(items)

    def _set_item(self, _: Any) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._enter([key, value])

    def _set_items(self, _: Any) -> None:
        items = self._from_mark()
        self._enter(_even(items))

    def _add_items(self, _: Any) -> None:
        self._from_mark()

    def _tuple_of(self, length: int) -> None:
        if len(self._stack) < length:
            raise BrokenError("it takes more values than it has given")
        self._stack[-length:] = [tuple(self._stack[-length:])]

    def _list(self, _: Any) -> None:
        items = self._from_mark()  # before the stack is asked for: this puts another in its place
        self._stack.append(items)

    def _tuple(self, _: Any) -> None:
        items = self._from_mark()
        self._stack.append(tuple(items))

    def _dict(self, _: Any) -> None:
        items = self._from_mark()
        self._stack.append(Pairs(_even(items)))

    def _frozenset(self, _: Any) -> None:
        self._from_mark()
        self._stack.append(Unread("set"))

    def _duplicate(self, _: Any) -> None:
        self._stack.append(self._stack[-1])


def _even(items: list[Any]) -> list[Any]:
    if len(items) % 2:
        raise BrokenError("a key in it has no value")
    return items


_LITERALS: Final = frozenset(
    (
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
        *("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "STRING", "BINSTRING", "SHORT_BINSTRING"),
        *("SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    )
)
_CONSTANTS: Final[dict[str, Callable[[], Any]]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "EMPTY_DICT": lambda: Pairs([]),
    "EMPTY_SET": lambda: Unread("set"),
}
_NOTHING: Final = frozenset(("PROTO", "FRAME"))
_STEPS: Final[dict[str, Callable[[Machine, Any], None]]] = {
    "MARK": Machine._mark,
    "POP": Machine._pop,
    "POP_MARK": Machine._add_items,
    "DUP": Machine._duplicate,
    "PUT": Machine._put,
    "BINPUT": Machine._put,
    "LONG_BINPUT": Machine._put,
    "MEMOIZE": Machine._put,
    "GET": Machine._get,
    "BINGET": Machine._get,
    "LONG_BINGET": Machine._get,
    "GLOBAL": Machine._global,
    "STACK_GLOBAL": Machine._stack_global,
    "REDUCE": Machine._call,
    "NEWOBJ": Machine._call,
    "BUILD": Machine._state,
    "APPEND": Machine._append,
    "APPENDS": Machine._appends,
    "SETITEM": Machine._set_item,
    "SETITEMS": Machine._set_items,
    "ADDITEMS": Machine._add_items,
    "TUPLE": Machine._tuple,
    "TUPLE1": lambda machine, _: machine._tuple_of(1),
    "TUPLE2": lambda machine, _: machine._tuple_of(2),
    "TUPLE3": lambda machine, _: machine._tuple_of(3),
    "LIST": Machine._list,
    "DICT": Machine._dict,
    "FROZENSET": Machine._frozenset,
}
