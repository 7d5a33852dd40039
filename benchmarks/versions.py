"""The machine and the versions that figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

_LIBRARIES = ("bertopic", "umap-learn", "pynndescent", "hdbscan", "scikit-learn", "numpy", "numba", "pandas", "prefect")


def environment() -> dict[str, str]:
    """Processor, cores, memory, Python and library versions."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.partition(":")[2].strip() for line in lines if "model name" in line), platform.processor())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = {"processor": cpu, "cores": str(len(os.sched_getaffinity(0))), "memory": f"{memory:.0f} GiB"}
    return {**machine, "python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}}
