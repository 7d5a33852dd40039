"""The lock is installed with --no-deps, so it must hold all that any supported Python needs."""

from __future__ import annotations

import importlib.util
import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from flows.configs import REPOSITORY


def load_tool():
    spec = importlib.util.spec_from_file_location("pythons", REPOSITORY / "tools" / "pythons.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tool():
    return load_tool()


def lock() -> dict[str, Requirement]:
    lines = [line for line in (REPOSITORY / "requirements.lock").read_text().splitlines() if line[0] != "#"]
    return {canonicalize_name(line.name): line for line in map(Requirement, lines)}


def test_the_lock_is_whole_on_every_supported_python(tool):
    assert list(tool.faults(lock())) == []


def test_a_hole_is_seen(tool):
    whole = lock()
    without = {name: line for name, line in whole.items() if name not in ("async-timeout", "anyio")}
    said = list(tool.faults(without))
    assert any("needs async-timeout" in line and line.endswith("Python 3.11.2") for line in said)
    assert not any("async-timeout" in line and "3.11.3" in line.rpartition("on ")[2] for line in said)
    assert any("needs anyio" in line and line.endswith("Python 3.13.0") for line in said)
    old = {**whole, "anyio": Requirement("anyio==1.0")}
    assert any("and the lock has anyio==1.0" in line for line in tool.faults(old))


def test_the_supported_pythons_are_those_of_the_project(tool):
    stated = (REPOSITORY / "pyproject.toml").read_text()
    assert 'requires-python = ">=3.11"' in stated
    for minor in re.findall(r"Python :: (3\.\d+)", stated):
        assert f"{minor}.0" in tool.PYTHONS
