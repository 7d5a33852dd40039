"""Folders that hold code belong to the user, and a block that is left early does not wait."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import pytest

from topicloom.machine import compiled
from topicloom.settings.clusters import UmapSettings
from topicloom.space.map_process import MapLayout


@pytest.fixture
def without_home(tmp_path, monkeypatch) -> Path:
    """A home that no folder can be made in; returns the folder for compiled code in the system's temporary folder."""
    blocked = tmp_path / "blocked"
    blocked.write_text("no folder")
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    compiled._folder_of_this_process.cache_clear()
    yield tmp_path / f"topicloom-{os.getuid()}"
    compiled._folder_of_this_process.cache_clear()


def test_ones_own_folder_is_used_again(without_home):
    folder = compiled.cache_folder()
    assert folder.is_relative_to(without_home)
    assert compiled.cache_folder() == folder


@pytest.mark.parametrize("how", ["writable", "of another user", "a link"])
def test_a_folder_of_somebody_else_is_not_used(without_home, tmp_path, monkeypatch, how):
    if how == "a link":
        (tmp_path / "other").mkdir()
        without_home.symlink_to(tmp_path / "other")
    else:
        without_home.mkdir()
    if how == "writable":
        without_home.chmod(0o777)
    if how == "of another user":
        uid = os.getuid()
        monkeypatch.setattr(compiled.os, "getuid", lambda: uid + 1)
        without_home.rename(tmp_path / f"topicloom-{uid + 1}")
    folder = compiled.cache_folder()
    assert folder.name.startswith("topicloom-numba-")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert compiled.cache_folder() == folder  # so that it is warm once it was warmed


def test_a_map_that_was_never_begun_is_not_waited_for(tmp_path):
    with MapLayout(tmp_path / "v.npy", tmp_path, tmp_path / "out.npy", UmapSettings(), 1) as layout:
        pass
    assert layout._process.returncode is not None
    assert not (tmp_path / "out.npy").exists()
