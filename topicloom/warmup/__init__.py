"""Compiling, once per machine, all that numba compiles on a run, so that no run has to wait for it.

The code of umap and pynndescent and of our own loops is kept on disk (`topicloom.machine.compiled`); it takes more
than half a minute of two cores to make. `pieces` says what is compiled, `crew` shares it out among processes, `kept`
knows what is there.
"""

from __future__ import annotations

from pathlib import Path

from topicloom.machine.compiled import cache_folder
from topicloom.warmup.crew import compile_side_by_side
from topicloom.warmup.kept import CompiledCodeError, is_warm, require_room, say_warm
from topicloom.warmup.pieces import PIECES

__all__ = ["CompiledCodeError", "is_warm", "warm_up"]


def warm_up() -> Path:
    """Compile everything that is not kept yet, on every core; returns the folder that holds the code.

    Safe beside runs and other warm-ups: they wait for each other where they write the same file. Ended before its time,
    it leaves no process behind, and what it has compiled is kept.

    Raises:
        CompiledCodeError: The folder cannot be written to, or something cannot be compiled.

    Example:
        >>> warm_up()  # doctest: +SKIP
        PosixPath('/home/ada/.cache/topicloom/numba/0f5c1c1f0e0d6f0b')
    """
    folder = cache_folder()
    require_room(folder)
    compile_side_by_side(PIECES)
    say_warm(folder, PIECES)
    return folder
