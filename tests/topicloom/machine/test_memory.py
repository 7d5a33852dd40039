"""Peak memory of a stretch of work."""

from __future__ import annotations

import subprocess
import sys

import pytest

from topicloom.machine.memory import PeakMemory


def test_peak_memory_is_that_of_the_block():
    with PeakMemory() as small:
        pass
    with PeakMemory() as large:
        block = bytearray(300 << 20)
        block[:: 1 << 12] = b"x" * len(block[:: 1 << 12])
    with PeakMemory() as after:
        del block
    assert large.peak > small.peak + (250 << 20)
    assert after.peak <= large.peak + (1 << 20)  # a page or two may have come meanwhile


def test_peak_memory_says_whose_it_is():
    with PeakMemory() as alone:
        pass
    assert alone.of == "this process"
    with PeakMemory() as outer:
        block = bytearray(200 << 20)
        block[:: 1 << 12] = b"x" * len(block[:: 1 << 12])
        del block
        with PeakMemory() as inner:  # takes nothing from what the outer one has reached
            pass
    assert "other results at the same time" in outer.of
    assert "other results at the same time" in inner.of
    assert outer.peak >= alone.peak + (150 << 20)


def test_peak_memory_of_a_child_is_stated_apart():
    script = "x = bytearray({} << 20); x[::4096] = b'x' * len(x[::4096])"
    with PeakMemory() as none:
        pass
    assert none.peak_of_children is None
    with PeakMemory() as memory:
        subprocess.run([sys.executable, "-c", script.format(1200)], check=True)
    if memory.peak_of_children is None:
        pytest.skip("another test of this process had a larger child")
    assert memory.peak_of_children > 1200 << 20
