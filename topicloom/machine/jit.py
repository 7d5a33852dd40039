"""numba's `njit` for functions of ours: whoever imports it from here has set where compiled code is kept."""

from __future__ import annotations

from topicloom.machine.compiled import keep_compiled_code

keep_compiled_code()

from numba import njit, prange  # noqa: E402  # numba reads the folder when it is imported

__all__ = ["njit", "prange"]
