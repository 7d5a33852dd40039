"""What compares blocks of papers on this machine: faiss on the processor, or cuVS on a GPU. Imports neither."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

FAISS = "faiss-cpu"
_CUVS = ("cuvs-cu13", "cuvs-cu12", "cuvs")
_DEVICES = (Path("/dev/nvidiactl"), Path("/dev/dxg"))  # of Linux, and of Linux within Windows


def comparing_engine() -> dict[str, str]:
    """The distribution that compares papers, and its version: cuVS where it, CuPy and a GPU are there, else faiss.

    "not installed" stands for the version of faiss where it is missing.
    """
    gpu = _cuvs() if _sees_gpu() else {}
    return gpu or {FAISS: _version(FAISS) or "not installed"}


def compares_on_gpu() -> bool:
    """Whether papers are compared on a GPU."""
    return FAISS not in comparing_engine()


def _sees_gpu() -> bool:
    return any(device.exists() for device in _DEVICES) and find_spec("cupy") is not None


def _cuvs() -> dict[str, str]:
    found = ((name, _version(name)) for name in _CUVS)
    return next(({name: known} for name, known in found if known), {})


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
