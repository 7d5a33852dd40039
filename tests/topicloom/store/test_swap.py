"""Several files put in place together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.dying import DYING
from tests.topicloom.store.helpers import NAMES, NEW, OLD, failing_at, swap, tree
from topicloom.store import swap as swap_module
from topicloom.store.files import write_json
from topicloom.store.swap import JOURNAL, SwapError, finish_swap, folder_lock, swapped_in


def test_swap_puts_files_and_folders_in_place_together(tmp_path):
    swap(tmp_path, {"a": "1", "d/x": "1", "d/y": "1", "gone": "1"})
    (tmp_path / "mine").write_text("the user's")
    swap(tmp_path, {"a": "2", "d/x": "2"}, gone=("gone",))
    assert tree(tmp_path) == {"a": "2", "d/x": "2", "mine": "the user's"}
    assert not list(tmp_path.glob(".*"))


def test_swap_after_an_error_leaves_all_as_it_was(tmp_path):
    swap(tmp_path, {"a": "1"})

    def fail():
        with swapped_in(tmp_path, NAMES) as staging:
            (staging / "a").write_text("2")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert tree(tmp_path) == {"a": "1"}
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path):
    folder, other = tmp_path / "folder", tmp_path / "other"
    swap(other, {"d/x": "other's", "a": "other's"})
    folder.mkdir()
    for name in ("a", "d"):
        (folder / name).symlink_to(other / name)
    swap(folder, {"a": "2", "d/x": "2"})
    assert tree(folder) == {"a": "2", "d/x": "2"}
    assert tree(other) == {"d/x": "other's", "a": "other's"}


def test_a_folder_of_the_user_in_the_place_of_a_file_is_not_removed(tmp_path):
    swap(tmp_path, {"b": "1"})
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "thesis").write_text("the user's")
    (tmp_path / "gone").mkdir()
    with pytest.raises(OSError, match="it is a folder, and a file is to be written there; move it away"):
        swap(tmp_path, {"a": "2", "b": "2"}, gone=("gone",))
    assert tree(tmp_path) == {"b": "1", "a/thesis": "the user's"}
    swap(tmp_path, {"b": "2"}, gone=("gone",))
    assert (tmp_path / "gone").is_dir()


@pytest.mark.parametrize("name", [*"abcde", "gone"])
def test_a_change_that_cannot_be_carried_out_is_taken_back(tmp_path, monkeypatch, name):
    swap(tmp_path, OLD)
    failing_at(monkeypatch, name)
    with pytest.raises(PermissionError, match=f"{name}'"):
        swap(tmp_path, NEW, gone=("gone",))
    assert tree(tmp_path) == OLD
    assert not list(tmp_path.glob(".*"))
    monkeypatch.undo()
    swap(tmp_path, NEW, gone=("gone",))
    assert tree(tmp_path) == NEW


def test_a_change_that_can_be_neither_carried_out_nor_taken_back_says_so_and_is_taken_back_once_it_can(
    tmp_path, monkeypatch
):
    swap(tmp_path, OLD)
    swap_put = swap_module._put

    def struck(folder, journal):
        swap_put(folder, journal)
        failing_at(monkeypatch, "a")
        raise PermissionError(1, "Operation not permitted", "gone")

    monkeypatch.setattr(swap_module, "_put", struck)
    with pytest.raises(SwapError, match="Some of its files are new, and some are old"):
        swap(tmp_path, NEW, gone=("gone",))
    with pytest.raises(SwapError, match="run again"):
        finish_swap(tmp_path, NAMES)
    monkeypatch.undo()
    assert not finish_swap(tmp_path, NAMES)
    assert tree(tmp_path) == OLD


def test_an_error_after_the_journal_was_written_is_over_once_the_files_are_in_place(tmp_path, monkeypatch):
    """As where no more files may be open when the folder is to be synced: the change is decided by then."""
    swap(tmp_path, OLD)

    def written_and_struck(path, value):
        write_json(path, value)
        raise OSError(24, "Too many open files", str(path))

    monkeypatch.setattr(swap_module, "write_json", written_and_struck)
    swap(tmp_path, NEW, gone=("gone",))
    assert tree(tmp_path) == NEW
    assert not list(tmp_path.glob(".*"))


def test_an_error_after_the_journal_is_raised_where_the_files_are_the_old_ones(tmp_path, monkeypatch):
    swap(tmp_path, OLD)
    failing_at(monkeypatch, "b")
    written = iter((OSError(24, "Too many open files"),))

    def struck_once(path, value):
        write_json(path, value)
        for error in written:
            raise error

    monkeypatch.setattr(swap_module, "write_json", struck_once)
    with pytest.raises(OSError, match="Too many open files"):
        swap(tmp_path, NEW, gone=("gone",))
    assert tree(tmp_path) == OLD


def test_an_interrupt_after_the_journal_was_written_still_ends_the_program(tmp_path, monkeypatch):
    swap(tmp_path, OLD)

    def interrupted(path, value):
        write_json(path, value)
        raise KeyboardInterrupt

    monkeypatch.setattr(swap_module, "write_json", interrupted)
    with pytest.raises(KeyboardInterrupt):
        swap(tmp_path, NEW, gone=("gone",))
    assert tree(tmp_path) == NEW


@pytest.mark.parametrize("at", ["unlink", "sync"])
def test_a_journal_that_cannot_be_removed_is_cleared_up_by_the_next_command(tmp_path, monkeypatch, caplog, at):
    swap(tmp_path, OLD)
    unlink = Path.unlink

    def unlink_struck(self, **how):
        if self.name == JOURNAL:
            raise OSError(5, "Input/output error", str(self))
        unlink(self, **how)

    def sync_struck(path):
        raise OSError(24, "Too many open files", str(path))

    with monkeypatch.context() as patched:
        if at == "unlink":
            patched.setattr(Path, "unlink", unlink_struck)
        else:
            patched.setattr(swap_module, "sync", sync_struck)
        swap(tmp_path, NEW, gone=("gone",))
    assert {name: text for name, text in tree(tmp_path).items() if not name.startswith(".")} == NEW
    assert "the next command clears it up" in caplog.text
    assert finish_swap(tmp_path, NAMES)
    assert tree(tmp_path) == NEW
    assert not list(tmp_path.glob(".*"))


def test_a_folder_of_a_colleague_is_replaced_though_it_may_not_be_changed(tmp_path):
    """As umask 022 leaves it in a shared folder: it can be renamed, and neither emptied nor moved elsewhere."""
    if os.getuid() != 0:
        pytest.skip("only root can be somebody else")
    swap(tmp_path, {"a": "1", "d/x": "1"})
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(0o777 if folder == tmp_path else folder.stat().st_mode | 0o755)
    os.seteuid(65534)
    try:
        swap(tmp_path, {"a": "2", "d/y": "2"})
    finally:
        os.seteuid(0)
    left = {name: text for name, text in tree(tmp_path).items() if not name.startswith(".")}
    assert left == {"a": "2", "d/y": "2"}
    swap(tmp_path, {"b": "3"})  # its owner's next change removes what was left
    assert not list(tmp_path.glob(".*"))


def journal_of(folder: Path, **changes) -> Path:
    """A folder after a kill: a has been put in place, b not yet."""
    staging = folder / ".topicloom-staging-01234567"
    for inner in ("new", "old"):
        (staging / inner).mkdir(parents=True)
    (staging / "new" / "b").write_text("2")
    (folder / "a").write_text("2")
    journal = {"staging": staging.name, "put": ["a", "b"], "remove": ["gone"], "had": ["a", "b", "gone"], **changes}
    write_json(folder / JOURNAL, journal)
    return staging


def test_a_journal_that_was_left_is_carried_out(tmp_path):
    swap(tmp_path, {"a": "1", "b": "1", "gone": "1"})
    journal_of(tmp_path)
    assert finish_swap(tmp_path, NAMES)
    assert tree(tmp_path) == {"a": "2", "b": "2"}
    assert not finish_swap(tmp_path, NAMES)


FOREIGN = [
    {"remove": ["../victim/.bashrc"]},
    {"remove": ["{outside}/.bashrc"]},
    {"put": ["../victim/.bashrc"]},
    {"put": [".bashrc"], "staging": "../victim"},
    {"put": [".bashrc"], "staging": "{outside}"},
    {"put": ["mine"]},
    {"remove": ["mine"]},
    {"remove": [".."]},
    {"remove": ["."]},
    {"remove": [""]},
    {"had": ["../x"]},
    {"staging": ".topicloom-staging-0123456/"},
    {"staging": 5},
    {"put": "ab"},
    {"put": [["a"]]},
    {"more": 1},
]


@pytest.mark.parametrize("changes", FOREIGN, ids=str)
def test_a_journal_that_topicloom_did_not_write_is_not_obeyed(tmp_path, changes, caplog):
    folder, victim = tmp_path / "a01", tmp_path / "victim"
    swap(folder, {"a": "1", "b": "1", "gone": "1"})
    (folder / "mine").write_text("the user's")
    victim.mkdir()
    (victim / ".bashrc").write_text("the victim's")
    changes = json.loads(json.dumps(changes).replace("{outside}", str(victim)))
    staging = journal_of(folder, **changes)
    (staging / "new" / "mine").write_text("foreign")
    before = {name: text for name, text in tree(tmp_path).items() if JOURNAL not in name}
    assert not finish_swap(folder, NAMES)
    assert {name: text for name, text in tree(tmp_path).items() if JOURNAL not in name} == before
    assert len(caplog.records) == 1
    assert "it was not obeyed" in caplog.text
    assert not finish_swap(folder, NAMES)
    assert len(caplog.records) == 1
    swap(folder, {"a": "3"})


def test_a_staging_folder_that_is_a_link_is_not_followed(tmp_path):
    folder, victim = tmp_path / "a01", tmp_path / "victim"
    swap(folder, {"b": "1"})
    swap(victim, {"a": "the victim's"})
    staging = journal_of(folder, put=["a"])
    (staging / "new" / "b").unlink()
    (staging / "new").rmdir()
    (staging / "new").symlink_to(victim)
    assert not finish_swap(folder, NAMES)
    assert tree(victim) == {"a": "the victim's"}


@pytest.mark.parametrize("content", ["[]", "5", "{}", "{", "[" * 100_000])
def test_a_malformed_journal_is_set_aside(tmp_path, content):
    swap(tmp_path, {"a": "1"})
    (tmp_path / JOURNAL).write_text(content)
    assert not finish_swap(tmp_path, NAMES)
    assert (tmp_path / "a").read_text() == "1"
    swap(tmp_path, {"a": "2"})
    assert (tmp_path / "a").read_text() == "2"


KILLED = f"""{DYING}
for name in ("write_json", "remove_tree", "sync_tree", "sync", "_keep"):
    setattr(swap, name, dying(getattr(swap, name)))
