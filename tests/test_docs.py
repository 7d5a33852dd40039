"""The site of the docs: what `make docs` makes of the code, and what it refuses."""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys

import pytest

from flows.configs import REPOSITORY


def tool(name: str):
    spec = importlib.util.spec_from_file_location(name, REPOSITORY / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages():
    return tool("site_pages")


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="//fonts.example/css">',
        "<img alt=a src=https://pictures.example/a.png>",
        "@import 'https://fonts.example/css';",
        "a { background: url(https://pictures.example/a.png) }",
        '<pre class="mermaid">graph</pre>',
    ],
)
def test_what_a_browser_would_ask_of_others_is_found(pages, text):
    assert len(pages.fetched_from_others(text)) == 1


def test_a_link_that_a_person_follows_is_none_of_it(pages):
    assert pages.fetched_from_others('<a href="https://prefect.io"><img src="images/a.png"></a>') == []


def test_every_setting_stands_in_the_reference_with_its_limits(pages):
    from topicloom.settings.schema import TopicModelSettings

    page = pages.settings_page()
    for name, field in TopicModelSettings.model_fields.items():
        assert f"`{name}`" in page or f"## tmo.{name}" in page, name
        assert not field.description or field.description.splitlines()[0] in page.replace("\\|", "|"), name
    assert "| `window` | whole number, at least 1, at most 1000000 | `4` | Tokens of a window. |" in page


def test_every_command_stands_in_the_reference(pages):
    from flows.console.cli import app

    page = pages.command_page()
    for command in app.registered_commands:
        name = command.name or command.callback.__name__
        assert f"## topicloom {name}\n" in page
    assert "\x1b" not in page


def test_the_drawing_puts_every_room_above_all_that_it_imports_from():
    floors = tool("floors")
    below = floors.rooms()
    levels = floors.floors(below)
    assert [levels[0], levels[1]] == [["flows"], ["tasks"]]
    assert {room for level in levels for room in level} == set(below)
    assert {"topicloom.stages", "topicloom.store", "topicloom.errors"} <= set(below)
    simple = {"a": {"b", "c"}, "b": {"c"}, "c": set(), "d": {"e"}, "e": {"d"}}
    assert floors.floors(simple) == [["a"], ["b"], ["c", "d", "e"]]
    drawn = floors.drawing(levels, below)
    assert all(f">{room.removeprefix('topicloom.')}</text>" in drawn for room in below)
    assert "grimp" in sys.modules


def test_the_architecture_page_is_true_of_the_code():
    """Every room stands in its table, and the walk of one paper passes every stage in the order of a run."""
    from topicloom.stage_names import STAGE_NAMES

    page = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    folders = {path.parent.name for path in (REPOSITORY / "topicloom").glob("*/__init__.py")}
    assert folders <= set(re.findall(r"`(\w+)/`", page))
    walk = page.partition("## The walk of one paper")[2].partition("\n## ")[0]
    assert tuple(name for name in re.findall(r"\*([a-z-]+)\*", walk) if name in STAGE_NAMES) == STAGE_NAMES


def test_few_modules_lie_beside_the_rooms():
    assert len([path for path in (REPOSITORY / "topicloom").glob("*.py") if not path.stem.startswith("__")]) <= 8


def parts_of_the_library() -> list[str]:
    return re.findall(r"^::: (\S+)$", (REPOSITORY / "docs" / "api.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", parts_of_the_library())
def test_what_the_library_offers_is_described_in_one_form(path):
    """Each parameter by name under Args, what comes back under Returns or Yields: the page shows them as tables."""
    module, _, name = path.rpartition(".")
    shown = getattr(importlib.import_module(module), name)
    stated = [*inspect.signature(shown).parameters]
    _, _, arguments = inspect.getdoc(shown).partition("Args:\n")
    described = re.findall(r"^ {4}(\w+): \S", re.split(r"\n\n(?=\w+:\n)", arguments)[0], re.MULTILINE)
    assert described == stated
    if inspect.isfunction(shown) and stated:
        assert re.search(r"^(Returns|Yields):\n {4}\S", inspect.getdoc(shown), re.MULTILINE)
