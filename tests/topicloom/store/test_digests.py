"""Digests that are remembered."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time

import pytest

from tests.topicloom.store.helpers import book
from topicloom.store.files import digest_file


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
