"""The lines of requirements.lock that topicloom runs with, without what only its tests, docs and demo need.

Usage: python tools/runtime.py EXTRA... > ops/requirements.lock

From pyproject.toml come the libraries that the program and the named extras state; from what is installed here, what
each of these requires, on every supported Python. The image is made from the outcome.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pythons import PYTHONS, environment_of

REPOSITORY = Path(__file__).resolve().parent.parent
# What the image's users need: object stores, Prefect's Kubernetes worker, all languages, names by a language model.
IMAGE = ("icu", "kubernetes", "names", "s3")
HEADER = """\
# Written by tools/lock.sh: the lines of requirements.lock that the image needs ({extras}).
# Install with --no-deps: the list is complete.
"""


def stated(project: Mapping[str, object], extras: Iterable[str]) -> list[Requirement]:
    """What a project's table in pyproject.toml asks for, with some extras; KeyError for one that it has not."""
    optional: Mapping[str, list[str]] = project["optional-dependencies"]  # type: ignore[assignment]
    own: list[str] = project["dependencies"]  # type: ignore[assignment]
    return [Requirement(line) for line in (*own, *(line for extra in extras for line in optional[extra]))]


def closure(wanted: Iterable[Requirement], python: str) -> set[str]:
    """The canonical names of what some requirements bring on a Python, all the way down.

    What is not installed here is for another Python than this; its own requirements are not followed.
    """
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()
    left = [(line, "") for line in wanted]
    while left:
        line, extra = left.pop()
        if line.marker is not None and not line.marker.evaluate({**environment_of(python), "extra": extra}):
            continue
        name = canonicalize_name(line.name)
        found.add(name)
        for part in {"", *line.extras} - {of for known, of in seen if known == name}:
            seen.add((name, part))
            try:
                requires = distribution(name).requires or []
            except PackageNotFoundError:
                continue
            left += [(Requirement(text), part) for text in requires]
    return found


def lines_of(lock: str, wanted: Iterable[Requirement]) -> list[str]:
    """The lines of a lock that some requirements bring on any supported Python; LookupError where one is missing."""
    wanted = list(wanted)
    names = {name for python in PYTHONS for name in closure(wanted, python)}
    lines = {canonicalize_name(Requirement(line).name): line for line in lock.splitlines() if line[:1] not in ("", "#")}
    if missing := sorted(names - set(lines)):
        raise LookupError(f"requirements.lock has no line for {', '.join(missing)}; make lock writes it anew")
    return [line for name, line in lines.items() if name in names]


def image_lock(extras: Iterable[str] = IMAGE) -> str:
    """The text of ops/requirements.lock."""
    extras = list(extras)
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
    return HEADER.format(extras=", ".join(extras)) + "\n".join(lines_of(lock, stated(project, extras))) + "\n"


if __name__ == "__main__":
    sys.stdout.write(image_lock(sys.argv[1:] or IMAGE))
