"""The stage store, digests, the swap of several files and cleaning."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.dying import DYING
from topicloom.errors import StoreError
from topicloom.machine.memory import PeakMemory
from topicloom.store.cleaning import clean, find_leftovers
from topicloom.store.digests import DigestBook
from topicloom.store.files import digest_file, replaced, write_json
from topicloom.store.store import StagePlan, Store
from topicloom.store.swap import JOURNAL, finish_swap, swapped_in


def plan(**parameters) -> StagePlan:
    return StagePlan(stage="reduce", version=1, parameters=parameters, inputs={"a": "1"}, libraries={"numpy": "2"})


def writer(text: str, calls: list[str] | None = None):
    def compute(out):
        if calls is not None:
            calls.append(text)
        out.path("result.txt").write_text(text)
        out.facts = {"length": len(text)}

    return compute


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "project" / ".topicloom")


def test_a_result_is_computed_once(store):
    calls: list[str] = []
    ref, computed = store.obtain(plan(), writer("x", calls))
    again, computed_again = store.obtain(plan(), writer("x", calls))
    assert (computed, computed_again, calls) == (True, False, ["x"])
    assert again == ref
    assert store.artifact(ref, "result.txt").read_text() == "x"
    assert ref.facts == {"length": 1}


def test_the_manifest_is_a_provenance_record(store):
    ref, _ = store.obtain(plan(n=1), writer("x"), run_id="abc")
    manifest = store.manifest(ref)
    assert manifest["made_from"] == plan(n=1).model_dump()
    assert manifest["outputs"]["result.txt"]["sha256"] == ref.outputs["result.txt"]
    assert manifest["prefect_run_id"] == "abc"
    assert manifest["peak_memory_bytes"] > 1 << 20
    assert {"started", "ended", "seconds", "host", "python", "topicloom"} <= set(manifest)


@pytest.mark.parametrize("field", ["stage", "version", "parameters", "inputs", "libraries"])
def test_the_key_depends_on_each_part_of_the_plan(field):
    other = {
        "stage": "cluster",
        "version": 2,
        "parameters": {"n": 2},
        "inputs": {"a": "2"},
        "libraries": {"numpy": "3"},
    }
    assert plan().model_copy(update={field: other[field]}).key != plan().key


def test_the_key_does_not_depend_on_the_order_of_its_parts():
    assert plan(a=1, b=2).key == plan(b=2, a=1).key


def test_a_failed_computation_leaves_nothing(store):
    def fail(out):
        out.path("half.txt").write_text("half")
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        store.obtain(plan(), fail)
    assert not list((store.root / "reduce").iterdir())
    _, computed = store.obtain(plan(), writer("x"))
    assert computed


def test_refresh_replaces_a_result(store):
    store.obtain(plan(), writer("old"))
    ref, computed = store.obtain(plan(), writer("new"), refresh=True)
    assert computed
    assert store.artifact(ref, "result.txt").read_text() == "new"
    assert [path.name for path in (store.root / "reduce").iterdir()] == [ref.key]


def test_concurrent_threads_compute_once(store):
    calls: list[str] = []

    def slow(out):
        time.sleep(0.3)
        writer("x", calls)(out)

    threads = [threading.Thread(target=lambda: Store(store.root).obtain(plan(), slow)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == ["x"]


def test_an_artifact_that_is_copied_is_trusted_by_its_content(store, tmp_path):
    import shutil

    store.obtain(plan(), writer("x"))
    shutil.copytree(tmp_path / "project", tmp_path / "copy", copy_function=shutil.copy)
    assert Store(tmp_path / "copy" / ".topicloom").find(plan()).ref


def test_digests_are_remembered_until_the_file_changes(tmp_path, monkeypatch):
    from topicloom.store import digests

    read = []
    monkeypatch.setattr(digests, "digest_file", lambda path: read.append(path) or digest_file(path))
    file = tmp_path / "big.bin"
    file.write_bytes(b"one")
    os.utime(file, ns=(1, 1))
    for _ in range(3):
        assert DigestBook(tmp_path / "book.json", tmp_path).digest(file) == digest_file(file)
    assert len(read) == 1
    file.write_bytes(b"two")
    os.utime(file, ns=(2, 2))
    assert DigestBook(tmp_path / "book.json", tmp_path).digest(file) == digest_file(file)
    assert len(read) == 2


def test_a_fresh_file_is_not_remembered(tmp_path):
    """It may be written again within one tick of the clock, with the same size."""
    file = tmp_path / "fresh.bin"
    file.write_bytes(b"one")
    stamp = file.stat().st_mtime_ns
    book = DigestBook(tmp_path / "book.json", tmp_path)
    book.digest(file)
    file.write_bytes(b"two")
    os.utime(file, ns=(stamp, stamp))
    assert book.digest(file) == digest_file(file)


def test_a_damaged_memory_is_made_anew(tmp_path):
    file = tmp_path / "a.bin"
    file.write_bytes(b"one")
    (tmp_path / "book.json").write_text("{")
    assert DigestBook(tmp_path / "book.json", tmp_path).digest(file) == digest_file(file)


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


def swap(folder: Path, files: dict[str, str], gone: tuple[str, ...] = ()) -> None:
    with swapped_in(folder, gone=gone) as staging:
        for name, text in files.items():
            (staging / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / name).write_text(text)


def tree(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_swap_puts_files_and_folders_in_place_together(tmp_path):
    swap(tmp_path, {"a": "1", "d/x": "1", "d/y": "1", "gone": "1"})
    (tmp_path / "mine").write_text("the user's")
    swap(tmp_path, {"a": "2", "d/x": "2"}, gone=("gone",))
    assert tree(tmp_path) == {"a": "2", "d/x": "2", "mine": "the user's"}


def test_swap_after_an_error_leaves_all_as_it_was(tmp_path):
    swap(tmp_path, {"a": "1"})

    def fail():
        with swapped_in(tmp_path) as staging:
            (staging / "a").write_text("2")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert tree(tmp_path) == {"a": "1"}
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_a_journal_that_was_left_is_carried_out(tmp_path):
    swap(tmp_path, {"a": "1", "b": "1", "gone": "1"})
    staging = tmp_path / ".topicloom-staging-0"
    staging.mkdir()
    (staging / "b").write_text("2")  # a has been moved already
    (tmp_path / "a").write_text("2")
    write_json(tmp_path / JOURNAL, {"staging": staging.name, "put": ["a", "b"], "remove": ["gone"]})
    assert finish_swap(tmp_path)
    assert tree(tmp_path) == {"a": "2", "b": "2"}
    assert not finish_swap(tmp_path)


KILLED = f"""{DYING}
for name in ("write_json", "remove_tree", "sync_tree", "sync"):
    setattr(swap, name, dying(getattr(swap, name)))