swap.Path.replace = Path.replace = dying(Path.replace)
Path.unlink = dying(Path.unlink)
if len(sys.argv) > 3:  # and the change cannot be carried out
    put = swap._put
    def struck(folder, journal):
        put(folder, journal)
        raise OSError(1, "Operation not permitted", "gone")
    swap._put = struck
with swap.swapped_in(Path(sys.argv[1]), swap.Names(frozenset("abc") | {{"gone"}}, frozenset("de")), gone=["gone"]) as s:
    for name in "abc":
        (s / name).write_text("2")
    for name in "de":
        (s / name).mkdir()
        (s / name / "x").write_text("2")
"""


@pytest.mark.parametrize("fails", [False, True])
def test_a_kill_at_any_moment_leaves_the_old_files_or_the_new(tmp_path, fails):
    seen = []
    for moment in range(60):
        folder = tmp_path / str(moment)
        swap(folder, OLD)
        command = [sys.executable, "-c", KILLED, str(folder), str(moment), *(["fails"] if fails else [])]
        done = subprocess.run(command, check=False, stderr=subprocess.DEVNULL)
        finish_swap(folder, NAMES)
        left = {name: text for name, text in tree(folder).items() if not name.startswith(".")}
        assert left in (OLD, NEW), moment
        seen.append(left)
        swap(folder, {"a": "3"})
        assert not list(folder.glob(".*"))
        if done.returncode != 9:
            break
    assert done.returncode == int(fails)
    assert left == (OLD if fails else NEW)
    assert OLD in seen
    assert NEW in seen
    assert len(seen) > 15


def test_of_two_changes_of_one_folder_each_is_whole(tmp_path):
    """Two sweeps or comparisons into one folder: neither takes the other's staging folder away."""
    barrier, faults = threading.Barrier(2), []

    def change(text: str) -> None:
        barrier.wait()
        try:
            for _ in range(20):
                with folder_lock(tmp_path), swapped_in(tmp_path, NAMES) as staging:
                    for name in "abc":
                        (staging / name).write_text(text)
        except OSError as error:
            faults.append(error)

    threads = [threading.Thread(target=change, args=(text,)) for text in "12"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert len(set(tree(tmp_path).values())) == 1
    assert not list(tmp_path.glob(".*"))
