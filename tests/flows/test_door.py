"""What topicloom new and add say to the person who types them."""

from __future__ import annotations

import errno
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.console import cli, door
from flows.console.cli import app
from topicloom.errors import InputError
from topicloom.intake import later

Said = Callable[..., tuple[int, str]]


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"Paper {number},Abstract of it {number},20{number:02}\n" for number in range(3))
    path = tmp_path / "few.csv"
    path.write_text(f"title,abstract,year\n{rows}Bad,row\n")
    return path


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Said:
    """Runs a command; its exit code, and what it said."""
    lines: list[str] = []
    monkeypatch.setattr(door, "say", lines.append)

    def run(*words: str) -> tuple[int, str]:
        lines.clear()
        done = CliRunner().invoke(app, list(words))
        if isinstance(done.exception, InputError):
            raise done.exception
        return done.exit_code, "\n".join(lines)

    return run


def test_few_papers_are_a_project_and_the_next_step_is_to_add(export: Path, said: Said) -> None:
    code, told = said("new", "P", str(export))

    assert code == 0
    assert "few.csv: CSV, columns by their names, 3 records, 1 refused" in told
    assert "refused, line 5: It has 2 fields, and the header 3." in told
    assert "A map needs at least 16 papers with a title or an abstract, and the project has 3" in told
    assert "Next: topicloom add P EXPORT..." in told
    assert not re.search(r"\b1 (?:records|papers|files)\b", told)


def test_a_map_of_few_papers_is_refused_before_anything_is_written(export: Path, said: Said) -> None:
    with pytest.raises(InputError, match="at least 16 papers"):
        said("new", "P", str(export), "--run")
    assert not Path("P").exists()


def test_papers_that_are_added_may_still_be_too_few(export: Path, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "run_analysis", lambda *_, **__: pytest.fail("no map can be made"))
    said("new", "P", str(export))
    more = export.with_name("more.csv")
    more.write_text("title,year\n" + "".join(f"Another {number},2019\n" for number in range(4)))

    code, told = said("add", "P", str(more), "--run")

    assert code == 2
    assert "the project has 7: bring 9 or more in by topicloom add" in told
    assert "4 of 7 papers in the map have a title alone" in told


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "P/f01/x"), "No room is left on the disk: P/f01/x."),
        (OSError(errno.ENOSPC, "No space left on device"), "No room is left on the disk.\n  Make room"),
        (ValueError("odd"), "failed: ValueError: odd"),
    ],
)
def test_what_fails_is_told_with_what_helps(monkeypatch: pytest.MonkeyPatch, error: Exception, words: str) -> None:
    """--verbose is offered by commands that have it."""

    def fail() -> None:
        raise error

    shown: list[str] = []
    monkeypatch.setattr(cli, "app", fail)
    monkeypatch.setattr(cli, "show_error", shown.append)
    monkeypatch.setattr(fail, "registered_commands", app.registered_commands, raising=False)
    for command, has_verbose in (("run", True), ("new", False), ("add", False)):
        monkeypatch.setattr(sys, "argv", ["topicloom", command])
        with pytest.raises(SystemExit, match="1"):
            cli.main()
        told = shown.pop()
        assert words in told
        assert ("--verbose" in told) == (has_verbose and "ValueError" in words)


def test_a_project_that_may_not_be_written_to_is_told(
    export: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    said("new", "P", str(export))
    monkeypatch.setattr(later.os, "access", lambda path, *_, **__: Path(path).name != "f01")
    with pytest.raises(InputError, match="You may not write there, so nothing can be added"):
        said("add", "P", str(export))


def test_the_next_step_can_be_typed_as_it_is_told(export: Path, said: Said) -> None:
    for name, typed in (("Map & more", "'Map & more'"), ("-x", "./-x"), ("a/b", "a/b")):
        _, told = said("new", "--", name, str(export))
        assert f"Next: topicloom add {typed} EXPORT..." in told
