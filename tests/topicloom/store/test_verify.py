"""Every digest of a project looked at anew."""

from __future__ import annotations

import json
import threading

import pytest

from tests.topicloom.store.helpers import plan, writer
from topicloom.store.manifest import sealed
from topicloom.store.store import Store
from topicloom.store.verify import verify_project


def test_a_sound_project_is_verified_and_every_file_is_read(store, five):
    found = verify_project(store)
    assert found.damaged == []
    assert found.files == 5
    assert found.bytes == 5_000_000


def test_a_bit_that_flips_without_a_trace_is_found_and_the_result_made_anew(store, five, monkeypatch):
    """As on a disk: no time of the file changes."""
    path = store.root / "reduce" / five[1] / "result.txt"
    stamp = path.stat()
    content = bytearray(path.read_bytes())
    content[5000] ^= 4
    path.write_bytes(content)
    after = path.stat()
    real = type(path).stat

    def kept(self, **how):
        found = real(self, **how)
        return stamp if (found.st_ino, found.st_mtime_ns) == (after.st_ino, after.st_mtime_ns) else found

    monkeypatch.setattr(type(path), "stat", kept)
    assert store.find(plan(n=1)).ref  # taken for sound
    (damage,) = verify_project(store).damaged
    assert (damage.path, damage.fault) == (path, "it is not as it was written")
    assert store.find(plan(n=1)).fault == "result.txt is not as it was written"
    assert store.obtain(plan(n=1), writer("x"))[1]
    assert verify_project(store).damaged == []


def test_an_input_that_changed_without_a_trace_is_read_anew(store, settled):
    file = store.root.parent / "corpus.csv"
    store.root.mkdir(parents=True)
    file.write_text("one")
    store.digests.digest(file)
    store.digests.note({file: "0" * 64})  # as if it had been read when it held something else
    (damage,) = verify_project(store).damaged
    assert damage.fault == "it has changed, though its size and times have not"
    assert store.digests.digest(file) != "0" * 64


def test_what_is_missing_and_a_manifest_that_lies_are_named(store, five):
    (store.root / "reduce" / five[0] / "result.txt").unlink()
    path = store.root / "reduce" / five[1] / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["facts"]["length"] = 7
    path.write_text(json.dumps(manifest))
    faults = {damage.path.parent.name: damage.fault for damage in verify_project(store).damaged}
    assert faults == {five[0]: "it is missing", "reduce": "manifest.json is not as it was written"}
    path.write_text(json.dumps(sealed({name: value for name, value in manifest.items() if name != "manifest_sha256"})))
    assert len(verify_project(store).damaged) == 1


def test_files_are_read_on_several_threads_and_progress_is_told(store, five, monkeypatch):
    from topicloom.progress import Part, listening
    from topicloom.store import verify

    barrier = threading.Barrier(2)
    seen, digest = [], verify._digest

    def together(path):
        if len(seen) < 2:
            seen.append(path)
            barrier.wait(60)
        return digest(path)

    monkeypatch.setenv("TOPICLOOM_THREADS", "2")
    if verify.available_threads() < 2:
        pytest.skip("one core")
    monkeypatch.setattr(verify, "_digest", together)
    told = []
    with listening(told.append):
        verify_project(store)
    assert told == [Part("files verified", done, 5) for done in range(1, 6)]


def test_verify_writes_nothing_where_nothing_has_run(tmp_path):
    assert verify_project(Store(tmp_path / "p" / ".topicloom")).files == 0
    assert not list(tmp_path.iterdir())
