"""The stage store, digests, the swap of several files and cleaning."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.dying import DYING
from topicloom.errors import StoreError
from topicloom.machine.memory import PeakMemory
from topicloom.store import swap as swap_module
from topicloom.store.cleaning import clean, find_leftovers
from topicloom.store.digests import DigestBook
from topicloom.store.files import digest_file, read_json, replaced, write_json
from topicloom.store.store import StagePlan, StageRef, Store
from topicloom.store.swap import JOURNAL, Names, SwapError, finish_swap, folder_lock, swapped_in


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


def test_concurrent_threads_compute_once(store, caplog):
    """The one that computes ends when the other three have said that they wait."""
    calls: list[str] = []
    waiting = threading.Semaphore(0)

    class Waiting(logging.Handler):
        def emit(self, record):
            waiting.release()

    def slow(out):
        assert all(waiting.acquire(timeout=60) for _ in range(3))
        writer("x", calls)(out)

    log, handler = logging.getLogger("topicloom.store.store"), Waiting()
    log.addHandler(handler)
    threads = [threading.Thread(target=lambda: Store(store.root).obtain(plan(), slow)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.removeHandler(handler)
    assert calls == ["x"]


def test_an_artifact_that_is_copied_is_trusted_by_its_content(store, tmp_path):
    import shutil

    store.obtain(plan(), writer("x"))
    shutil.copytree(tmp_path / "project", tmp_path / "copy", copy_function=shutil.copy)
    assert Store(tmp_path / "copy" / ".topicloom").find(plan()).ref


@pytest.fixture
def settled(monkeypatch):
    """Files count as settled at once."""
    monkeypatch.setattr("topicloom.store.digests._SETTLED_NS", -1)


@pytest.fixture
def read(monkeypatch):
    """The files that are read whole."""
    from topicloom.store import digests

    read: list[Path] = []
    monkeypatch.setattr(digests, "digest_file", lambda path: read.append(path) or digest_file(path))
    return read


def book(folder: Path) -> DigestBook:
    return DigestBook(folder / "digests.sqlite", folder)


def test_digests_are_remembered_until_the_file_changes(tmp_path, settled, read):
    file = tmp_path / "big.bin"
    file.write_bytes(b"one")
    for _ in range(3):
        assert book(tmp_path).digest(file) == digest_file(file)
    assert len(read) == 1
    file.write_bytes(b"three")
    assert book(tmp_path).digest(file) == digest_file(file)
    assert len(read) == 2


def test_a_change_is_seen_that_keeps_size_time_and_inode(tmp_path, settled):
    """As rsync -t, a restored backup or cp -p over the file leave it."""
    file = tmp_path / "big.bin"
    file.write_bytes(b"one")
    before = file.stat()
    assert book(tmp_path).digest(file) == digest_file(file)
    time.sleep(0.02)  # a tick of the file system's clock
    file.write_bytes(b"two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = file.stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (before.st_size, before.st_mtime_ns, before.st_ino)
    assert book(tmp_path).digest(file) == digest_file(file)


def test_a_fresh_file_is_not_remembered(tmp_path):
    """It may be written again within one tick of the clock, with the same size; its own time may be set to any."""
    file = tmp_path / "fresh.bin"
    file.write_bytes(b"one")
    os.utime(file, ns=(1, 1))
    book(tmp_path).digest(file)
    assert book(tmp_path).remembered() == {}


def test_what_is_remembered_takes_no_longer_with_each_file(tmp_path, settled):
    """One row a file is written, and not all of them at each."""
    for number in range(300):
        (tmp_path / f"{number}.bin").write_text(str(number))
    memory = book(tmp_path)
    memory.note({tmp_path / f"{number}.bin": "0" * 64 for number in range(300)})
    with sqlite3.connect(tmp_path / "digests.sqlite") as database:
        database.execute("CREATE TABLE log (name TEXT)")
        for change in ("INSERT", "UPDATE", "DELETE"):
            row = "old" if change == "DELETE" else "new"
            database.execute(
                f"CREATE TRIGGER t{change} AFTER {change} ON files BEGIN INSERT INTO log VALUES ({row}.name); END"
            )
    memory.note({tmp_path / "7.bin": "1" * 64})
    with sqlite3.connect(tmp_path / "digests.sqlite") as database:
        assert {name for (name,) in database.execute("SELECT name FROM log")} == {"7.bin"}
    assert memory.digest(tmp_path / "7.bin") == "1" * 64


def _not_a_database(path):
    path.write_text("{" * 5000)


def _of_another_shape(path):
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE files (a, b)")
        database.execute("INSERT INTO files VALUES (1, 2)")


def _of_odd_values(path):
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE files (name PRIMARY KEY, stamp, sha256)")
        database.executemany("INSERT INTO files VALUES (?, ?, ?)", [("a.bin", 5, 7), (None, None, None), (1, 2, 3)])


def _of_pages_overwritten(path):
    book(path.parent).note({path.parent / "a.bin": digest_file(path.parent / "a.bin")})
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * 3000 + content[3100:])


@pytest.mark.parametrize("damage", [_not_a_database, _of_another_shape, _of_odd_values, _of_pages_overwritten])
def test_a_memory_that_cannot_be_read_is_set_aside_and_begun_anew(tmp_path, settled, damage, read):
    file = tmp_path / "a.bin"
    file.write_bytes(b"one")
    damage(tmp_path / "digests.sqlite")
    for _ in range(3):
        assert book(tmp_path).digest(file) == digest_file(file)
        book(tmp_path).forget_missing()
        assert set(book(tmp_path).remembered().values()) == {digest_file(file)}
    assert len(read) == 1


def test_a_memory_that_another_run_writes_is_not_taken_for_damaged(tmp_path, settled, monkeypatch):
    monkeypatch.setattr("topicloom.store.digests._PATIENCE", 0.01)
    file = tmp_path / "a.bin"
    file.write_bytes(b"one")
    book(tmp_path).digest(file)
    with contextlib.closing(sqlite3.connect(tmp_path / "digests.sqlite")) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert book(tmp_path).digest(file) == digest_file(file)
        book(tmp_path).note({file: digest_file(file)})
    assert not list(tmp_path.glob("*damaged*"))


def test_a_memory_names_no_file_outside_the_project(tmp_path, settled):
    outside = tmp_path / "outside.bin"
    outside.write_bytes(b"secret")
    project = tmp_path / "project"
    project.mkdir()
    memory = book(project)
    memory.digest(outside)
    with sqlite3.connect(project / "digests.sqlite") as database:
        database.execute("INSERT OR REPLACE INTO files SELECT '../outside.bin', stamp, sha256 FROM files")
    assert memory.remembered() == {}


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


NAMES = Names(frozenset(("a", "b", "c", "gone")), frozenset(("d", "e")))


def swap(folder: Path, files: dict[str, str], gone: tuple[str, ...] = ()) -> None:
    with swapped_in(folder, NAMES, gone=gone) as staging:
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


OLD = {"a": "1", "b": "1", "d/x": "1", "d/y": "1", "gone": "1"}
NEW = {"a": "2", "b": "2", "c": "2", "d/x": "2", "e/x": "2"}


def failing_at(monkeypatch, *names: str) -> None:
    """Files that cannot be replaced or removed, as if they were immutable, or folders that cannot be renamed."""
    replace, unlink = Path.replace, Path.unlink

    def require(path: Path) -> None:
        if path.name in names:
            raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(Path, "replace", lambda self, to: (require(Path(to)), require(self), replace(self, to))[2])
    monkeypatch.setattr(Path, "unlink", lambda self, **how: (require(self), unlink(self, **how))[1])


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


def record(store: Store, analysis: str, *refs: StageRef) -> Path:
    """run.json of an analysis that needs these results."""
    path = store.root.parent / analysis / "run.json"
    write_json(path, {"stages": {ref.stage: {"key": ref.key} for ref in refs}})
    return path


def entries(store: Store, stage: str = "reduce") -> set[str]:
    return {path.name for path in (store.root / stage).iterdir()}


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


MANIFESTS = {
    "no outputs": lambda m: m.pop("outputs"),
    "a list of outputs": lambda m: m.update(outputs=list(m["outputs"])),
    "no bytes": lambda m: m["outputs"]["result.txt"].pop("bytes"),
    "no facts": lambda m: m.pop("facts"),
    "other facts": lambda m: m["facts"].update(length=7),
    "an output less": lambda m: m["outputs"].clear(),
    "an output elsewhere": lambda m: m["outputs"].update({"../../secret": m["outputs"]["result.txt"]}),
    "digests of numbers": lambda m: m["outputs"]["result.txt"].update(sha256=5),
    "a digest that lies": lambda m: m["outputs"]["result.txt"].update(sha256="0" * 64),
    "another stage": lambda m: m.update(stage="cluster"),
    "another key": lambda m: m.update(key="0" * 64),
    "another origin": lambda m: m["made_from"].update(version=7),
    "parts elsewhere": lambda m: m.update(parts={"tokens": "../.."}),
    "no times": lambda m: m.pop("ended"),
}


@pytest.mark.parametrize(
    ("change", "own"),
    # Where there is no digest, nothing shows that facts are others.
    [(name, own) for name in MANIFESTS for own in (True, False) if own or name != "other facts"],
)
def test_a_manifest_that_lies_or_has_another_shape_is_made_anew(store, change, own):
    ref, _ = store.obtain(plan(), writer("x"))
    path = store.artifact(ref, "manifest.json")
    manifest = json.loads(path.read_text())
    MANIFESTS[change](manifest)
    if not own:
        del manifest["manifest_sha256"]
    write_json(path, manifest)
    found = store.find(plan())
    assert found.ref is None
    assert found.fault
    assert store.obtain(plan(), writer("x")) == (ref, True)
    assert store.find(plan()).ref == ref


@pytest.mark.parametrize("content", ["", "{", "5", "[]", "null", "[" * 100_000, '"stage"'])
def test_a_manifest_that_is_no_manifest_is_made_anew(store, content):
    ref, _ = store.obtain(plan(), writer("x"))
    store.artifact(ref, "manifest.json").write_text(content)
    assert store.manifest(ref) == {}
    assert store.find(plan()).fault == "manifest.json is missing or damaged"
    assert store.obtain(plan(), writer("x")) == (ref, True)


def test_a_manifest_of_before_there_was_a_digest_is_believed(store):
    ref, _ = store.obtain(plan(), writer("x"))
    path = store.artifact(ref, "manifest.json")
    manifest = json.loads(path.read_text())
    del manifest["manifest_sha256"]
    write_json(path, manifest)
    assert store.find(plan()).ref == ref


def test_facts_that_are_no_number_keep_their_manifest_sound(store):
    def compute(out):
        out.facts = {"mean": float("nan"), "sizes": (1, 2), "by_topic": {3: 0.1}}

    store.obtain(plan(), compute)
    assert store.find(plan()).ref


def test_flipped_bits_are_found(store, settled):
    ref, _ = store.obtain(plan(), writer("x" * 1000))
    for name in ("result.txt", "manifest.json"):
        path = store.artifact(ref, name)
        content = bytearray(path.read_bytes())
        for place in range(0, len(content), 37):
            flipped = content.copy()
            flipped[place] ^= 1 << place % 7
            before = path.stat()
            path.write_bytes(flipped)
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
            assert store.find(plan()).ref in (None, ref)
        path.write_bytes(content)
    assert store.find(plan()).ref == ref


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


def test_peak_memory_says_whose_it_is():
    with PeakMemory() as alone:
        pass
    assert alone.of == "this process"
    with PeakMemory() as outer:
        block = bytearray(200 << 20)
        block[:: 1 << 12] = b"x" * len(block[:: 1 << 12])
        del block
        with PeakMemory() as inner:  # takes nothing from what the outer one has reached
            pass
    assert "other results at the same time" in outer.of
    assert "other results at the same time" in inner.of
    assert outer.peak >= alone.peak + (150 << 20)


def test_peak_memory_of_a_child_is_stated_apart():
    script = "x = bytearray({} << 20); x[::4096] = b'x' * len(x[::4096])"
    with PeakMemory() as none:
        pass
    assert none.peak_of_children is None
    with PeakMemory() as memory:
        subprocess.run([sys.executable, "-c", script.format(1200)], check=True)
    if memory.peak_of_children is None:
        pytest.skip("another test of this process had a larger child")
    assert memory.peak_of_children > 1200 << 20


def test_json_that_is_written_is_for_people(tmp_path):
    write_json(tmp_path / "a.json", {"name": "研究"})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "name": "研究"\n}\n'
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"name": "研究"}
