"""An import that is killed, at any moment, leaves the project as it was or as it is to be, whole."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.dying import COUNTDOWN
from topicloom.intake.building import built, sweep_unfinished
from topicloom.intake.changing import settle_import
from topicloom.intake.later import add_exports
from topicloom.intake.project import new_project
from topicloom.intake.record import IntakeError
from topicloom.store.swap import JOURNAL

FIRST = "title,abstract,year,doi\nA map,,2019,10.1000/a\nB map,We map B.,2020,10.1000/b\nC map,We map C.,2020,\n"
SECOND = "title,abstract,year,doi\nA map,We map A.,2019,10.1000/A\nD map,We map D.,2021,10.1000/d\n"
FILES = ("dataset_raw_cleaned.csv", "duplicates.csv", "merged_fields.csv", "refused.csv", "e01/corpus.csv")

# Arguments: folder with a project, an export, where copies go, how: "calls" ends like under kill -9 at each call in turn
# that changes a disk, "times" is killed after as many random times.
KILLED = f"""{COUNTDOWN}
import random, shutil, signal, sys, time
from pathlib import Path
import topicloom.store.csv_tables, topicloom.store.files as files, topicloom.store.swap as swap
from topicloom.intake import changing, later
project, export, copies, how = (Path(argument) for argument in sys.argv[1:])
def child(copy):
    process = os.fork()
    if not process:
        if how.name == "calls":
            for name in ("write_json", "remove_tree", "sync_tree", "sync", "_keep"):
                setattr(swap, name, dying(getattr(swap, name)))
            Path.replace, Path.unlink, os.link = dying(Path.replace), dying(Path.unlink), dying(os.link)
            later.write_csv, later.keep_sources = dying(later.write_csv), dying(later.keep_sources)
        later.add_exports(copy, [export])
        os._exit(0)
    return process
import numpy, pandas, rapidfuzz
began = time.monotonic()
os.waitpid(child_of := child(Path(shutil.copytree(project, copies / "warm"))), 0) if how.name == "times" else None
whole = time.monotonic() - began
random.seed(1)
for moment in range(200 if how.name == "calls" else 12):
    copy = Path(shutil.copytree(project, copies / str(moment)))
    left = moment
    process = child(copy)
    if how.name == "times":
        time.sleep(random.random() * whole)
        os.kill(process, signal.SIGKILL)
    if os.waitpid(process, 0)[1] == 0 and how.name == "calls":
        break
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A project with embeddings, a later export, and the project with it."""
    folder = tmp_path_factory.mktemp("killed")
    (folder / "first.csv").write_text(FIRST)
    (folder / "second.csv").write_text(SECOND)
    profile = new_project(folder / "P", [folder / "first.csv"]).project / "f01" / "e01"
    np.save(profile / "embeddings.npy", np.eye(3, dtype=np.float32))
    names = [line.split(",")[0] for line in (profile / "corpus.csv").read_text().splitlines()[1:]]
    (profile / "embeddings_ids.json").write_text(json.dumps(names))
    (profile / "embeds_settings.json").write_text(json.dumps({"transformer_model": "m", "text_columns": ["text"]}))
    subprocess.run(["cp", "-r", folder / "P", folder / "Q"], check=True)
    add_exports(folder / "Q", [folder / "second.csv"])
    return folder


def state(project):
    """All that an import decides; its time is another each time."""
    filtered = project / "f01"
    account = json.loads((filtered / "import.json").read_text())
    for one in account["imports"]:
        one.pop("when")
    there = sorted(path.relative_to(filtered).as_posix() for path in filtered.rglob("*"))
    seen = [name for name in there if "/." not in f"/{name}"]  # what is hidden, the next change removes
    return [(filtered / name).read_text() for name in FILES], account, seen


@pytest.mark.parametrize("how", ["calls", "times"])
def test_a_kill_at_any_moment_leaves_the_project_whole(folder, tmp_path, how):
    before, after = state(folder / "P"), state(folder / "Q")
    assert "e01/embeddings_before.npz" in after[2]
    (tmp_path / "copies").mkdir()
    command = [sys.executable, "-c", KILLED, folder / "P", folder / "second.csv", tmp_path / "copies", how]
    subprocess.run(list(map(str, command)), check=True, timeout=300)
    seen = []
    for copy in (tmp_path / "copies").iterdir():
        decided = (copy / "f01" / JOURNAL).exists()
        settle_import(copy / "f01")
        found = state(copy)
        assert found in (before, after), copy
        assert not decided or found == after
        seen.append(found == before)
        if len(seen) % 5 == 0:  # whoever tries again
            add_exports(copy, [folder / "second.csv"])
            assert state(copy) == after
    assert set(seen) == {False, True}
    assert how == "times" or 20 < len(seen) < 200


# A command that is killed where its folder is whole but has no name yet; its argument is that name.
UNFINISHED = """
import os, sys
from pathlib import Path
from topicloom.intake import building
building.sync_tree = lambda folder: os._exit(9)
with building.built(Path(sys.argv[1])) as folder:
    (folder / "f01").mkdir()
"""


def test_what_a_killed_new_leaves_is_swept_and_what_a_living_one_makes_stays(tmp_path):
    assert subprocess.run([sys.executable, "-c", UNFINISHED, tmp_path / "Field 1"], check=False).returncode == 9
    (left,) = tmp_path.glob(".*.tmp")
    assert (left / "f01").is_dir()
    with built(tmp_path / "living") as folder:  # another name: all of the root is swept
        assert not left.exists()
        (foreign := tmp_path / ".notes.12345678.tmp").mkdir()
        assert sweep_unfinished(tmp_path) == []
        assert folder.is_dir()
    assert sorted(tmp_path.iterdir()) == [foreign, tmp_path / "living"]


def test_of_two_commands_that_make_one_project_the_second_one_says_so(tmp_path):
    with pytest.raises(IntakeError, match="It cannot take its name: Directory not empty"), built(tmp_path / "P"):
        (tmp_path / "P" / "f01").mkdir(parents=True)
    assert [path.name for path in tmp_path.iterdir()] == ["P"]