swap.Path.replace = Path.replace = dying(Path.replace)
Path.unlink = dying(Path.unlink)
with swap.swapped_in(Path(sys.argv[1]), gone=["gone"]) as staging:
    (staging / "a").write_text("2")
    (staging / "d").mkdir()
    (staging / "d" / "x").write_text("2")
"""


def test_a_kill_at_any_moment_leaves_the_old_files_or_the_new(tmp_path):
    old, new = {"a": "1", "d/x": "1", "d/y": "1", "gone": "1"}, {"a": "2", "d/x": "2"}
    seen = []
    for moment in range(40):
        folder = tmp_path / str(moment)
        folder.mkdir()
        swap(folder, old)
        done = subprocess.run([sys.executable, "-c", KILLED, str(folder), str(moment)], check=False)
        finish_swap(folder)
        left = {name: text for name, text in tree(folder).items() if not name.startswith(".")}
        assert left in (old, new), moment
        seen.append(left)
        swap(folder, {"a": "3"})
        assert not list(folder.glob(".*"))
        if done.returncode == 0:
            break
    assert done.returncode == 0
    assert old in seen
    assert new in seen
    assert len(seen) > 8


def test_clean_removes_what_no_living_analysis_refers_to(store):
    kept, _ = store.obtain(plan(n=1), writer("kept"))
    store.obtain(plan(n=2), writer("left over"))
    (store.root / "reduce" / ".dead.tmp").mkdir()
    (store.root / "prefect").mkdir()
    for key in (kept.key, plan(n=2).key):
        (store.root / "prefect" / f"reduce-{key}").write_text("{}")
    record = store.root.parent / "a01" / "run.json"
    write_json(record, {"stages": {"reduce": {"key": kept.key}}})
    assert len(find_leftovers(store)) == 3
    clean(store)
    assert [path.name for path in (store.root / "reduce").iterdir()] == [kept.key]
    assert [path.name for path in (store.root / "prefect").iterdir()] == [f"reduce-{kept.key}"]
    record.unlink()
    assert len(clean(store)) == 2


def test_clean_refuses_while_a_run_is_under_way(store):
    with store.run():
        store.obtain(plan(), writer("x"))
        with pytest.raises(StoreError, match="under way"):
            clean(store)
    assert len(clean(store)) == 1


def test_sweep_leaves_what_living_runs_write(store):
    (store.root / "reduce" / ".0123456789abcdef.aaaa.tmp").mkdir(parents=True)
    (store.root / "cluster" / ".fedcba9876543210.bbbb.tmp").mkdir(parents=True)
    with store.lock("cluster-fedcba9876543210"):
        assert [path.name for path in Store(store.root).sweep()] == [".0123456789abcdef.aaaa.tmp"]
    assert [path.name for path in Store(store.root).sweep()] == [".fedcba9876543210.bbbb.tmp"]


def test_clean_of_a_project_that_never_ran(store):
    assert clean(store) == []
    assert not store.root.exists()


def test_peak_memory_is_that_of_the_block():
    with PeakMemory() as small:
        pass
    with PeakMemory() as large:
        block = bytearray(300 << 20)
        block[:: 1 << 12] = b"x" * len(block[:: 1 << 12])
    with PeakMemory() as after:
        del block
    assert large.peak > small.peak + (250 << 20)
    assert after.peak <= large.peak + (1 << 20)  # a page or two may have come meanwhile


def test_json_that_is_written_is_for_people(tmp_path):
    write_json(tmp_path / "a.json", {"name": "研究"})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "name": "研究"\n}\n'
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"name": "研究"}
