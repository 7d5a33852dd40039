"""What is in the image, for tests without one: its lines of the lock, and Python that imports nothing else."""

from __future__ import annotations

import importlib.util
import sys
from importlib.metadata import packages_distributions
from types import ModuleType

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.ops.described import OPS, REPOSITORY

# Put on the path as sitecustomize.py: nothing is found that the image does not have.
_HOOK = """
import sys
from importlib.machinery import PathFinder
ABSENT = {absent!r}
class NotInTheImage:
    @staticmethod
    def find_spec(name, path=None, target=None):
        absent = name.partition(".")[0] in ABSENT
        if not absent and name.endswith(".tests"):
            found = PathFinder.find_spec(name, path)
            absent = found is not None and found.submodule_search_locations is not None
        if absent:
            raise ModuleNotFoundError(name + " is not in the image", name=name)
sys.meta_path.insert(0, NotInTheImage)
"""


def tool(name: str) -> ModuleType:
    """A program of tools/ as a module."""
    folder = str(REPOSITORY / "tools")
    sys.path.insert(0, folder)
    try:
        spec = importlib.util.spec_from_file_location(name, f"{folder}/{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(folder)
    return module


def image_libraries() -> set[str]:
    """The canonical names of the libraries of the image."""
    lines = (OPS / "requirements.lock").read_text(encoding="utf-8").splitlines()
    return {canonicalize_name(Requirement(line).name) for line in lines if line[:1] != "#"}


def image_only() -> str:
    """The text of a sitecustomize.py."""
    there = image_libraries() | {"topicloom"}
    absent = {
        name for name, of in packages_distributions().items() if not there & {canonicalize_name(one) for one in of}
    }
    return _HOOK.format(absent=sorted(absent - {"_distutils_hack", "setuptools", "pkg_resources"}))
