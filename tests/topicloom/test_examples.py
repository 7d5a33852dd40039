"""The science as a library: each public function is described in one form, with an example that runs.

Modules named *_kernels hold loops that numba compiles for the module beside them; they are no part of the library.
"""

from __future__ import annotations

import ast
import doctest
import importlib.util
import inspect
import pkgutil
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import topicloom

ROOT = Path(topicloom.__file__).parents[1]
ROOMS = ("words", "space", "clusters", "measures", "atlas")


def modules(room: str) -> list[str]:
    package = importlib.import_module(f"topicloom.{room}")
    return sorted(module.name for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."))


def is_used_elsewhere() -> list[str]:
    """Functions and classes of the science that another room, a flow or the docs of the library take from it."""
    used = set(of_the_docs())
    for floor in ("topicloom", "flows", "tasks"):
        for path in (ROOT / floor).rglob("*.py"):
            room = path.relative_to(ROOT).parts[:2]
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom) and node.module and tuple(node.module.split(".")[:2]) != room:
                    used |= {f"{node.module}.{name.name}" for name in node.names}
    science = {name for name in used if name.split(".")[:2] in [["topicloom", room] for room in ROOMS]}
    return sorted(science | set(of_the_docs()))


def public() -> list[str]:
    """All functions and classes of the science without a leading underscore, those of kernels left out."""
    found = []
    for module in (module for room in ROOMS for module in modules(room) if not module.endswith("_kernels")):
        file = importlib.util.find_spec(module).origin
        for node in ast.parse(Path(file).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                found.append(f"{module}.{node.name}")
    return found


def shown(path: str) -> object:
    """What stands there, without what a decorator such as functools.cache has put around it."""
    module, _, name = path.rpartition(".")
    return inspect.unwrap(getattr(importlib.import_module(module), name, None))


def of_the_docs() -> list[str]:
    """What docs/api.md shows."""
    return re.findall(r"^::: (\S+)$", (ROOT / "docs" / "api.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    "module",
    sorted(
        {module for room in ROOMS for module in modules(room)} | {path.rpartition(".")[0] for path in of_the_docs()}
    ),
)
def test_the_examples_run(module):
    found = doctest.testmod(importlib.import_module(module))
    assert found.failed == 0


def sections(text: str) -> dict[str, str]:
    """The body of each section of a docstring, by its heading."""
    parts = re.split(r"^(\w+):\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("path", sorted({*public(), *is_used_elsewhere()}))
def test_what_is_public_is_described_in_one_form(path):
    """Parameters by name under Args, what comes back under Returns or Yields, what a function raises by itself under
    Raises, and for a function an example.
    """
    there = shown(path)
    if not (inspect.isfunction(there) or inspect.isclass(there)) or (
        inspect.isclass(there) and (issubclass(there, Exception) or typed_dictionary(there))
    ):
        return
    stated = sections(inspect.getdoc(there) or "")
    assert re.findall(r"^ {4}(\w+): \S", stated.get("Args", ""), re.MULTILINE) == parameters(there)
    if inspect.isfunction(there):
        assert ">>> " in stated["Example"]
        assert inspect.signature(there).return_annotation == "None" or "Returns" in stated or "Yields" in stated
        assert raised(there) <= set(re.findall(r"^ {4}([\w.]+): \S", stated.get("Raises", ""), re.MULTILINE))


def parameters(there: Any) -> list[str]:
    if getattr(there, "_is_protocol", False):  # a function that others write: its own parameters
        return list(inspect.signature(there.__call__).parameters)[1:]
    return list(inspect.signature(there).parameters)


def raised(there: Any) -> set[str]:
    """Names of the exceptions that a function raises in its own lines, those of functions within it left out."""
    found, waiting = set(), list(ast.parse(inspect.getsource(there)).body[0].body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            found.add(ast.unparse(node.exc.func).rpartition(".")[2])
        if not isinstance(node, ast.FunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)
    return found


def typed_dictionary(there: type) -> bool:
    return issubclass(there, dict)


@pytest.mark.parametrize("path", [path for path in is_used_elsewhere() if path.split(".")[1] in ROOMS])
def test_science_takes_no_settings_of_a_file_and_no_store(path):
    there = shown(path)
    if not inspect.isfunction(there):
        return
    asked = " ".join(str(parameter.annotation) for parameter in inspect.signature(there).parameters.values())
    assert not re.search(r"\b(Settings|TopicModelSettings|Params|Store|StageRef|Workspace|Work|Refs)\b", asked)


def test_the_steps_from_a_notebook_run(wos_project, tmp_path, monkeypatch):
    """The page's own code on the demo's papers, from embeddings to names."""
    profile = tmp_path / "demo" / "bibliometrics_demo" / "f01" / "e01"
    profile.parent.mkdir(parents=True)
    profile.symlink_to(wos_project.profile, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "from-a-notebook.md").read_text(encoding="utf-8")
    steps = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(steps) == 6
    names: dict[str, Any] = {}
    exec("\n".join(steps), names)  # the page is ours
    papers = len(names["texts"])
    assert names["coordinates"].shape == (papers, 2)
    assert names["topics"].topics.shape == names["clustering"].probability.shape == (papers,)
    assert 2 <= len(names["names"]) == len(names["npmi"])
    assert sum(topic.count for topic in names["topics"].table) == papers
    assert (np.abs(names["npmi"]) <= 1).all()
