"""The site of the docs: what `make docs` makes of the code, and what it refuses."""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from fnmatch import fnmatch

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


def test_the_drawing_in_the_docs_is_that_of_the_imports():
    kept = (REPOSITORY / "docs" / "images" / "house.svg").read_text(encoding="utf-8")
    assert kept == tool("floors").house(), "rooms import otherwise: python tools/floors.py > docs/images/house.svg"


def rerun_rows() -> list[tuple[list[str], str]]:
    """The rows of the table of docs/caching.md that name settings: patterns of settings, and what they compute again."""
    page = (REPOSITORY / "docs" / "caching.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", page.partition("**What re-runs when.**")[2], re.MULTILINE)
    named = [(re.findall(r"`((?:tmo|params)\.[^`]+)`", change), again) for change, again in rows]
    return [(patterns, again) for patterns, again in named if patterns]


def stages_in(text: str) -> list[str]:
    from topicloom.stage_names import STAGE_NAMES

    return [word for word in re.findall(r"[a-z-]+", re.sub(r"`[^`]*`", "", text)) if word in STAGE_NAMES]


def settings_and_what_they_rerun() -> dict[str, list[list[str]]]:
    """By setting, the stages that runs of the tests compute again after a change of it."""
    from tests.flows import test_pictures, test_topic_model

    found: dict[str, list[list[str]]] = {}
    pictures = ((f"tmo.{name}", value, stages) for name, value, stages in test_pictures.SETTING_STAGES)
    for name, _, stages in (*test_topic_model.SETTING_STAGES, *pictures):
        found.setdefault(name, []).append(stages or [])
    return found


def test_what_reruns_when_is_true_of_the_page_on_caching():
    """Each setting has a row, which names all stages that are computed again; those that follow need no name."""
    from topicloom.stage_names import STAGE_NAMES

    rows = rerun_rows()
    for setting, runs in settings_and_what_they_rerun().items():
        texts = [again for patterns, again in rows if any(fnmatch(setting, pattern) for pattern in patterns)]
        assert len(texts) == 1, f"docs/caching.md has {len(texts)} rows for {setting}"
        named = stages_in(texts[0])
        follow = STAGE_NAMES[min(map(STAGE_NAMES.index, named)) :] if "follows" in texts[0] else ()
        computed = {stage for stages in runs for stage in stages}
        assert computed <= {*named, *follow}, f"{setting} computes again {computed}; docs/caching.md: {texts[0]}"


def test_no_row_of_the_page_on_caching_names_a_stage_in_vain():
    reruns = settings_and_what_they_rerun()
    for patterns, again in rerun_rows():
        runs = [
            stages for name, all_of in reruns.items() if any(fnmatch(name, p) for p in patterns) for stages in all_of
        ]
        if "follows" not in again:
            assert set(stages_in(again)) == {stage for stages in runs for stage in stages}, again


@pytest.mark.parametrize(
    ("page", "place"),
    [
        ("caching.md", r"\*\*Pictures\*\* \(([^)]*)\)"),
        ("pictures.md", r"(?s)come the stages for people.*?(?=\n\nEach is kept)"),
    ],
)
def test_pages_name_all_pictures(page, place):
    from topicloom.stage_names import PICTURES

    (told,) = re.finditer(place, (REPOSITORY / "docs" / page).read_text(encoding="utf-8"))
    assert {word for word in re.findall(r"[a-z-]+", told[0]) if word in PICTURES} == set(PICTURES)


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
