"""Whether `flows` and `tasks` are those of topicloom: their names are common, and a person's own may come first."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def foreign_packages(*names: str) -> list[str]:
    """What Python finds under names of packages of topicloom and is not topicloom's, a sentence each; imports nothing.

    Args:
        names: Top-level packages that lie beside `topicloom`.
    """
    return [said for said in map(_foreign, names) if said]


def _foreign(name: str) -> str:
    spec = find_spec(name)
    own = ROOT / name
    if spec is None:
        return f"The package {name} of topicloom is missing: {own} is not there. Install topicloom again."
    places = [spec.origin] if spec.origin else [*(spec.submodule_search_locations or [])]
    found = Path(places[0]).resolve() if places else None
    if found in (own / "__init__.py", own):
        return ""
    return (
        f"Python finds {found} where topicloom needs its own {name}, which is {own}. Rename that file, or take "
        "its folder out of PYTHONPATH; where another package has brought it, install topicloom into an environment of "
        "its own."
    )
