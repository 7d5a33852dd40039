"""Removing what nothing needs, and runs that begin meanwhile."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading

import pytest

from tests.topicloom.store.helpers import entries, plan, record, writer
from topicloom.errors import StoreError
from topicloom.store.cleaning import clean, find_leftovers
from topicloom.store.files import write_json
from topicloom.store.store import Store


def test_clean_removes_what_no_living_analysis_refers_to(store):
    kept, _ = store.obtain(plan(n=1), writer("kept"))
    store.obtain(plan(n=2), writer("left over"))
    (store.root / "reduce" / ".dead.tmp").mkdir()
    (store.root / "prefect").mkdir()
    for key in (kept.key, plan(n=2).key):
        (store.root / "prefect" / f"reduce-{key}").write_text("{}")
    path = record(store, "a01", kept)
    assert len(find_leftovers(store)) == 3
    clean(store)
    assert entries(store) == {kept.key}
    assert entries(store, "prefect") == {f"reduce-{kept.key}"}
    path.unlink()
    assert len(clean(store)) == 2


def test_clean_keeps_what_pictures_alone_refer_to(store):
    """After a kill run.json may name a picture that the run had not come to yet."""
    kept, _ = store.obtain(plan(n=1), writer("kept"))
    write_json(store.root.parent / "a01" / "run.json", {"pictures": {"keys": {"reduce": kept.key}, "files": {}}})
    assert clean(store) == []


def test_clean_keeps_what_an_export_needs_that_was_cut_short(store):
    old, _ = store.obtain(plan(n=1), writer("old"))
    new, _ = store.obtain(plan(n=2), writer("new"))
    path = record(store, "a01", old)
    write_json(
        path.parent / ".topicloom-staging-01234567" / "new" / "run.json", {"stages": {"reduce": {"key": new.key}}}
    )
    assert clean(store) == []


def test_clean_keeps_what_an_analysis_needs_that_is_linked(store, tmp_path):
    kept, _ = store.obtain(plan(), writer("kept"))
    elsewhere = tmp_path / "elsewhere"
    record(store, "a01", kept).parent.rename(elsewhere)
    (store.root.parent / "a01").symlink_to(elsewhere)
    assert clean(store) == []


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"stages": {"reduce": {"key": "../../x"}}}', '{"stages": 5}', "[" * 100_000]
)
def test_clean_removes_nothing_where_a_record_cannot_be_read(store, content):
    store.obtain(plan(), writer("needed, perhaps"))
    record(store, "a01").write_text(content)
    with pytest.raises(StoreError, match=r"run\.json cannot be used .*nothing is removed"):
        clean(store)
    with pytest.raises(StoreError, match=r"run\.json cannot be used"):
        find_leftovers(store)
    assert entries(store) == {plan().key}


def test_clean_leaves_what_lies_behind_a_link(store, tmp_path, caplog):
    """A stage on a larger disk, a result of another project, a whole store: others may need it."""
    other = Store(tmp_path / "other" / ".topicloom")
    other.obtain(plan(n=1), writer("another project's"))
    other.obtain(plan(n=2).model_copy(update={"stage": "cluster"}), writer("another project's"))
    store.obtain(plan(n=3), writer("left over"))
    (store.root / "cluster").symlink_to(other.root / "cluster")
    (store.root / "reduce" / plan(n=1).key).symlink_to(other.root / "reduce" / plan(n=1).key)
    assert [left.path.name for left in clean(store)] == [plan(n=3).key]
    assert caplog.text.count("is a link; what it leads to is left alone") == 4  # two links, two looks
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / ".topicloom").symlink_to(other.root)
    with pytest.raises(StoreError, match=r"is a link to .*other projects may use"):
        clean(Store(tmp_path / "linked" / ".topicloom"))
    assert len(entries(other)) == len(entries(other, "cluster")) == 1


def test_clean_leaves_what_topicloom_did_not_make(store):
    store.obtain(plan(), writer("left over"))
    (store.root / "mine").mkdir()
    (store.root / "mine" / "notes.txt").write_text("the user's")
    assert [left.path.name for left in clean(store)] == [plan().key]


def test_clean_says_only_what_is_gone(store, monkeypatch, caplog):
    from topicloom.store import cleaning

    store.obtain(plan(n=1), writer("left over"))
    store.obtain(plan(n=2), writer("of a colleague"))
    removing = cleaning.remove_tree
    monkeypatch.setattr(cleaning, "remove_tree", lambda path: path.name != plan(n=2).key and removing(path))
    assert [left.path.name for left in clean(store)] == [plan(n=1).key]
    assert f"{plan(n=2).key} cannot be removed" in caplog.text


def test_clean_refuses_while_a_run_is_under_way(store):
    with store.run():
        store.obtain(plan(), writer("x"))
        with pytest.raises(StoreError, match="under way"):
            clean(store)
        assert len(list(store.root.glob("locks/run-*.lock"))) == 1
    assert len(clean(store)) == 1


def test_a_run_that_begins_while_the_store_is_cleaned_waits_and_loses_nothing(store, monkeypatch):
    """It once began after the look for runs, and lost what it had just computed."""
    from topicloom.store import cleaning

    store.obtain(plan(n=1), writer("left over"))
    begun, waiting = threading.Event(), threading.Event()

    class Waiting(logging.Handler):
        def emit(self, record):
            waiting.set()

    def run() -> None:
        with Store(store.root).run():
            begun.set()
            Store(store.root).obtain(plan(n=2), writer("just computed"))

    thread, looking = threading.Thread(target=run), cleaning.find_leftovers

    def looked(of: Store):
        found = looking(of)
        thread.start()
        assert waiting.wait(60)
        assert not begun.is_set()
        return found

    log, handler = logging.getLogger("topicloom.store.store"), Waiting()
    log.addHandler(handler)
    monkeypatch.setattr(cleaning, "find_leftovers", looked)
    monkeypatch.setattr("topicloom.store.store._PATIENCE", 0)
    assert [left.path.name for left in clean(store)] == [plan(n=1).key]
    thread.join()
    log.removeHandler(handler)
    assert entries(store) == {plan(n=2).key}


def test_a_living_run_keeps_its_lock_whoever_looks(store):
    """An unlinked lock is made anew by the next who looks, and then held by two."""
    with store.run():
        (lock,) = store.root.glob("locks/run-*.lock")
        inode = lock.stat().st_ino
        for _ in range(2):
            with pytest.raises(StoreError):
                clean(store)
            with store.run():
                assert store.is_running()
        assert lock.stat().st_ino == inode
    assert not list(store.root.glob("locks/run-*.lock"))


def test_what_a_killed_run_left_is_removed_when_the_next_begins(store):
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom topicloom.store.store import Store, StagePlan\n"
        "store = Store(Path(sys.argv[1]))\n"
        "plan = StagePlan(stage='reduce', version=1, parameters={}, inputs={}, libraries={})\n"
        "with store.run():\n    store.obtain(plan, lambda out: os._exit(9))\n"
    )
    assert subprocess.run([sys.executable, "-c", script, str(store.root)], check=False).returncode == 9
    assert list(store.root.glob("locks/run-*.lock"))
    assert list(store.root.glob("reduce/.*.tmp"))
    with store.run():
        assert len(list(store.root.glob("locks/run-*.lock"))) == 1
        assert not list(store.root.glob("reduce/.*.tmp"))


def test_a_run_that_begins_takes_no_file_that_another_one_writes(store):
    """The temporary files of the history and of embeddings look like those of a dead run."""
    written = [store.root / "history" / ".history.sqlite.aa.tmp", store.root / "embedding" / ".000.npy.bb.tmp"]
    for path in written:
        path.parent.mkdir(parents=True)
        path.touch()
    with store.lock("history"), store.run():
        assert all(path.exists() for path in written)
    with store.run():
        assert [path.exists() for path in written] == [False, True]


def test_two_runs_that_begin_at_once_say_nothing_of_each_other(store, caplog):
    barrier = threading.Barrier(4)

    def run() -> None:
        barrier.wait()
        with Store(store.root).run():
            barrier.wait()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert caplog.text == ""
    assert not list(store.root.glob("locks/run-*.lock"))


def test_sweep_leaves_what_living_runs_write(store):
    (store.root / "reduce" / ".0123456789abcdef.aaaaaaaa.tmp").mkdir(parents=True)
    (store.root / "cluster" / ".fedcba9876543210.bbbbbbbb.old").mkdir(parents=True)
    with store.lock("cluster-fedcba9876543210"):
        assert [path.name for path in Store(store.root).sweep()] == [".0123456789abcdef.aaaaaaaa.tmp"]
    assert [path.name for path in Store(store.root).sweep()] == [".fedcba9876543210.bbbbbbbb.old"]


def test_what_lies_behind_a_link_is_neither_swept_nor_cleaned(store, tmp_path):
    victim = tmp_path / "victim"
    mine = [victim / name for name in ("thesis", ".mine.tmp", ".0123456789abcdef.aaaaaaaa.tmp", ".x.json.gz.y.tmp")]
    for path in mine:
        path.mkdir(parents=True)
        (path / "pages").write_text("the user's")
        os.utime(path, (1, 1))
    (victim / ".history.sqlite.aa.tmp").write_text("the user's")
    store.root.mkdir(parents=True)
    for name in ("embedding", "reduce", "history"):
        (store.root / name).symlink_to(victim)
    assert find_leftovers(store) == []
    assert store.sweep() == []
    assert all((path / "pages").exists() for path in mine)
    assert (victim / ".history.sqlite.aa.tmp").exists()


def test_sweep_takes_only_folders_named_as_the_store_names_them(store):
    for name in (".mine.tmp", ".0123456789abcdef.tmp", ".0123456789abcdef.aaaaaaaa.tmp.old", ".notes.aaaaaaaa.old"):
        (store.root / "reduce" / name).mkdir(parents=True)
    assert store.sweep() == []
    assert len(list((store.root / "reduce").iterdir())) == 4


def test_clean_of_a_project_that_never_ran(store):
    assert clean(store) == []
    assert not store.root.exists()
