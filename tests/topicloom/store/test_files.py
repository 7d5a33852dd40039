"""Files written whole or not at all."""

from __future__ import annotations

import json
import os

import pytest

from tests.topicloom.store.helpers import book
from topicloom.store.files import read_json, replaced, write_json


def test_files_that_are_made_follow_the_umask_and_leave_it_alone(tmp_path, monkeypatch):
    """To read the umask one must set it, and another thread's file would be born under the other one."""
    monkeypatch.setattr(os, "umask", None)
    write_json(tmp_path / "a.json", {})
    monkeypatch.undo()
    before = os.umask(0o027)
    try:
        write_json(tmp_path / "b.json", {})
        book(tmp_path).note({tmp_path / "b.json": "0" * 64})
    finally:
        os.umask(before)
    assert (tmp_path / "b.json").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "digests.sqlite").stat().st_mode & 0o777 == 0o640


def test_json_that_is_too_deep_or_no_file_reads_as_none(tmp_path):
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "huge.json").write_text("9" * 5000)
    os.mkfifo(tmp_path / "pipe.json")
    assert [read_json(tmp_path / f"{name}.json") for name in ("deep", "huge", "pipe", "absent")] == [None] * 4


def test_replaced_keeps_the_old_file_on_an_error(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail():
        with replaced(path) as temporary:
            temporary.write_text("half")
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_json_that_is_written_is_for_people(tmp_path):
    write_json(tmp_path / "a.json", {"name": "研究"})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "name": "研究"\n}\n'
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"name": "研究"}
