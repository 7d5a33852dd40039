"""What the lock needs on other Pythons than the one it was made on. Usage: python tools/pythons.py needed|mark

A requirement may hold for some Pythons only: redis wants async-timeout before 3.11.3. What is installed with --no-deps
must have all of them, each with its marker. `needed` prints what this environment lacks for one of the supported
Pythons; `mark` copies the output of pip freeze from its input and adds markers to what not every Python needs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions

from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

# The first of each line, and both sides of every border that a pinned package draws within one.
PYTHONS = ("3.11.0", "3.11.2", "3.11.3", "3.11.14", "3.12.0", "3.12.12", "3.13.0")
# Read for a data file only; its own requirements (plotting, office formats) are left out on purpose.
READ_ONLY = {"biblium"}


def environment_of(python: str) -> dict[str, str]:
    """The environment of markers on another Python of this machine."""
    short = ".".join(python.split(".")[:2])
    return {**default_environment(), "python_full_version": python, "python_version": short, "extra": ""}


def requirements_on(package: Distribution, python: str) -> Iterator[Requirement]:
    """What an installed package requires on a Python."""
    if canonicalize_name(package.metadata["Name"]) in READ_ONLY:
        return
    for text in package.requires or []:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate(environment_of(python)):
            yield requirement


def faults(lock: Mapping[str, Requirement]) -> Iterator[str]:
    """Why an install of a lock is not whole on a supported Python. lock: its lines, by canonical name."""
    for python in PYTHONS:
        here = {
            name: line
            for name, line in lock.items()
            if line.marker is None or line.marker.evaluate(environment_of(python))
        }
        for name in here:
            try:
                package = distribution(name)
            except PackageNotFoundError:
                continue  # it is for another Python than this
            if not SpecifierSet(package.metadata.get("Requires-Python") or "").contains(python):
                yield f"{name} {package.version} does not run on Python {python}"
            for wanted in requirements_on(package, python):
                found = here.get(canonicalize_name(wanted.name))
                if found is None:
                    yield f"{name} needs {wanted} on Python {python}"
                elif not wanted.specifier.contains(next(iter(found.specifier)).version.split("+")[0], prereleases=True):
                    yield f"{name} needs {wanted} on Python {python}, and the lock has {found}"


def needed() -> dict[str, Requirement]:
    """Requirements of what is installed that are themselves not installed, by canonical name."""
    installed = {canonicalize_name(package.metadata["Name"]) for package in distributions()}
    wanted = (
        requirement
        for package in distributions()
        for python in PYTHONS
        for requirement in requirements_on(package, python)
    )
    return {name: line for line in wanted if (name := canonicalize_name(line.name)) not in installed}


def markers() -> dict[str, Marker]:
    """The marker of each installed package that some supported Python does not need, by canonical name."""
    always, sometimes = set(), {}
    for package in distributions():
        for text in package.requires or []:
            line = Requirement(text)
            name = canonicalize_name(line.name)
            holds = [line.marker is None or line.marker.evaluate(environment_of(python)) for python in PYTHONS]
            if all(holds):
                always.add(name)
            elif any(holds) and line.marker is not None:
                sometimes[name] = line.marker
    return {name: marker for name, marker in sometimes.items() if name not in always}


def main() -> None:
    """Print what is needed, or mark the lines of the input."""
    if sys.argv[1:] == ["needed"]:
        print("\n".join(f"{line.name}{line.specifier}" for line in needed().values()))
        return
    known = markers()
    for line in sys.stdin:
        marker = known.get(canonicalize_name(line.split("==")[0].strip()))
        print(f"{line.rstrip()}; {marker}" if marker else line.rstrip())


if __name__ == "__main__":
    main()
