"""Functions of libraries that state the types they take, compiled when they are first called and not when imported.

numba compiles such a function at its declaration: some fifty of pynndescent's, of which a run calls a few. Here each
is compiled, for the very types that it states, when Python or another compiled function first asks for it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from topicloom.machine.replacing import Replacement


@contextlib.contextmanager
def compiled_when_called() -> Iterator[None]:
    """Within the block, `numba.njit` with stated types declares a function, and leaves its compiling to its first call.

    Such functions are kept on disk. What they compute, and for which types, is as numba has it. Blocks may lie beside
    each other in threads, and within each other: after the last of them `numba.njit` is numba's own again.
    """
    with _njit.block():
        yield


def _replace() -> Callable[[], None]:
    import numba

    original = numba.njit
    numba.njit = _instead_of(original)
    return lambda: setattr(numba, "njit", original)


_njit = Replacement(_replace)


def _instead_of(at_once: Callable[..., Any]) -> Callable[..., Any]:
    """numba's `njit`, but for functions that state their types."""

    def njit(*arguments: Any, **options: Any) -> Any:
        stated = _stated_types(arguments)
        if not stated:
            return at_once(*arguments, **options)

        def declare(function: Callable[..., Any]) -> Any:
            dispatcher = at_once(**{**options, "cache": True})(function)
            if hasattr(dispatcher, "get_call_template"):  # numba may be told not to compile at all
                _Declared(dispatcher, stated).wait()
            return dispatcher

        return declare

    return njit


def _stated_types(arguments: tuple[Any, ...]) -> list[Any]:
    from numba.core import sigutils

    first = arguments[0] if arguments else None
    is_type: Any = sigutils.is_signature
    return list(first) if isinstance(first, list) else [first] if is_type(first) else []


class _Declared:
    """A function and the types that it states, until it is compiled."""

    def __init__(self, dispatcher: Any, stated: list[Any]) -> None:
        self._dispatcher = dispatcher
        self._stated = stated
        self._begun = False

    def wait(self) -> None:
        """Be asked before numba is: by Python for the first call, and by a function that calls this one."""
        self._dispatcher._compile_for_args = self._entry_point
        self._dispatcher.get_call_template = self._call_template

    def _entry_point(self, *values: Any) -> Any:
        self._compile()
        dispatcher = self._dispatcher
        types = tuple(dispatcher.typeof_pyval(value) for value in values)
        found = dispatcher.typingctx.resolve_overload(dispatcher, dispatcher.nopython_signatures, types, {})
        if found is None:
            dispatcher._explain_matching_error(*values)
        return dispatcher.overloads[tuple(found.args)].entry_point

    def _call_template(self, types: Any, named: Any) -> Any:
        self._compile()
        return type(self._dispatcher).get_call_template(self._dispatcher, types, named)

    def _compile(self) -> None:
        from numba.core.compiler_lock import global_compiler_lock
        from numba.core.typeinfer import register_dispatcher

        with global_compiler_lock:  # of two threads the second finds it done
            if self._begun:  # a function that calls itself asks while it is compiled
                return
            self._begun = True
            with register_dispatcher(self._dispatcher):
                for types in self._stated:
                    self._dispatcher.compile(types)
                self._dispatcher.disable_compile()
            del self._dispatcher._compile_for_args, self._dispatcher.get_call_template
