"""Hooks of mkdocs: pages that are made from the code and from files beside docs/, and a look for requests to others."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

REPOSITORY = Path(__file__).resolve().parent.parent
# What a browser fetches by itself: not a link that a person follows.
FETCHED = re.compile(
    r"<(?:script|img|iframe|source|video|audio)\b[^>]*\bsrc=[\"']?((?:https?:)?//[^\"' >]+)"
    r"|<link\b(?![^>]*rel=[\"']?canonical)[^>]*\bhref=[\"']?((?:https?:)?//[^\"' >]+)"
    r"|(?:@import\s+|url\()[\"']?((?:https?:)?//[^\"')]+)",
    re.IGNORECASE,
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not in docs/."""
    # mkdocs restores the path of modules after it has read this file.
    sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tools")]
    from floors import house

    made = {
        "index.md": of_repository("README.md"),
        "contributing.md": of_repository("CONTRIBUTING.md"),
        "changelog.md": of_repository("CHANGELOG.md"),
        "reference/settings.md": settings_page(),
        "reference/command-line.md": command_page(),
        "images/house.svg": house(),
    }
    for name, text in made.items():
        old = files.get_file_from_path(name)
        if old is not None:
            files.remove(old)
        files.append(File.generated(config, name, content=text))
    return files


def of_repository(name: str) -> str:
    """A page that lies beside docs/, with its links as seen from there."""
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    text = text.replace("](docs/", "](").replace("](CHANGELOG.md)", "](changelog.md)")
    return text.replace("](CONTRIBUTING.md)", "](contributing.md)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Links to files of the repository that the site does not have become their names."""
    return re.sub(r"\[([^\]]+)\]\(\.\./(?!docs/)[^)]+\)", r"`\1`", markdown)


def settings_page() -> str:
    """Every setting with its type, limits, default and description, as the code has them."""
    from topicloom.settings.schema import Settings

    schema = Settings.model_json_schema()
    lines = [
        "# Settings",
        "",
        "Made from the descriptions in `topicloom/settings/`. A whole file: [contracts.md](../contracts.md).",
        "",
    ]
    for section in ("metadata", "params", "tmo", "retention"):
        lines += _section(section, schema["properties"][section], schema["$defs"])
    return "\n".join(lines)


def _section(name: str, field: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[str]:
    model = _model(field, known)
    if model is None:
        return
    deeper = {}
    yield from ("", f"## {name}", "", str(model.get("description", "")), "")
    yield from ("| setting | values | default | |", "|---|---|---|---|")
    for key, one in model.get("properties", {}).items():
        if _model(one, known) is not None:
            deeper[f"{name}.{key}"] = one
            continue
        default = f"`{one['default']}`" if "default" in one and one["default"] is not None else ""
        cells = (f"`{key}`", _values(one, known), default, one.get("description", ""))
        yield "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
    for key, one in deeper.items():
        yield from _section(key, one, known)


def _model(field: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any] | None:
    reference = field.get("$ref", "").rpartition("/")[2]
    found: Mapping[str, Any] = known.get(reference, {})
    return found if "properties" in found else None


def _values(field: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    """What a setting may be, in words."""
    if "$ref" in field:
        return _values(known[field["$ref"].rpartition("/")[2]], known)
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(_values(one, known) for one in field["anyOf"] if one.get("type") != "null"))
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if field.get("type") == "array":
        return f"list of {_values(field.get('items', {}), known) or 'values'}"
    words = {"integer": "whole number", "number": "number", "boolean": "true or false", "string": "text"}
    limits = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    said = [f"{word} {field[key]}" for key, word in limits.items() if key in field]
    return ", ".join([words.get(str(field.get("type")), str(field.get("type", ""))), *said])


def command_page() -> str:
    """What `topicloom COMMAND --help` says, for every command."""
    import click
    from typer.main import get_command

    from flows.console.cli import app

    group = get_command(app)
    lines = ["# Command line", "", "What `topicloom COMMAND --help` says. " + EXIT_CODES, ""]
    context = click.Context(group, info_name="topicloom", max_content_width=100, terminal_width=100)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        inner = click.Context(command, info_name=name, parent=context, max_content_width=100, terminal_width=100)
        lines += [f"## topicloom {name}", "", "```text", plain(command.get_help(inner)), "```", ""]
    return "\n".join(lines)


EXIT_CODES = "Exit codes: 0 well, 1 a run that failed, 2 bad input."


def plain(text: str) -> str:
    """A text for terminals without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text).strip()


def fetched_from_others(text: str) -> list[str]:
    """The addresses of other hosts that a browser would ask by itself for a page or a style sheet."""
    drawn = ["the theme's script for mermaid"] if re.search(r'class="[^"]*\bmermaid\b', text) else []
    return drawn + [next(filter(None, found.groups())) for found in FETCHED.finditer(text)]


def on_post_build(config: MkDocsConfig) -> None:
    """No page asks anybody else for anything: fonts, scripts and pictures are our own."""
    site = Path(config.site_dir)
    faults = [
        f"{path.relative_to(site)}: {address}"
        for path in sorted([*site.rglob("*.html"), *site.rglob("*.css")])
        for address in fetched_from_others(path.read_text(encoding="utf-8"))
    ]
    if faults:
        raise PluginError("these pages would ask other hosts:\n  " + "\n  ".join(faults))
