"""Pages from Jinja templates: what comes from a person's files is escaped, a name that is missing is an error."""

from __future__ import annotations

from importlib.resources import files
from typing import Any


def template(package: str, name: str) -> Any:
    """The template of a page.

    Args:
        package: The package that holds it in its folder `assets`, such as "topicloom.sweep".
        name: Its file, such as "sweep.html.j2".

    Returns:
        A jinja2.Template. Text that is put in is escaped; markup of our own, such as a figure by plotly, goes in by
        `| safe`.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(files(package).joinpath("assets", name).read_text(encoding="utf-8"))
