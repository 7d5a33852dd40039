"""Results in the stage store."""

from __future__ import annotations

import logging
import os
import threading

import pytest

from tests.topicloom.store.helpers import plan, writer
from topicloom.errors import StoreError
from topicloom.store.store import Store


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


@pytest.mark.parametrize("part", ["locks", "reduce"])
def test_a_store_of_a_colleague_is_said_to_be_one(store, part):
    """As umask 022 leaves it in a shared folder."""
    if os.getuid() != 0:
        pytest.skip("only root can be somebody else")
    store.obtain(plan(n=1), writer("x"))
    for folder in (store.root, *store.root.parents[:-2]):
        folder.chmod(folder.stat().st_mode | 0o755)
    for folder in (store.root / "locks", store.root / "reduce"):
        folder.chmod(0o755 if folder.name == part else 0o777)
    os.seteuid(65534)
    try:
        assert Store(store.root).find(plan(n=1)).ref
        with pytest.raises(StoreError, match=rf"{part}.* cannot be written to .*umask 002"):
            Store(store.root).obtain(plan(n=2), writer("y"))
    finally:
        os.seteuid(0)
